"""``icl-studio plugins``: what is installed and how it fares; for authors `new` and `check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import AppContext, JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from ..plugins import PluginInfo
    from ..plugins.check import CheckReport

app = typer.Typer(
    help="List, check, create, switch on or off the plugins.",
    no_args_is_help=True,
    add_completion=False,
)
_STYLES = {"ok": "green", "disabled": "dim", "broken": "red", "error": "red", "warning": "yellow"}
Name = Annotated[str, typer.Argument(help="As `plugins list` shows it.")]


@app.command("list")
def list_plugins(as_json: JsonOption = False) -> None:
    """List all plugins and task files: what they add, or what is wrong and what mends it."""
    app_context = context()
    plugins = app_context.registry.plugins
    if as_json:
        emit_json({"plugins": [_as_json(info) for info in plugins]})
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("plugin", "version", "state", "adds", box=None, pad_edge=False)
    for info in plugins:
        origin = info.distribution if info.distribution != info.name else ""
        table.add_row(
            Text.assemble(info.name, (f"\n{origin}" if origin else "", "dim")),
            info.version,
            Text(info.state, style=_STYLES[info.state]),
            Text(", ".join(info.provides) or "nothing"),
        )
    out.print(table)
    for info in plugins:
        if info.state != "ok":
            out.print(Text(f"\n{info.name}: {info.error}", style=_STYLES[info.state]))
            out.print(Text(info.fix))
    out.print(Text(f"\nTask files lie in {app_context.folders.tasks}", style="dim"))


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A plugin's folder, its wheel, or a task file.")],
    run: Annotated[
        bool, typer.Option("--run", help="Also load it, in a Python process of its own.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Examine a plugin before it is installed; without --run nothing of it is executed."""
    from ..paths import expanded
    from ..plugins.check import check_plugin

    path = expanded(path)
    if path.suffix.lower() == ".json" and path.is_file():
        _check_task_file(path, as_json)
        return

    report = check_plugin(path, run=run)
    if as_json:
        emit_json({**report.model_dump(mode="json"), "accepted": report.accepted})
    else:
        _print_report(report)
    if not report.accepted:
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits, hyphens: mood-board.")],
    to: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a complete plugin to start from: one task, its test, its README."""
    from ..errors import PluginProblem
    from ..paths import expanded
    from ..plugins.scaffold import new_plugin

    if name in context().registry.tasks:
        raise PluginProblem(
            f"There is a task called {name!r} already.", fix=f"Use {f'my-{name}'!r}."
        )
    folder = new_plugin(name, expanded(to))
    if as_json:
        emit_json({"folder": folder.absolute(), "name": name})
        return
    out.print(f"{folder} is a complete plugin with one task, {name}.", markup=False)
    out.print(f'Next: pip install -e "{folder}"', markup=False)
    out.print(f"      icl-studio tasks {name}", markup=False)


@app.command()
def enable(name: Name, as_json: JsonOption = False) -> None:
    """Load this plugin again: after `disable`, or after it took the program down."""
    from ..plugins.guard import LoadGuard
    from ..settings import save_setting

    here = context()
    disabled = here.settings.disabled_plugins
    trusted = LoadGuard(here.folders.cache).trust(name)
    if name in disabled:
        save_setting(here.folders, "disabled_plugins", [n for n in disabled if n != name])
    elif not trusted:
        _must_exist(here, name)
        _tell(name, True, f"{name} was enabled already.", as_json)
        return
    _tell(name, True, f"{name} is enabled from the next start on.", as_json)


@app.command()
def disable(name: Name, as_json: JsonOption = False) -> None:
    """Keep this plugin installed, but do not load it."""
    from ..settings import save_setting

    here = context()
    disabled = here.settings.disabled_plugins
    if name in disabled:
        _tell(name, False, f"{name} was disabled already.", as_json)
        return
    _must_exist(here, name)
    save_setting(here.folders, "disabled_plugins", sorted({*disabled, name}))
    told = f"{name} is disabled; `icl-studio plugins enable {name}` brings it back."
    _tell(name, False, told, as_json)


def _tell(name: str, enabled: bool, told: str, as_json: bool) -> None:
    if as_json:
        emit_json({"plugin": name, "enabled": enabled})
    else:
        out.print(told, markup=False)


def _must_exist(here: AppContext, name: str) -> None:
    """Raise ``NotFound`` unless a plugin or task file of that name is there; loads nothing."""
    import contextlib
    import difflib

    from ..errors import NotFound
    from ..plugins.discovery import candidates, installed
    from ..plugins.user_tasks import task_files

    known = [candidate.info.name for candidate in candidates(installed()[0])]
    with contextlib.suppress(OSError):  # `plugins list` says so of a folder that is closed
        known += [file.name for file in task_files(here.folders.tasks)]
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    raise NotFound(
        f"There is no plugin called {name!r}.",
        fix=f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}.",
    )


def _as_json(info: PluginInfo) -> dict[str, object]:
    return {**info.model_dump(mode="json"), "error": info.error, "fix": info.fix}


def _check_task_file(path: Path, as_json: bool) -> None:
    from ..domain.task import TaskSpec
    from ..errors import PluginProblem
    from ..plugins.user_tasks import read_task_file

    found = read_task_file(path)
    if not isinstance(found, TaskSpec):
        raise PluginProblem(f"{path} is not a sound task.", problems=found)
    owner = _owner(path, found.id)
    if owner:
        raise PluginProblem(
            f"{path} is a sound task, but its id {found.id!r} is taken by {owner}; it would be "
            "left out.",
            fix=f"Give it another id, such as {f'my-{found.id}'!r}.",
        )
    if as_json:
        emit_json({"path": path, "task": found.id, "accepted": True})
    else:
        out.print(f"{path} is a sound task: {found.id}, {found.title}.", markup=False)


def _owner(path: Path, task: str) -> str:
    """Who has the task id already, other than the file at ``path`` itself; empty for nobody."""
    for info in context().registry.plugins:
        if f"task {task}" in info.provides and Path(info.module).absolute() != path.absolute():
            return info.label
    return ""


def _print_report(report: CheckReport) -> None:
    from rich.text import Text

    out.print(Text(f"{report.name} {report.version}".strip() or str(report.path), style="bold"))
    for name, value in report.entry_points.items():
        out.print(f"entry point {name} = {value}", markup=False)
    for file in report.files:
        out.print(Text(f"  {file}", style="dim"))
    for finding in report.findings:
        label = (f"{finding.level}: ", _STYLES[finding.level])
        out.print(Text.assemble(label, f"{finding.where}: {finding.what} {finding.fix}"))
    for info in report.loaded or ():
        out.print(f"loaded {info.name}: {', '.join(info.provides) or 'nothing'}", markup=False)
    verdict = ("accepted", "green") if report.accepted else ("not accepted", "red")
    out.print(Text.assemble(verdict))
