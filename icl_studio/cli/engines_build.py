"""``icl-studio engines build``: from an export to an engine for one kind of GPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from .console import JsonOption, context, emit_json, err, out
from .queued import AfterOption, QueueOption, enqueue_engine, no_queue

if TYPE_CHECKING:
    from ..domain.geometry import Size
    from ..domain.model import ModelSpec
    from ..engines.protocol import EngineSpec
    from ..plugins import Registry

DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def build(
    model: Annotated[str, typer.Option(help="The base model; it must be exported.")],
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="sm_XX[,…]",
            help="GPUs to build for, such as sm_89 (RTX 40); this machine's card if left out.",
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="What it is built for.")] = "tensorrt",
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK|WxH",
            help="Tasks or canvas sizes that it must take; all tasks if left out.",
        ),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(metavar="bf16|fp16|fp32", help="Precision of the transformer.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=16, help="Sets at once, at most.")] = 1,
    queue: QueueOption = False,
    after: AfterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a model's exported transformer for one or more kinds of NVIDIA GPU.

    Takes minutes, once, and needs no GPU with TensorRT-RTX. Ctrl-C leaves no half engine.
    """
    from ..engines.building import BuildJob, BuildWishes, run_build
    from ..models.find import find_model
    from ..models.locate import locate
    from .engines import row

    app = context()
    spec = _builder(engine, app.registry)
    found = find_model(model, app.registry)
    wishes = BuildWishes.model_validate(
        {
            "targets": _targets(target),
            "canvases": _canvases(profile, found, app.registry),
            "dtype": _dtype(dtype),
            "batch": batch,
        }
    )
    if queue:
        from ..queue.compiling import BuildBrief

        brief = BuildBrief(model=found.id, engine=spec.id, wishes=wishes)
        enqueue_engine(app, "build", brief, after, as_json)
        return
    no_queue(after)
    located = locate(found, app.folders)
    job = BuildJob(engine=spec, model=located, store=app.folders.engines, wishes=wishes)
    with err.status(f"{located.spec.id}: starting") as status:
        made = run_build(job, lambda phase: status.update(f"{located.spec.id}: {phase}"))
    if as_json:
        emit_json(row(made))
        return
    built = made.manifest.built
    peak = f", {built.peak_mb} MB of memory at the peak" if built.peak_mb else ""
    out.print(f"{made.name}: {made.bytes / 1e6:.0f} MB, {built.seconds:g} s{peak}.", markup=False)
    targets = ", ".join(made.manifest.structure.targets)
    out.print(
        f"It runs on {targets}; parity not measured: that is done at its first run there.",
        markup=False,
    )


def _builder(name: str, registry: Registry) -> EngineSpec:
    from ..errors import UserError
    from ..generate.planning import choose_engine

    spec = choose_engine(name, registry) if name != "auto" else registry.engine("tensorrt")
    if spec.builder is None:
        able = sorted(one.id for one in registry.engines.values() if one.builder)
        raise UserError(
            f"The engine {name!r} is not built for a GPU.",
            fix=f"Use --engine {' or '.join(able)}." if able else "",
        )
    return spec


def _targets(named: list[str] | None) -> tuple[str, ...]:
    """``sm_89,sm_120`` and repeated options as one list; else this machine's cards."""
    from ..engines.hardware import nvidia_gpus
    from ..errors import UserError

    if not named:
        cards = tuple(dict.fromkeys(gpu.target for gpu in nvidia_gpus()))
        if not cards:
            raise UserError(
                "This machine shows no NVIDIA card to build for.",
                fix="Name one: --target sm_89 (RTX 40), sm_120 (RTX 50), sm_86 (RTX 30).",
            )
        return cards
    found = []
    for text in (part.strip() for one in named for part in one.split(",")):
        match = re.fullmatch(r"(?:sm[_-]?)?(\d+)\.?(\d)", text.lower())
        if match is None:
            raise UserError(
                f"{text!r} is no GPU target.", fix="Write it as sm_89; nvidia-smi tells yours."
            )
        found.append(f"sm_{match[1]}{match[2]}")
    return tuple(dict.fromkeys(found))


def _canvases(named: list[str] | None, model: ModelSpec, registry: Registry) -> tuple[Size, ...]:
    """The canvas sizes meant by ``--profile``: tasks at the model's own size, or WxH."""
    from ..domain.geometry import Size

    rule, sizes = model.canvas, []
    texts = [part.strip() for one in named or [] for part in one.split(",")]
    for text in texts or list(registry.tasks):
        match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.lower())
        if match is None:
            sizes.append(registry.task(text).layout.fitted(rule).canvas)
            continue
        size = Size(int(match[1]), int(match[2]))
        rule.check(size, ())
        sizes.append(size)
    return tuple(dict.fromkeys(sizes))


def _dtype(text: str | None) -> str | None:
    from ..errors import UserError

    if text is None:
        return None
    found = DTYPES.get(text.lower(), text.lower())
    if found not in DTYPES.values():
        raise UserError(f"There is no precision {text!r}.", fix=f"Use {', '.join(DTYPES)}.")
    return found
