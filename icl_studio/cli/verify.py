"""``icl-studio verify SET``: make a set again and say whether it comes out the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import AppContext, JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from ..engines.protocol import EngineOptions
    from ..generate.running import Outcome
    from ..sets.record import SetRecord

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
    import tempfile

    from ..engines.protocol import EngineOptions
    from ..errors import JobCancelled
    from ..sets.library import Library
    from ..sets.pictures import open_picture
    from ..sets.record import read_record
    from ..sets.verify import check_verifiable, compare

    app = context()
    folder, record = Library(app.sets_root).get(set_)
    check_verifiable(record)
    options = EngineOptions(
        device=device or record.receipt.device,
        dtype=dtype or record.receipt.dtype,
        memory=app.settings.memory,
    )
    with tempfile.TemporaryDirectory(prefix="icl-studio-", ignore_cleanup_errors=True) as scratch:
        outcome = _again(
            app, record, Path(scratch), engine or record.receipt.engine, options, as_json
        )
        if outcome.error is not None:
            raise outcome.error
        if outcome.cancelled:
            raise JobCancelled
        anew = Path(outcome.made[0][1].folder)
        again = read_record(anew)
        verdict = compare(record, folder, open_picture(anew / again.sheet), again.receipt)
    if as_json:
        emit_json({"set": folder, "verdict": verdict.kind, **verdict.model_dump(exclude={"kind"})})
    else:
        out.print(str(verdict), markup=False, soft_wrap=True)
    return CHANGED if verdict.kind == "changed" else 0


def _again(
    app: AppContext,
    record: SetRecord,
    scratch: Path,
    engine: str,
    options: EngineOptions,
    as_json: bool,
) -> Outcome:
    """Make the request of ``record`` once more, in ``scratch``, singly."""
    from ..generate.planning import Place, plan
    from ..generate.running import run
    from .making import Bar

    asked = record.request.model_copy(update={"engine": engine})
    place = Place(out=scratch, options=options)
    with Bar(enabled=not as_json, lines=False) as bar:
        jobs = plan([asked], app.registry, app.folders, place, bar.downloading)
        bar.expect(jobs)
        return run(jobs, app.folders, bar.on_event, on_stop=bar.stopping)
