"""Events travel as JSON, one a line, and arrive as what they were."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from icl_studio.domain.events import (
    EVENTS,
    Cancelled,
    Failed,
    Final,
    Finished,
    Notice,
    Progress,
    Started,
)
from icl_studio.domain.problems import Problem

EXAMPLES = [
    Started(job="1", engine="torch", device="cpu", dtype="float32"),
    Progress(job="1", phase="denoise", step=3, total=20, eta=1.5, preview="/tmp/ü 🦊/p.png"),
    Progress(job="1", phase="load", step=0, total=0),
    Notice(job="1", message="two\nlines"),
    Finished(job="1", folder="sets/a", seconds={"encode": 0.1, "denoise": 2.0}),
    Failed(
        job="1",
        error="AdapterRejected",
        message="no",
        fix="yes",
        problems=(Problem(where="key", what="is foreign."),),
        mendable=True,
    ),
    Cancelled(job="1"),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_an_event_is_one_line_and_comes_back_as_itself(event):
    line = EVENTS.dump_json(event)
    assert b"\n" not in line
    back = EVENTS.validate_json(line)
    assert back == event
    assert type(back) is type(event)


def test_every_kind_of_event_is_tried_here():
    assert {type(event) for event in EXAMPLES} >= set(Final.__args__) | {Started, Progress, Notice}


@pytest.mark.parametrize(
    "line",
    [
        b'{"v": 2, "type": "cancelled", "job": "1"}',
        b'{"v": 1, "type": "exploded", "job": "1"}',
        b'{"v": 1, "type": "cancelled"}',
        b'{"v": 1, "type": "cancelled", "job": "1", "extra": 0}',
        b'{"v": 1, "type": "progress", "job": "1", "phase": "nap", "step": 0, "total": 1}',
        b'{"v": 1, "type": "progress", "job": "1", "phase": "load", "step": -1, "total": 1}',
        b"not json",
    ],
)
def test_a_line_from_another_version_or_none_is_refused(line: bytes):
    with pytest.raises(ValidationError):
        EVENTS.validate_json(line)
