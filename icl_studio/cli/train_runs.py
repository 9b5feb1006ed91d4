"""``train status`` and ``train sample``: runs that stand, and a word to the one that goes on."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from .console import AppContext, emit_json, out
from .queued import one_named, opened


def status(app: AppContext, run: Path | None, as_json: bool) -> None:
    """List the runs, or show the one in the folder ``run``."""
    from rich.table import Table

    from ..generate.training import runs_root
    from ..paths import expanded
    from ..queue.training import job_of_run
    from ..training.record import all_runs, read_run

    if run is not None:
        folder = expanded(run).absolute()
        found = [(folder, read_run(folder))]
    else:
        found = all_runs(runs_root(app.folders))
    with opened(app) as store:
        jobs = {folder: job_of_run(store, folder) for folder, _ in found}
    if as_json:
        runs = []
        for folder, record in found:
            job = jobs[folder]
            told = {"id": job.id, "state": job.state} if job else None
            runs.append({"folder": folder, **record.model_dump(mode="json"), "job": told})
        emit_json({"runs": runs})
        return
    table = Table("run", "task", "model", "state", "step", "", box=None, pad_edge=False)
    for folder, record in found:
        words = Text(f"{record.message} {record.fix}".strip() or str(record.result or ""))
        steps = f"{record.step} of {record.total}"
        job = jobs[folder]
        state = f"{record.state}, {job.state} in the queue" if job else record.state
        table.add_row(Text(str(folder)), record.task, record.model, state, steps, words)
    out.print(table if found else "There are no training runs yet.")


def sample(app: AppContext, run: Path | None, as_json: bool) -> None:
    """Have ``run``, a folder or a job, draw its samples; None is the one that is trained."""
    from ..training.sampling import ask_for_samples

    folder = _running(app) if run is None else _run_of(app, run)
    record = ask_for_samples(folder)
    if as_json:
        emit_json({"run": folder, "step": record.step, "samples": folder / "samples"})
    else:
        out.print(
            Text(f"Asked for after step {record.step}; the sheets go to {folder / 'samples'}"),
            soft_wrap=True,
        )


def _running(app: AppContext) -> Path:
    """The one run that is trained now; raises ``UserError`` for none or several."""
    from ..errors import NotFound, RequestInvalid
    from ..generate.training import runs_root
    from ..training.record import all_runs

    found = [f for f, record in all_runs(runs_root(app.folders)) if record.state == "running"]
    if not found:
        raise NotFound(
            "No run is being trained.", fix="`icl-studio train status` lists the runs there are."
        )
    if len(found) > 1:
        raise RequestInvalid(
            f"{len(found)} runs are being trained: {', '.join(map(str, found))}.",
            fix="Name one: icl-studio train sample RUN",
        )
    return found[0]


def _run_of(app: AppContext, named: Path) -> Path:
    """The folder of the run that ``named`` is, or whose job in the queue it is."""
    from ..errors import NotFound
    from ..paths import expanded
    from ..queue.training import TrainBrief

    folder = expanded(named).absolute()
    if folder.is_dir() or len(named.parts) > 1:
        return folder
    with opened(app) as store:
        job = store.get(one_named(store, str(named)))
    if not isinstance(job.brief, TrainBrief):
        raise NotFound(
            f"The job {job.id} trains nothing; it is of the kind {job.kind}.",
            fix="`icl-studio train status` lists the runs.",
        )
    return job.brief.folder
