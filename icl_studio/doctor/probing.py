"""Asking a heavy library about itself in a short child process, so that ours never imports it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


class Unanswered(Exception):
    """A library that could not say; ``str()`` is why, to follow a name and "but"."""


def ask(script: str, *arguments: str, seconds: float, who: str = "it") -> dict[str, Any]:
    """What ``script`` prints as its last line (JSON) in a child Python, at most ``seconds``.

    ``who`` begins the sentence. Raises :class:`Unanswered`.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", script, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise Unanswered(f"{who} did not answer within {seconds:g} seconds") from None
    except (IndexError, ValueError):
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise Unanswered(f"{who} cannot be loaded: {last[0]}") from None
    except OSError as error:
        raise Unanswered(f"Python could not be started: {error}") from None
    return found
