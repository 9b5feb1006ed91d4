"""What ``queue run`` and ``queue preflight`` tell, to people and to machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from .console import emit_json, err, out

if TYPE_CHECKING:
    from ..queue.preflight import Preflight
    from ..queue.running import Report
    from ..queue.store import Store


def tell_report(store: Store, report: Report, as_json: bool) -> int:
    """Print what became of the run; the exit code."""
    from ..errors import StorageProblem
    from .making import STOPPED

    if report.failure is not None:
        raise report.failure
    done = [store.get(id) for id in report.done]
    made = [str(job.folder) for job in done if job.kind == "generate"]
    stuck = not report.stopped and report.left["waiting"] > 0
    if as_json:
        told: dict[str, Any] = {
            "done": report.done,
            "found": {id: str(folder) for id, folder in report.found.items()},
            "failed": report.failed,
            "cancelled": report.cancelled,
            "sets": made,
            "left": dict(report.left),
            "closed": {str(folder): error for folder, error in report.closed.items()},
        }
        emit_json(told)
    else:
        _tell_people(report, len(made), stuck)
    if report.stopped:
        return STOPPED
    if report.closed:
        if not as_json:
            folder, error = next(iter(report.closed.items()))
            raise StorageProblem(
                f"Nothing can be saved in {folder}: {error.message} Its jobs wait.", fix=error.fix
            )
        return 2
    return int(bool(report.failed or stuck))


def _tell_people(report: Report, sets: int, stuck: bool) -> None:
    for id, error in report.failed.items():
        err.print(Text.assemble((f"{id}: ", "bold red"), error.message), soft_wrap=True)
        if error.fix:
            err.print(Text(f"  {error.fix}", style="cyan"), soft_wrap=True)
    parts = [f"{sets} sets made", f"{len(report.failed)} failed"]
    if len(report.done) > sets:
        others = len(report.done) - sets
        parts.insert(1, f"{others} other job{'s' if others > 1 else ''} done")
    if report.cancelled:
        parts.append(f"{len(report.cancelled)} cancelled")
    if report.found:
        parts.append(f"{len(report.found)} stood already")
    err.print(", ".join(parts) + ".")
    if report.stopped:
        err.print(f"Stopped: {report.left['waiting']} jobs wait for the next run.")
    elif stuck and not report.closed:
        err.print(
            f"{report.left['waiting']} jobs wait for others that are not done: "
            "see icl-studio queue list --state waiting"
        )


def tell_preflight(found: Preflight) -> None:
    """Print the table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    colour = {"ok": "green", "note": "yellow", "problem": "bold red"}
    for line in found.lines:
        told = f"{line.told} {line.fix}".strip()
        table.add_row(line.what, Text(line.state, style=colour[line.state]), escape(told))
    out.print(table)
