"""``icl-studio verify SET``: make a set again and say whether it comes out the same."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import JsonOption, context, emit_json, out

CHANGED = 3


def command(
    set_: Annotated[
        str, typer.Argument(metavar="SET", help="A set's id, the start of it, or its folder.")
    ],
    engine: Annotated[
        str | None, typer.Option(help="Another engine than the one that made it.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Another device than the one that made it.")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Another precision than the one it was made in.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Make a set again from its record and compare the sheets.

    Says identical (every pixel), equivalent (at least 40 dB) or changed because of which
    input. Exit code 0 for the first two, 3 for changed. The set itself is not touched.
    """
    from ..engines.protocol import EngineOptions
    from ..generate.verifying import verify_set
    from ..sets.library import Library
    from ..sets.verify import check_verifiable
    from .making import Bar

    app = context()
    entry = Library(app.sets_root).get(set_)
    folder, record = entry
    check_verifiable(record)
    options = EngineOptions(
        device=device or record.receipt.device,
        dtype=dtype or record.receipt.dtype,
        memory=app.settings.memory,
    )
    with Bar(enabled=not as_json, lines=False) as bar:
        verdict = verify_set(
            entry,
            app.registry,
            app.folders,
            engine=engine,
            options=options,
            planned=bar.expect,
            downloading=bar.downloading,
            on_event=bar.on_event,
            on_stop=bar.stopping,
        )
    if as_json:
        emit_json({"set": folder, "verdict": verdict.kind, **verdict.model_dump(exclude={"kind"})})
    else:
        out.print(str(verdict), markup=False, soft_wrap=True)
    return CHANGED if verdict.kind == "changed" else 0
