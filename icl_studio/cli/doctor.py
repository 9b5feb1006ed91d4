"""``icl-studio doctor``: check this machine and say how to mend what is wrong."""

from __future__ import annotations

import typer

from .console import JsonOption, context, emit_json, err, out

SIGNS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


def command(as_json: JsonOption = False) -> None:
    """Check this machine: Python, torch, GPU, disk, folders, plugins, models.

    Exit code 1 if something stops sets from being made, else 0.
    """
    from rich.text import Text

    from ..doctor.check import Check
    from ..doctor.examine import examine

    app_context = context()
    checks: list[Check] = []
    with err.status("Looking at this machine ...") as status:
        for check in examine(app_context.folders, safe_mode=app_context.safe_mode):
            checks.append(check)
            status.update(f"Looked at {check.name}")
    fails = sum(check.state == "fail" for check in checks)
    if as_json:
        emit_json({"ok": not fails, "checks": checks})
    else:
        for check in checks:
            sign, style = SIGNS[check.state]
            out.print(Text.assemble((sign, style), f"  {check.name}: {check.what}"), soft_wrap=True)
            for line in check.fix.splitlines():
                out.print(Text(f"      {line}", style="cyan"), soft_wrap=True)
        warned = sum(check.state == "warn" for check in checks)
        out.print(f"\n{fails} in the way, {warned} to know of, {len(checks)} checks.")
    if fails:
        raise typer.Exit(1)
