"""What the page says of jobs and of the queue: sentences, and the action that mends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ...queue.history import Estimate
from ...queue.job import JobRow, now
from ...queue.states import State
from ...queue.store import Progress
from ...queue.undo import TakenBack
from ..texts import clock, tr, trn

Act = Literal["retry", "edit", "resume"]

TO_EDIT = ("RequestInvalid", "CaptionInvalid", "LayoutInvalid", "AdapterRejected", "NotFound",
           "OutOfMemory")  # fmt: skip
"""Errors that come again unless the request is another one."""


class Mend(NamedTuple):
    """What helps a job on: the action, and the button's words."""

    act: Act
    words: str


def mend_for(row: JobRow) -> Mend | None:
    """The one action that helps ``row``; None where nothing is wrong with it."""
    if row.state == "paused":
        return Mend("resume", tr("Resume"))
    if row.state in ("cancelled", "quarantined"):
        return Mend("retry", tr("Try again"))
    if row.state != "failed":
        return None
    if row.kind == "generate" and row.error is not None and row.error.type in TO_EDIT:
        return Mend("edit", tr("Change it"))
    return Mend("retry", tr("Try again"))


def title(row: JobRow) -> str:
    """What a job makes, in its author's words."""
    return row.name or row.summary or tr("{kind} of {task}", kind=row.kind, task=row.task)


def second_line(row: JobRow) -> str:
    """What is wrong with it; else where it comes from."""
    if row.state in ("failed", "quarantined") and row.error is not None:
        problems = " ".join(" ".join(problem.values()) for problem in row.error.problems)
        return " ".join(f"{row.error.message} {problems} {row.error.fix}".split())
    if row.blocked_by:
        return tr("waits for {job}", job=row.blocked_by)
    parts = [row.task, row.model]
    if row.kind == "generate":
        parts.append(tr("seed {seed}", seed=row.seed))
    if row.group:
        parts.append(row.group)
    return " · ".join(part for part in parts if part)


def state_words(row: JobRow) -> str:
    """The state, with a wish that is still under way."""
    if row.wish:
        return tr("stopping")
    if row.state == "waiting" and row.not_before and row.not_before > now():
        until = datetime.fromtimestamp(row.not_before / 1000)
        return tr("held until {time}", time=f"{until:%H:%M}")
    words: dict[State, str] = {
        "waiting": tr("waiting"),
        "paused": tr("paused"),
        "running": tr("running"),
        "done": tr("done"),
        "failed": tr("failed"),
        "cancelled": tr("called off"),
        "quarantined": tr("set aside"),
    }
    return words[row.state]


def progress_words(row: JobRow, progress: Progress | None) -> str:
    """How far a running job is, how long a done one took."""
    if row.state == "running" and progress is not None:
        doing = phase_words(progress.phase)
        said = tr("{doing}, {n} of {total}", doing=doing, n=progress.step, total=progress.total)
        if progress.eta is None:
            return said
        return tr("{said}, about {time} left", said=said, time=clock(progress.eta))
    if row.state == "done" and row.seconds:
        return clock(row.seconds)
    return ""


def phase_words(phase: str) -> str:
    """What a worker does, as people say it."""
    words = {
        "load": tr("Loading"),
        "encode": tr("Reading"),
        "denoise": tr("Drawing"),
        "decode": tr("Developing"),
        "save": tr("Saving"),
        "sample": tr("Sampling"),
        "caption": tr("Captioning"),
        "cache": tr("Preparing"),
    }
    return words.get(phase, phase)


def kept_words(taken: TakenBack) -> str:
    """Which retries could not be taken back, and why; empty where all were."""
    states = list(taken.kept.values())
    begun = sum(state in ("running", "done") for state in states)
    other = len(states) - begun
    parts = []
    if begun:
        parts.append(
            trn(
                "{n} job has been taken by a worker since and cannot be taken back.",
                "{n} jobs have been taken by a worker since and cannot be taken back.",
                begun,
            )
        )
    if other:
        parts.append(
            trn(
                "{n} job has changed since and stays as it is.",
                "{n} jobs have changed since and stay as they are.",
                other,
            )
        )
    return " ".join(parts)


def part_done(row: JobRow, progress: Progress | None) -> float | None:
    """0 to 1 for a running job that draws, None for any other."""
    if row.state != "running" or progress is None or not progress.total:
        return None
    return progress.step / progress.total if progress.phase != "load" else 0.0


def headline(
    counts: Mapping[State, int], expected: Estimate | None, left: float, at: datetime
) -> str:
    """``37 of 200 sets · 2 failed · done about 06:40``; ``left`` are the seconds of what runs."""
    total = sum(counts.values()) - counts.get("cancelled", 0)
    if not total:
        return ""
    done, failed = counts.get("done", 0), counts.get("failed", 0) + counts.get("quarantined", 0)
    parts = [trn("{done} of {n} job", "{done} of {n} jobs", total, done=f"{done:,}")]
    if failed:
        parts.append(tr("{n:,} failed", n=failed))
    waiting = counts.get("waiting", 0) + counts.get("running", 0)
    if waiting and expected is not None:
        seconds = expected.seconds + left
        if expected.unknown:
            parts.append(tr("{n:,} not timed yet", n=expected.unknown))
        if seconds:
            end = at + timedelta(seconds=seconds)
            parts.append(tr("done about {time}", time=f"{end:%H:%M}"))
    return " · ".join(parts)
