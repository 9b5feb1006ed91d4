"""The command line's front door: a static table of commands, each imported when invoked.

``icl-studio --help`` loads typer and this module and nothing else: no plugin, no model
library, not even rich's tables (its help is plain text; the commands' own help is not).
This is also the one place that catches errors; how they are told is in
:mod:`icl_studio.cli.failures`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, TextIO

import typer
from typer.core import TyperGroup
from typer.main import get_command

from .. import __version__
from ..paths import DEBUG_VARIABLE, HOME_VARIABLE, SAFE_MODE_VARIABLE, expanded

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

PROGRAM: Final = "icl-studio"
INTERRUPTED: Final = 130

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("demo", "Make one example set with the embedded model and say where it lies."),
    "gui": ("gui", "Open the window: create, queue and look through sets."),
    "make": ("make", "Make a set: a shared description and one text per panel."),
    "queue": ("queue", "Queue sets from shot lists; each is made exactly once."),
    "tasks": ("tasks", "List the kinds of sets, or show how one is asked for."),
    "models": ("models", "List the base models: licence, size, whether they are here."),
    "plugins": ("plugins", "List, check, create, switch on or off the plugins."),
    "sets": ("sets", "Find, tag, assemble, delete and restore the sets you have made."),
    "crop": ("crop", "Cut a sheet that was made elsewhere into its panels."),
    "export": ("export", "Deliver panels and sheets: format, size, names, metadata."),
    "rate": ("rate", "Give a set stars, or pick or reject it."),
    "dataset": ("dataset", "Check, look at and import the sets that a task is tuned on."),
    "train": ("train", "Tune a LoRA for a task from a few dozen sets."),
    "lora": ("lora", "Say what a LoRA file is, or give one to a task."),
    "evaluate": ("evaluate", "Measure how good sets are, with 95 % intervals."),
    "engines": ("engines", "Export a model to a compiled engine; list and remove engines."),
    "verify": ("verify", "Make a set again and say whether it comes out the same."),
    "doctor": ("doctor", "Check this machine and say how to mend what is wrong."),
}
"""Name as typed, in the order of the help: (module in this package, one-line help)."""


class LazyGroup(TyperGroup):
    """A command group that knows its commands' names and imports only the one invoked."""

    def list_commands(self, ctx: Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name in COMMANDS:
            return load_command(cmd_name)
        near = get_close_matches(cmd_name, COMMANDS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Run '{PROGRAM} --help' for the list."
        return ctx.fail(f"There is no command {cmd_name!r}. {hint}")

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def load_command(name: str) -> Command:
    """The command ``name``, from its module's ``app`` (a group) or ``command`` (a function)."""
    module = import_module(f"{__package__}.{COMMANDS[name][0]}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command()(module.command)
    command = get_command(app)
    command.name = name
    return command


app = typer.Typer(cls=LazyGroup, add_completion=False, rich_markup_mode=None)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ICL Studio {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    safe_mode: Annotated[
        bool, typer.Option("--safe-mode", help="Load only the plugins that ship with ICL Studio.")
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option(help="Keep settings, sets and all user data in this folder."),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback with every error.")
    ] = False,
) -> None:
    """Sets of pictures that belong together, made with In-Context LoRA.

    Start with 'icl-studio demo'. Every command explains itself: 'icl-studio make --help'.
    """
    # The environment carries these to the worker process too; main() puts it back.
    if home is not None:
        os.environ[HOME_VARIABLE] = str(expanded(home).absolute())
    if safe_mode:
        os.environ[SAFE_MODE_VARIABLE] = "1"
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0: done; 1: an error of ours (a log is written, its path printed) or a check that
    found something; 2: something the user can mend; 3: ``verify`` found a change; 130:
    stopped with Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    with _environment_put_back():
        try:
            _check_text(arguments)
            code = _run(arguments)
        except BaseException as error:  # noqa: BLE001 - the one place; SystemExit and Ctrl-C too
            from .failures import report

            code = report(error, arguments)
        return _finish(code)


def program() -> NoReturn:
    """The console script: :func:`main` as a process of its own.

    A second Ctrl-C may arrive while Python ends, when the system's own handler is back: it
    must not turn the exit code 130 into a death by signal.
    """
    code = main()
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _check_text(arguments: list[str]) -> None:
    """Raise ``RequestInvalid`` for bytes that are no text: no record could hold them."""
    for argument in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in argument):
            from ..errors import RequestInvalid

            raise RequestInvalid(f"The argument {argument!r} is not valid text.", fix="Use UTF-8.")


def _run(arguments: list[str]) -> int:
    # Not typer's own main(): it prints errors and ends the process by itself.
    command = get_command(app)
    try:
        with command.make_context(PROGRAM, arguments) as ctx:
            result = command.invoke(ctx)
    except typer.Exit as ended:
        return ended.exit_code
    return result if isinstance(result, int) else 0


@contextmanager
def _environment_put_back() -> Iterator[None]:
    names = (HOME_VARIABLE, SAFE_MODE_VARIABLE, DEBUG_VARIABLE)
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _prepare_streams() -> None:
    """Make both streams take any text: a Windows pipe is cp1252, a closed stream is None."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere())
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _finish(code: int) -> int:
    """Flush; where the reader of our output has gone, end quietly instead of with a traceback."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # Python flushes again at exit, and would complain: give it a place to write to.
        sys.stdout = _nowhere()
        return code or 1
    return code


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
