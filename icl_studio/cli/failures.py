"""How an error is told: to people on stderr, to machines as JSON, to us in a log file."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from ..crashlog import write_log
from ..paths import DEBUG_VARIABLE, switched_on

OURS, THEIRS, STOPPED = 1, 2, 130
_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


def report(error: BaseException, argv: Sequence[str]) -> int:
    """Tell the user of ``error``; the exit code it stands for."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else OURS if error.code else 0
    if isinstance(error, BrokenPipeError):
        return OURS  # the reader of our output has gone: nobody to tell
    as_json = "--json" in argv
    if switched_on(DEBUG_VARIABLE):
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort) or _is_cancelled(error):
        _tell(error_json(error), as_json)
        return STOPPED
    told = _as_user_error(error)
    if told is not None:
        _tell(told, as_json)
        return THEIRS
    log = write_log(error, argv)
    _tell(_as_internal_error(error, log) | {"log": str(log) if log else ""}, as_json)
    return OURS


def error_json(error: BaseException) -> dict[str, Any]:
    """``error`` as ``--json`` tells it: always type, message, problems and fix.

    An error of ours that ends the program has the path of its ``log`` as well.
    """
    if isinstance(error, KeyboardInterrupt | typer.Abort) or _is_cancelled(error):
        return _told("Cancelled", "Stopped; nothing is left half done.")
    return _as_user_error(error) or _told(type(error).__name__, str(error))


def _told(
    kind: str, message: str, fix: str = "", problems: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    return {"type": kind, "message": message, "problems": list(problems), "fix": fix}


def _is_cancelled(error: BaseException) -> bool:
    from ..errors import JobCancelled

    return isinstance(error, JobCancelled)


def _as_user_error(error: BaseException) -> dict[str, Any] | None:
    """``error`` as data if it is the user's to mend, else None."""
    from ..errors import UserError

    if isinstance(error, UserError):
        problems = [problem.model_dump() for problem in error.problems]
        return _told(type(error).__name__, error.message, error.fix, problems)
    if hasattr(error, "format_message"):  # typer's usage errors have no public base class
        context = getattr(error, "ctx", None)
        fix = f"Run '{context.command_path} --help' to see how it is used." if context else ""
        return _told("UsageError", error.format_message(), fix)
    if isinstance(error, OSError) and error.errno in _STORAGE:
        place = error.filename or "a file"
        fix = "Free some space or choose another folder, and check that you may write there."
        return _told("StorageProblem", f"{place}: {error.strerror}.", fix)
    return None


def _as_internal_error(error: BaseException, log: Path | None) -> dict[str, Any]:
    """What is said of an error of ours: what it was and where its details are."""
    where = f"Details are in {log}." if log else "No log could be written."
    return {
        "type": type(error).__name__,
        "message": f"Something of ours went wrong: {str(error) or type(error).__name__}",
        "fix": f"{where} Please report it together with that file." if log else where,
        "log": str(log) if log else None,
    }


def _tell(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        from .console import emit_json

        emit_json({"error": told})
        return
    from rich.text import Text

    from .console import err

    err.print(Text.assemble(("Error: ", "bold red"), told["message"]), soft_wrap=True)
    for problem in told.get("problems", ()):
        place = f"{problem['where']}: " if problem["where"] else ""
        line = f"{place}{problem['what']} {problem['fix']}".rstrip()
        err.print(Text(f"  - {line}"), soft_wrap=True)
    if told.get("fix"):
        err.print(Text(told["fix"], style="cyan"), soft_wrap=True)
