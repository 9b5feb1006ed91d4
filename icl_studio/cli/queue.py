"""``icl-studio queue``: jobs that survive the night; its commands, and what they share."""

from __future__ import annotations

import typer

from .queue_add import add, template
from .queue_change import (
    cancel_jobs,
    clear_jobs,
    duplicate_jobs,
    edit_job,
    move_jobs,
    pause_jobs,
    resume_jobs,
    retry_jobs,
)
from .queue_run import preflight, run
from .queue_show import grid, list_jobs, log_of, show, stats

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def _group() -> None:
    """Queue sets from shot lists and make each exactly once, whatever happens."""


app.command("add")(add)
app.command("template")(template)
app.command("preflight")(preflight)
app.command("run")(run)
app.command("list")(list_jobs)
app.command("show")(show)
app.command("log")(log_of)
app.command("stats")(stats)
app.command("grid")(grid)
app.command("pause")(pause_jobs)
app.command("resume")(resume_jobs)
app.command("cancel")(cancel_jobs)
app.command("retry")(retry_jobs)
app.command("edit")(edit_job)
app.command("move")(move_jobs)
app.command("duplicate")(duplicate_jobs)
app.command("clear")(clear_jobs)
