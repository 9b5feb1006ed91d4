"""``icl-studio engines``: compiled engines, made once for this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, err, out, warn

if TYPE_CHECKING:
    from ..engines.store import EngineStore, StoredEngine

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")
NameArgument = Annotated[str, typer.Argument(metavar="ENGINE", help="Its name, or part of it.")]


@app.callback()
def _group() -> None:
    """Export a model to a compiled engine; list, check and remove engines."""


@app.command("list")
def list_engines(as_json: JsonOption = False) -> None:
    """List the compiled engines of this machine."""
    engines, problems = _store().scan()
    if as_json:
        emit_json({"engines": [row(engine) for engine in engines], "problems": problems})
        return
    for problem in problems:
        warn(str(problem))
    if not engines:
        out.print("No engines. Make one: icl-studio engines export --model tiny")
        return
    from rich.table import Table

    table = Table("engine", "model", "precision", "size", "made", box=None, pad_edge=False)
    for engine in engines:
        manifest = engine.manifest
        size = f"{engine.bytes / 1e6:.0f} MB"
        made = manifest.built.created[:16].replace("T", " ")
        table.add_row(engine.name, manifest.model, manifest.structure.dtype, size, made)
    out.print(table, markup=False)


@app.command()
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show what an engine was made of, and how far it is from torch."""
    engine = _store().get(name)
    if as_json:
        emit_json(row(engine) | {"manifest": engine.manifest})
        return
    from rich.table import Table

    manifest = engine.manifest
    structure, built = manifest.structure, manifest.built
    adapters = structure.adapters
    grid = Table.grid(padding=(0, 2))
    grid.add_row("folder", str(engine.folder))
    grid.add_row("model", manifest.model)
    grid.add_row("LoRA", f"an input, {len(adapters.targets)} linears, rank to {adapters.max_rank}")
    grid.add_row("made for", ", ".join(structure.targets) or "any CPU")
    grid.add_row("made with", ", ".join(f"{k} {v}" for k, v in structure.versions.items()))
    grid.add_row("made on", f"{built.created}, {built.machine.processor}, {built.seconds:g} s")
    for case in manifest.parity:
        sizes = f"{case.image_tokens} image tokens, LoRA rank {case.adapter_rank}"
        grid.add_row("from torch", f"{case.relative_l2:.1e} relative, {sizes}")
    if not manifest.parity:
        grid.add_row("from torch", "parity not measured")
    out.print(engine.name, style="bold", markup=False)
    out.print(grid, markup=False)


@app.command()
def verify(name: NameArgument, as_json: JsonOption = False) -> None:
    """Hash an engine's files and compare them with what was built."""
    store = _store()
    engine = store.get(name)
    store.verify(engine)
    if as_json:
        emit_json(row(engine) | {"sound": True})
    else:
        out.print(f"{engine.name} is as it was built.", markup=False)


@app.command()
def remove(name: NameArgument, as_json: JsonOption = False) -> None:
    """Remove an engine, a damaged one too (by its full name)."""
    removed = _store().remove(name)
    if as_json:
        emit_json({"removed": removed})
    else:
        out.print(f"Removed {removed}.", markup=False)


@app.command()
def export(
    model: Annotated[str, typer.Option(help="The base model.")],
    max_rank: Annotated[int, typer.Option(help="The largest rank of all LoRAs together.")] = 128,
    as_json: JsonOption = False,
) -> None:
    """Export a model's transformer for the ONNX engine; every LoRA then runs on it.

    Takes minutes, once. It ends with a comparison with torch and is not kept if it differs.
    """
    from ..engines.exporting import ExportJob, run_export
    from ..generate.planning import choose_engine
    from ..models.find import find_model
    from ..models.locate import locate

    app_context = context()
    spec = choose_engine("onnx", app_context.registry)
    located = locate(find_model(model, app_context.registry), app_context.folders)
    job = ExportJob(
        engine=spec, model=located, store=app_context.folders.engines, max_rank=max_rank
    )
    with err.status(f"{located.spec.id}: starting") as status:
        made = run_export(job, lambda phase: status.update(f"{located.spec.id}: {phase}"))
    if as_json:
        emit_json(row(made))
    else:
        worst = max(case.relative_l2 for case in made.manifest.parity)
        out.print(f"{made.name}: at most {worst:.1e} from torch a step.", markup=False)
        out.print(f"Use it: icl-studio make … --model {model} --engine onnx", markup=False)


def row(engine: StoredEngine) -> dict[str, Any]:
    """An engine as machines get it."""
    manifest = engine.manifest
    return {
        "name": engine.name,
        "folder": engine.folder,
        "engine": manifest.structure.engine,
        "model": manifest.model,
        "dtype": manifest.structure.dtype,
        "targets": manifest.structure.targets,
        "bytes": engine.bytes,
        "created": manifest.built.created,
        "parity": manifest.parity,
    }


def _store() -> EngineStore:
    from ..engines.store import EngineStore

    return EngineStore(context().folders.engines)
