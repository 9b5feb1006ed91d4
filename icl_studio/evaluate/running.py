"""An evaluation from end to end: requests, sets, judgements, figures.

Sets are kept in a folder of their own and found again: one that stands already, made by the same
weights from the same request, is not made twice. So what Ctrl-C interrupted goes on where it was.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..domain.caption import CaptionParts
from ..domain.events import Event
from ..domain.request import MAX_SEED, build_request
from ..engines.metrics import DrawnSet, Score
from ..errors import JobCancelled
from ..generate.asking import counter_if_here
from ..generate.planning import Place, plan
from ..generate.running import Outcome, run
from ..models.locate import DownloadProgress
from ..paths import UserFolders
from ..plugins import Registry
from ..sets.record import member, read_record
from ..worker.protocol import GenerateJob
from .asking import Agreed, Ask
from .judging import Judged, judge
from .report import JudgedSet, Report, figures, overall, worst_first


class Watch:
    """Who wants to know how far an evaluation is; every method may be left as it is."""

    def downloading(self, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of a model or LoRA are here."""

    def expect(self, jobs: Sequence[GenerateJob]) -> None:
        """These sets will be made."""

    def on_event(self, event: Event) -> None:
        """A worker says how far it is."""

    def stopping(self) -> None:
        """Ctrl-C was heard while sets were made."""

    def judging(self, done: int, total: int) -> None:
        """``done`` of ``total`` judgements (sets times metrics) have been made."""

    def idle(self) -> None:
        """Nothing is said while sets are judged; what this raises ends it."""


Maker = Callable[[Sequence[GenerateJob]], Outcome]
"""Has sets made; what became of them."""


def evaluate(
    ask: Ask,
    agreed: Agreed,
    registry: Registry,
    folders: UserFolders,
    watch: Watch,
    maker: Maker | None = None,
) -> tuple[Report, list[JudgedSet]]:
    """Make the sets, have them judged, and sum it up; the judged sets come worst first.

    ``maker`` has the sets made, instead of a worker of our own.

    Ctrl-C ends the making, or the judging, and what is finished is summed up (``stopped``).
    Raises what planning raises, the first failure when no set could be made at all,
    ``JobCancelled`` when nothing had been finished, and what a metric raises.
    """
    began = time.monotonic()
    out = ask.out or folders.data / "evaluations" / agreed.task.id
    jobs = plan_sets(ask, agreed, registry, folders, out, watch.downloading)
    watch.expect(jobs)
    if maker is not None:
        outcome = maker(jobs)
    else:
        outcome = run(
            jobs, folders, watch.on_event, batch=max(1, ask.batch), on_stop=watch.stopping
        )
    if not outcome.made:
        raise outcome.error or JobCancelled("nothing was finished")
    drawn = drawn_sets(agreed, jobs, outcome)
    made = time.monotonic()
    judged, reports, interrupted = _judged(agreed, drawn, jobs[0].model.folder, folders, watch)
    if not judged:
        raise JobCancelled("no set had been judged yet")
    ended = time.monotonic()
    report = _sum_up(
        ask,
        agreed,
        jobs,
        judged,
        metrics=reports,
        seconds={"making": round(made - began, 2), "judging": round(ended - made, 2)},
        stopped=interrupted or bool(outcome.cancelled),
        failed=tuple(dict.fromkeys(failed.message for _, failed in outcome.failed))
        + ((str(outcome.died),) if outcome.died else ()),
        folder=out.absolute(),
    )
    return report, worst_first(judged)


def plan_sets(
    ask: Ask,
    agreed: Agreed,
    registry: Registry,
    folders: UserFolders,
    out: Path,
    progress: DownloadProgress | None = None,
) -> tuple[GenerateJob, ...]:
    """One job per request, with ids that say what would be drawn by which files.

    Request i has the evaluation's seed plus i as its own.
    """
    counter = counter_if_here(agreed.model, folders)
    requests = [
        build_request(
            agreed.task,
            agreed.model,
            CaptionParts(summary=draft.summary, panels=draft.panels),
            counter=counter,
            adapters=ask.adapters,
            seed=(ask.seed + index) % (MAX_SEED + 1),
            steps=ask.steps,
            engine=ask.engine,
        )
        for index, draft in enumerate(agreed.drafts)
    ]
    place = Place(out=out, options=ask.options)
    jobs = plan(requests, registry, folders, place, progress)
    stamp = _stamp(jobs[0])
    return tuple(_named(job, stamp, index) for index, job in enumerate(jobs))


def _named(job: GenerateJob, stamp: str, index: int) -> GenerateJob:
    digest = hashlib.sha256(f"{job.request.digest}/{stamp}".encode()).hexdigest()[:20]
    folder = f"{index + 1:04}-eval-{digest}"
    return job.model_copy(update={"id": f"eval-{digest}", "folder_name": folder})


def _stamp(job: GenerateJob) -> str:
    """What tells the weights and settings of ``job`` from any others, without reading gigabytes."""
    facts: list[object] = [job.engine.model_dump(), job.options.model_dump()]
    files = sorted(path for path in job.model.folder.rglob("*") if path.is_file())
    for path in [*files, *(adapter.path for adapter in job.adapters)]:
        stat = path.stat()
        facts.append((str(path), stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def drawn_sets(
    agreed: Agreed, jobs: Sequence[GenerateJob], outcome: Outcome
) -> list[tuple[Path, int, DrawnSet]]:
    """Every finished set: its folder, its seed, and what metrics get to see of it."""
    drafts = {job.id: draft for job, draft in zip(jobs, agreed.drafts, strict=True)}
    found = []
    for job, end in outcome.made:
        folder = Path(end.folder)
        record = read_record(folder)
        drawn = DrawnSet(
            task=agreed.task.id,
            sheet=member(folder, record.sheet),
            panels=tuple(member(folder, panel.path) for panel in record.panels),
            draft=drafts[job.id],
        )
        found.append((folder, record.request.seed, drawn))
    return found


def _judged(
    agreed: Agreed,
    drawn: Sequence[tuple[Path, int, DrawnSet]],
    model: Path,
    folders: UserFolders,
    watch: Watch,
) -> tuple[list[JudgedSet], dict[str, dict[str, Any]], bool]:
    """What all metrics say, what they say of themselves, and whether Ctrl-C cut it short."""
    said: list[dict[str, tuple[Score, ...]]] = [{} for _ in drawn]
    reports: dict[str, dict[str, Any]] = {
        spec.id: {"title": spec.title} for spec, _ in agreed.metrics
    }
    total, done, interrupted = len(drawn) * len(agreed.metrics), 0, False
    watch.judging(0, total)
    metrics = [(s, o.model_copy(update={"model": model})) for s, o in agreed.metrics]
    answers = judge(metrics, [one for _, _, one in drawn], folders, watch.idle)
    try:
        for answer in answers:
            if isinstance(answer, Judged):
                said[answer.index][answer.metric] = answer.scores
                done += 1
                watch.judging(done, total)
            else:
                reports[answer.metric] |= answer.report
    except KeyboardInterrupt:
        interrupted = True
    finally:
        answers.close()  # type: ignore[attr-defined]
    judged = [
        JudgedSet(folder=folder, seed=seed, drawn=one, scores=scores)
        for (folder, seed, one), scores in zip(drawn, said, strict=True)
        if scores
    ]
    return judged, reports, interrupted


def _sum_up(
    ask: Ask,
    agreed: Agreed,
    jobs: Sequence[GenerateJob],
    judged: Sequence[JudgedSet],
    **facts: Any,
) -> Report:
    request = jobs[0].request
    return Report(
        task=agreed.task.id,
        n=len(judged),
        asked=len(jobs),
        seed=ask.seed,
        model=request.model,
        adapters=tuple(f"{use.source}:{use.weight:g}" for use in request.adapters),
        engine=jobs[0].engine.id,
        steps=request.sampling.steps,
        requests=agreed.source,
        adherence=figures(judged, "adherence", ask.seed),
        consistency=figures(judged, "consistency", ask.seed),
        diversity=figures(judged, "diversity", ask.seed),
        whole=figures(judged, "whole", ask.seed),
        overall=overall(judged, ask.seed),
        sets=tuple(
            {"folder": str(one.folder), "seed": one.seed, "goodness": round(one.goodness, 4)}
            for one in worst_first(judged)
        ),
        **facts,
    )
