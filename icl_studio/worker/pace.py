"""How long the rest takes, learnt from the steps done so far in this worker."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Work:
    """Denoising that lies ahead: sheets of ``tokens`` image tokens, ``steps`` steps each."""

    steps: int
    tokens: int
    sheets: int = 1


class Pace:
    """Seconds per token and step (median of the last ones), and per sheet for the rest.

    A step's time is taken as proportional to its tokens; attention grows faster than
    that, so the estimate is somewhat off only while a larger canvas waits behind a smaller.
    """

    def __init__(self) -> None:
        self._rates: deque[float] = deque(maxlen=9)
        self._finish = 0.0

    def step_took(self, seconds: float, tokens: int, sheets: int) -> None:
        """One denoising step of ``sheets`` sheets at once took ``seconds``."""
        self._rates.append(seconds / max(1, tokens * sheets))

    def sheet_took(self, seconds: float) -> None:
        """Decoding and saving one sheet took ``seconds``."""
        self._finish = seconds

    def seconds(self, *work: Work) -> float | None:
        """Seconds for all of ``work``, decoding and saving included; None before any step."""
        if not self._rates:
            return None
        rate = median(self._rates)
        return sum(w.sheets * (w.steps * w.tokens * rate + self._finish) for w in work)
