"""``icl-studio engines``: compiled engines, made once for this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, err, out, warn
from .engines_bench import bench
from .engines_build import build
from .engines_prune import prune
from .queued import AfterOption, QueueOption, enqueue_engine, no_queue

if TYPE_CHECKING:
    from ..engines.store import EngineStore, ParityCase, Profile, StoredEngine

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")
DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
NameArgument = Annotated[str, typer.Argument(metavar="ENGINE", help="Its name, or part of it.")]


@app.callback()
def _group() -> None:
    """Export a model and build it for a GPU; list, check, compare and remove engines."""


app.command("build")(build)
app.command("bench")(bench)
app.command("prune")(prune)


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
    grid.add_row("sizes", _sizes(structure.profile))
    grid.add_row("made with", ", ".join(f"{k} {v}" for k, v in structure.versions.items()))
    peak = f", {built.peak_mb} MB at the peak" if built.peak_mb else ""
    cost = f"{built.seconds:g} s{peak}"
    grid.add_row("made on", f"{built.created}, {built.machine.processor}, {cost}")
    if manifest.weights.fused:
        grid.add_row("baked in", f"{len(manifest.weights.fused)} LoRA")
    for case in manifest.parity:
        grid.add_row("from torch", _distance(case))
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
    dtype: Annotated[str, typer.Option(help="fp32 (CPUs), bf16 or fp16 (GPUs).")] = "fp32",
    fuse_lora: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE[:WEIGHT]", help="Bake a LoRA in for good; can be repeated."),
    ] = None,
    queue: QueueOption = False,
    after: AfterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export a model for the ONNX engine and other programs; every LoRA then runs on it.

    Takes minutes, once. It ends with a comparison with torch and is not kept if it differs.
    """
    from ..engines.exporting import ExportJob, run_export
    from ..generate.asking import parse_lora
    from ..generate.planning import choose_engine
    from ..models.adapters import resolve_adapter
    from ..models.find import find_model
    from ..models.locate import locate

    app_context = context()
    spec = choose_engine("onnx", app_context.registry)
    uses = [parse_lora(text) for text in fuse_lora or ()]
    fused = tuple(resolve_adapter(use, app_context.folders) for use in uses)
    if queue:
        from ..queue.compiling import ExportBrief

        brief = ExportBrief(
            model=find_model(model, app_context.registry).id,
            max_rank=max_rank,
            dtype=DTYPES.get(dtype, dtype),
            fuse=tuple(uses),
        )
        enqueue_engine(app_context, "export", brief, after, as_json)
        return
    no_queue(after)
    located = locate(find_model(model, app_context.registry), app_context.folders)
    job = ExportJob(
        engine=spec,
        model=located,
        store=app_context.folders.engines,
        max_rank=max_rank,
        dtype=DTYPES.get(dtype, dtype),
        fuse=fused,
    )
    with err.status(f"{located.spec.id}: starting") as status:
        made = run_export(job, lambda phase: status.update(f"{located.spec.id}: {phase}"))
    if as_json:
        emit_json(row(made))
    else:
        steps = [case for case in made.manifest.parity if case.component == "transformer"]
        worst = max(case.relative_l2 for case in steps)
        sheet = min(case.psnr_db for case in steps if case.psnr_db is not None)
        far = f"at most {worst:.1e} from torch a step, sheets {sheet:.0f} dB"
        out.print(f"{made.name}: {far}.", markup=False)
        out.print(f"Use it: icl-studio make … --model {model} --engine onnx", markup=False)


def _distance(case: ParityCase) -> str:
    """One comparison in words."""
    sizes = [f"{case.image_tokens} image tokens"] if case.image_tokens else []
    sizes += [f"{case.text_tokens} text tokens"] if case.text_tokens else []
    if case.component == "transformer":
        sizes.append(f"LoRA rank {case.adapter_rank}")
    sheet = "" if case.psnr_db is None else f"; its sheet {case.psnr_db:.1f} dB"
    how = " (computed in float32)" if case.widened else ""
    return f"{case.component} {case.relative_l2:.1e} relative, {', '.join(sizes)}{sheet}{how}"


def _sizes(profile: Profile) -> str:
    low, high = profile.image_tokens
    return f"{low} to {high} image tokens, {profile.batch[1]} at once"


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
