"""``icl-studio demo``: the main job, once, on the embedded model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import JsonOption, context, out

TASK, MODEL = "film-storyboard", "tiny"


def command(
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Keep the set in this folder.", metavar="FOLDER")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the example's.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Make one storyboard of three scenes with the embedded model, and say where it lies.

    Needs no GPU, no network and no account.
    """
    import time

    from ..engines.protocol import EngineOptions
    from ..errors import NotFound
    from ..generate.asking import Wishes, new_request
    from ..generate.planning import Place, plan
    from ..generate.running import run
    from ..paths import expanded
    from .making import Bar, sets_json, tell_outcome

    begun = time.monotonic()
    app = context()
    example = app.registry.task(TASK).example_for(MODEL)
    if example is None:
        raise NotFound(f"The task {TASK!r} has no example.", fix="Use 'icl-studio make'.")
    asked = new_request(
        app.registry,
        app.folders,
        TASK,
        example.parts,
        Wishes(model=MODEL, seed=example.seed if seed is None else seed, name="demo"),
    )
    settings = app.settings
    options = EngineOptions(device=settings.device, dtype=settings.dtype, memory=settings.memory)
    place = Place(
        out=expanded(out_folder) if out_folder else app.sets_root,
        set_name=app.settings.set_name,
        options=options,
    )
    with Bar(enabled=not as_json, lines=False) as bar:
        jobs = plan([asked], app.registry, app.folders, place, bar.downloading)
        bar.expect(jobs)
        outcome = run(jobs, app.folders, bar.on_event, on_stop=bar.stopping)
    seconds = round(time.monotonic() - begun, 1)
    code = tell_outcome(outcome, as_json=as_json, facts={"seconds": seconds})
    if outcome.made and not as_json:
        made = sets_json(outcome)[0]
        out.print(f"Asked for: {asked.caption}", markup=False, soft_wrap=True)
        out.print(f"The set:   {made['folder']}", markup=False, soft_wrap=True)
        out.print(f"The sheet: {made['sheet']}", markup=False, soft_wrap=True)
        out.print(f"Made in {seconds} seconds. Next: icl-studio tasks", markup=False)
    return code
