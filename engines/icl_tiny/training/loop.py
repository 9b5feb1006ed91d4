"""What every training stage shares: its clock, its log, its atomic checkpoint, averaged weights."""

import json
import random
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from icl_tiny.training.config import Budget

CHECKPOINT_SECONDS = 120.0


class Stateful(Protocol):
    """Anything a checkpoint keeps: models, optimizers, averages, generators."""

    def state_dict(self) -> Mapping[str, Any]:
        """Everything needed to go on exactly here."""

    def load_state_dict(self, state_dict: Any) -> Any:
        """Go back to what `state_dict` returned."""


class Dice:
    """The stage's two generators, Python's and torch's, kept together so that a resume is exact."""

    def __init__(self, seed: int) -> None:
        """Both start from `seed`."""
        self.python = random.Random(seed)
        self.torch = torch.Generator().manual_seed(seed)

    def state_dict(self) -> dict[str, Any]:
        """Both generators' states, as plain data and a byte tensor."""
        version, numbers, gauss = self.python.getstate()
        return {"python": [version, list(numbers), gauss], "torch": self.torch.get_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Both generators continue where they were."""
        version, numbers, gauss = state_dict["python"]
        self.python.setstate((version, tuple(numbers), gauss))
        self.torch.set_state(state_dict["torch"])


class Average:
    """An exponential moving average of a module's parameters (float32)."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        """Start at the parameters' present values."""
        self._names, parameters = zip(*module.named_parameters(), strict=True)
        self._live = list(parameters)
        self._mean = [p.detach().clone().float() for p in self._live]
        self._decay, self._count = decay, 0

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the live parameters; the first steps move faster."""
        self._count += 1
        decay = min(self._decay, (1 + self._count) / (10 + self._count))
        torch._foreach_lerp_(self._mean, [p.detach().float() for p in self._live], 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange live and averaged values; call it twice to come back."""
        for live, mean in zip(self._live, self._mean, strict=True):
            held = live.detach().clone()
            live.copy_(mean)
            mean.copy_(held)

    def state_dict(self) -> dict[str, Any]:
        """The averages by parameter name, and how many updates made them."""
        return {"count": self._count, "mean": dict(zip(self._names, self._mean, strict=True))}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over averages saved from a module of the same shape."""
        self._count = state_dict["count"]
        for name, mean in zip(self._names, self._mean, strict=True):
            mean.copy_(state_dict["mean"][name])


class SittingOver(Exception):
    """The time of this sitting is used up; the checkpoint is saved, the same command goes on."""


class StageLoop:
    """One stage's progress: `resume()`, then `while loop.running: ...; loop.step_done(loss)`."""

    def __init__(
        self,
        folder: Path,
        name: str,
        budget: Budget,
        parts: dict[str, Stateful],
        sitting_ends: float | None = None,
    ) -> None:
        """Files are `<folder>/<name>.ckpt` and `<folder>/<name>.jsonl`.

        At `sitting_ends`, a moment of `time.monotonic()`, `running` raises SittingOver.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.budget, self.parts = name, budget, parts
        self.checkpoint, self._log = folder / f"{name}.ckpt", folder / f"{name}.jsonl"
        self.step, self._seconds, self._reached = 0, 0.0, False
        self._sitting_ends = sitting_ends
        self._mark = self._saved = time.monotonic()
        self._losses: list[float] = []

    @property
    def seconds(self) -> float:
        """Time spent in this stage, earlier sittings included."""
        return self._seconds + time.monotonic() - self._mark

    @property
    def progress(self) -> float:
        """The share of the budget that is used, at most 1."""
        return min(1.0, self.budget.progress(self.seconds, self.step))

    @property
    def running(self) -> bool:
        """Whether to go on: there is budget left, and no target was reached.

        Saves the final checkpoint when it says no. Raises SittingOver, with a checkpoint saved,
        when only this sitting is over.
        """
        if self.progress >= 1.0 or self._reached:
            self.save()
            return False
        if self._sitting_ends is not None and time.monotonic() > self._sitting_ends:
            self.save()
            raise SittingOver(self.name)
        return True

    def target_reached(self) -> None:
        """The stage is good enough: it ends before its budget does."""
        self._reached = True
        self.note(event="target reached")

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; returns whether there was."""
        if not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        for key, part in self.parts.items():
            if key in state["parts"]:  # a recipe may have gained a part since
                part.load_state_dict(state["parts"][key])
        self.step, self._seconds, self._mark = state["step"], state["seconds"], time.monotonic()
        self.note(event="resumed")
        return True

    def step_done(self, loss: float, every: int = 50, **more: float | str) -> None:
        """Count a step, log the mean loss now and then, keep a checkpoint every two minutes."""
        self.step += 1
        self._losses.append(loss)
        if loss != loss:
            raise FloatingPointError(f"{self.name}: the loss became NaN at step {self.step}")
        if self.step % every == 0:
            mean = sum(self._losses) / len(self._losses)
            self._losses.clear()
            self.note(loss=round(mean, 5), **more)
        if time.monotonic() - self._saved > CHECKPOINT_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the checkpoint beside the old one, then put it in its place."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "parts": {key: part.state_dict() for key, part in self.parts.items()},
        }
        temporary = self.checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint)
        self._saved = time.monotonic()

    def note(self, **values: float | str) -> None:
        """Append one JSON line to the stage's log and to standard output."""
        line = json.dumps(
            {"stage": self.name, "step": self.step, "s": round(self.seconds), **values}
        )
        with self._log.open("a") as log:
            log.write(line + "\n")
        print(line, flush=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group `rate` times its own `scale` (1 where none is set)."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


def clip(parameters: Iterable[nn.Parameter], norm: float = 1.0) -> float:
    """Clip gradients to `norm` and return the norm they had."""
    return float(nn.utils.clip_grad_norm_(list(parameters), norm))
