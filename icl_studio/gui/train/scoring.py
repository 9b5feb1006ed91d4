"""What is known of a finished adapter's worth, and the evaluation that finds out.

Everything here blocks and is called in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...domain.model import AdapterUse
from ...engines.protocol import EngineOptions
from ...errors import NotFound
from ...evaluate.asking import DEFAULT_COUNT, Agreed, Ask, agree
from ...evaluate.kept import Scores, kept_reports, scores_of
from ...evaluate.report import Report
from ...models.find import find_model
from ...paths import UserFolders
from ...plugins import Registry
from ...queue import control
from ...queue.evaluating import EvaluateBrief, evaluate_job
from ...queue.job import JobRow, NewJob
from ...queue.store import Filter, Progress, Store
from ...settings import Settings
from ...training.record import RunRecord
from ..texts import tr

SETS: Final = DEFAULT_COUNT
"""Sets that are drawn of each, as many as the command line draws."""


@dataclass(frozen=True)
class Scored:
    """``job`` is an evaluation under way, ``why_not`` why there can be none, ``failed`` its error.

    ``progress`` is how far the job is, None while it waits; ``of_base`` whether it is the base's.
    """

    scores: Scores | None = None
    job: JobRow | None = None
    progress: Progress | None = None
    of_base: bool = False
    why_not: str = ""
    failed: str = ""

    @property
    def whole(self) -> bool:
        """Whether adapter and base were both evaluated, over the same requests."""
        return self.scores is not None and self.scores.base is not None


def group_of(folder: Path) -> str:
    """The group in the queue of a run's evaluations."""
    return f"evaluate {folder.name}"[:120]


def scored(
    store: Store, registry: Registry, folders: UserFolders, folder: Path, record: RunRecord
) -> Scored | None:
    """What is known of the adapter of a finished run; None before it stands."""
    if record.state != "done" or record.result is None:
        return None
    jobs = store.page(Filter(kind="evaluate", group=group_of(folder)), order="newest")
    under_way = [job for job in jobs if job.state in ("running", "waiting", "paused")]
    job = min(under_way, key=lambda job: job.state != "running", default=None)
    failed = [job.error.message for job in jobs if job.error is not None and not under_way]
    return Scored(
        scores=scores_of(record.result, folders),
        job=job,
        progress=store.progress().get(job.id) if job is not None else None,
        of_base=job is not None and _is_of_base(store, job),
        why_not=why_not(registry, record),
        failed=failed[0] if failed else "",
    )


def _is_of_base(store: Store, job: JobRow) -> bool:
    brief = store.get(job.id).brief
    return isinstance(brief, EvaluateBrief) and not brief.ask.adapters


def why_not(registry: Registry, record: RunRecord) -> str:
    """Why this window cannot have the adapter judged by itself; empty if it can."""
    try:
        model = find_model(record.model, registry)
    except NotFound as error:
        return error.message
    able = [metric for metric in registry.metrics.values() if metric.family == model.family]
    if not able:
        return tr(
            "No metric reads pictures of {model} by itself: the oracle knows the embedded model's "
            "world only. icl-studio evaluate --metric judges with models that you name.",
            model=model.title,
        )
    missing = ", ".join(name for metric in able for name in metric.missing())
    return tr("The metric needs {what}, which is not installed.", what=missing) if missing else ""


def plan(
    registry: Registry,
    folders: UserFolders,
    settings: Settings,
    folder: Path,
    record: RunRecord,
    count: int | None = None,
) -> list[NewJob]:
    """Jobs that evaluate the base, where that was not done yet, and the adapter of a run.

    Over the same held-out requests and seeds. Raises what
    :func:`~icl_studio.evaluate.asking.agree` raises: a task that the metric cannot read.
    """
    assert record.result is not None
    use = AdapterUse(source=str(record.result))
    options = EngineOptions(device=settings.device, dtype=settings.dtype, memory=settings.memory)
    jobs = []
    agreed = None
    for adapters in ((), (use,)):
        ask = Ask(
            model=record.model,
            task=record.task,
            count=count or SETS,
            adapters=adapters,
            engine=settings.engine or "auto",
            options=options,
        )
        agreed = agreed or agree(ask, registry, folders)
        if adapters or not _stands(agreed, ask.seed, folders):
            jobs.append(evaluate_job(ask, folders, group=group_of(folder))[0])
    return jobs


def _stands(agreed: Agreed, seed: int, folders: UserFolders) -> bool:
    """Whether the base was evaluated over these very requests."""
    steps = (agreed.model.sampling or agreed.task.sampling).steps

    def same(report: Report) -> bool:
        facts = (report.task, report.model, report.seed, report.steps, report.requests)
        asked = (agreed.task.id, agreed.model.id, seed, steps, agreed.source)
        return not report.adapters and facts == asked and report.asked == len(agreed.drafts)

    return any(map(same, kept_reports(folders)))


def enqueue(store: Store, folder: Path, jobs: list[NewJob]) -> None:
    """Queue ``jobs``; what of an earlier try failed or was called off is tried again instead."""
    rows = store.page(Filter(kind="evaluate", group=group_of(folder)))
    broken = [row.id for row in rows if row.state in ("failed", "cancelled", "quarantined")]
    paused = [row.id for row in rows if row.state == "paused"]
    if broken:
        control.retry(store, broken)
    if paused:
        control.resume(store, paused)
    if not broken and not any(row.state in ("waiting", "running", "paused") for row in rows):
        store.add(jobs)
