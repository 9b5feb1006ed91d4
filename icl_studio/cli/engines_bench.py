"""``icl-studio engines bench``: engines of one model timed in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .console import JsonOption, context, emit_json, err, out, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..generate.benching import Measured


def bench(
    model: Annotated[str, typer.Option(help="The base model.")] = "tiny",
    engine: Annotated[
        list[str] | None,
        typer.Option(help="Engines to compare; torch and what was made of the model if left out."),
    ] = None,
    task: Annotated[str, typer.Option(help="The task whose canvas is drawn.")] = "film-storyboard",
    steps: Annotated[int | None, typer.Option(min=1, max=500, help="Denoising steps.")] = None,
    turns: Annotated[int, typer.Option(min=1, max=100, help="Sheets by each engine.")] = 5,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16 or float16.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Time engines in one run, in turns; --engine auto goes by what was measured.

    Each is loaded in a process of its own, all at once: close what else needs the memory.
    """
    from ..domain.model import Sampling
    from ..engines.protocol import EngineOptions
    from ..generate.benching import Sheet, default_engines
    from ..generate.benching import bench as time_engines
    from ..generate.planning import choose_engine
    from ..models.find import find_model
    from ..models.locate import locate

    app = context()
    asked, located = app.registry.task(task), locate(find_model(model, app.registry), app.folders)
    spec = located.spec
    names = list(engine or default_engines(spec.id, app.registry, app.folders))
    specs = [choose_engine(name, app.registry) for name in dict.fromkeys(names)]
    sampling = spec.sampling or asked.sampling
    example = asked.example_for(spec.family)
    sheet = Sheet(
        caption=asked.caption.render(example.parts) if example else asked.title,
        canvas=asked.layout.fitted(spec.canvas).canvas,
        sampling=Sampling(steps=steps or sampling.steps, guidance=sampling.guidance),
    )
    options = EngineOptions(device=device or app.settings.device, dtype=dtype or app.settings.dtype)
    with err.status("starting") as status:
        found, refused = time_engines(
            specs, located, options, sheet, turns, app.folders, status.update
        )
    for name, error in refused.items():
        warn(f"{name} was left out: {error.message}")
    if as_json:
        emit_json({"engines": [one.row() for one in found]})
    else:
        _table(found, f"{spec.id}, {sheet.canvas}, {sheet.sampling.steps} steps")


def _table(found: Sequence[Measured], title: str) -> None:
    from rich.table import Table

    columns = ("engine", "s a sheet", "s a step", "swap", "load", "memory", "from torch")
    table = Table(*columns, box=None, pad_edge=False)
    for one in found:
        row = one.row()
        parity = row["parity"]
        step = parity and parity["relative_l2"]
        table.add_row(
            one.engine,
            _spread(row["seconds_per_sheet"]),
            _spread(row["seconds_per_step"]),
            f"{row['swap_ms']:.1f} ms",
            f"{row['load_s']:.1f} s",
            f"{row['peak_mb']} MB" if row["peak_mb"] else "?",
            "" if parity is None else "not measured" if step is None else f"{step:.1e} a step",
        )
    out.print(title, style="bold", markup=False)
    out.print(table, markup=False)


def _spread(values: dict[str, float]) -> str:
    return f"{values['median']:.3g} ({values['min']:.3g} to {values['max']:.3g})"
