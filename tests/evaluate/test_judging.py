"""What a metric's process says is heard whole, and what is no score is refused."""

from __future__ import annotations

import subprocess
import sys
import threading
from queue import SimpleQueue
from typing import Any

import pytest
from pydantic import ValidationError

from icl_studio.engines.metrics import Score
from icl_studio.evaluate.judging import _next


def test_what_was_said_before_the_end_is_heard_however_late_it_is_read() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    process.communicate()
    heard: SimpleQueue[bytes] = SimpleQueue()
    late = threading.Timer(0.6, heard.put, [b"last words"])  # a busy machine
    late.start()
    assert _next(process, heard) == b"last words"
    late.join()


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": 0.5, "share": True},
        {"value": 7.0, "share": True},
        {"value": 1.0, "chance": float("nan")},
        {"value": 1.0, "sure": 1.5},
    ],
)
def test_a_score_that_would_spoil_a_mean_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Score(about="adherence", name="scene", **wrong)
