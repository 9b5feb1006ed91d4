"""``icl-studio tasks [ID]``: the kinds of sets there are, and how each is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from ..domain.caption import CaptionTemplate
    from ..domain.task import TaskExample, TaskSpec
    from ..plugins import Registry

NEW = "new"


def command(
    task: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Show this task in full.")
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of `tasks new`: the id of the task.")
    ] = None,
    from_dataset: Annotated[
        Path | None,
        typer.Option("--from-dataset", metavar="PATH", help="Of `tasks new`: sheets and captions."),
    ] = None,
    title: Annotated[str, typer.Option(help="Of `tasks new`: what it is called.")] = "",
    lora: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of `tasks new`: its own LoRA.")
    ] = None,
    plugin: Annotated[
        Path | None,
        typer.Option("--plugin", metavar="FOLDER", help="Of `tasks new`: write a plugin there."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the kinds of sets, or show how one is asked for.

    A task comes from a plugin, or from a JSON file in your tasks folder (docs/plugins.md).
    `tasks new NAME --from-dataset PATH` writes one whose layout and caption form are found from
    a data set; with --plugin FOLDER as a whole plugin instead.
    """
    if task == NEW:
        from .tasks_new import new_task

        new_task(name, from_dataset, title, lora, plugin, as_json)
        return
    registry = context().registry
    if task is None:
        _list(registry, as_json)
        return
    spec = registry.task(task)
    if as_json:
        emit_json(
            {
                "task": spec,
                "plugin": _plugin(registry, spec.id),
                "caption_form": caption_form(spec.caption),
                "canvas": dict(canvases(registry, spec)),
            }
        )
    else:
        _show(registry, spec)


def caption_form(template: CaptionTemplate) -> str:
    """The shape of a joint caption: what the task prints, and where each text goes."""
    from ..domain.caption import SUMMARY

    pieces = [template.prefix] if template.prefix else []
    pieces.append(template.summary_form.replace(SUMMARY, "‹summary›") + template.summary_joint)
    for number, opening in enumerate(template.openings, 1):
        joint = template.panel_joint if number < len(template.openings) else ""
        pieces += [opening, f"‹panel {number}›{joint}"]
    return " ".join(pieces)


def canvases(registry: Registry, spec: TaskSpec) -> list[tuple[str, list[int] | None]]:
    """The canvas at full size, then at each registered model's own; None where it cannot be."""
    from ..errors import LayoutInvalid

    sizes: list[tuple[str, list[int] | None]] = [("full size", list(spec.layout.canvas))]
    for model in registry.models.values():
        try:
            sizes.append((model.id, list(spec.layout.fitted(model.canvas).canvas)))
        except LayoutInvalid:
            sizes.append((model.id, None))
    return sizes


def _list(registry: Registry, as_json: bool) -> None:
    if as_json:
        emit_json({"tasks": [_row(registry, spec) for spec in registry.tasks.values()]})
        return
    from rich.table import Table

    table = Table("task", "what", "panels", "canvas", "plugin", box=None, pad_edge=False)
    for spec in registry.tasks.values():
        table.add_row(
            spec.id,
            spec.title,
            ", ".join(spec.layout.names),
            str(spec.layout.canvas),
            _plugin(registry, spec.id),
        )
    out.print(table, markup=False)
    broken = sum(info.state == "broken" for info in registry.plugins)
    if broken:
        out.print(f"\nNot in order: {broken} of the plugins; see `icl-studio plugins list`.")


def _row(registry: Registry, spec: TaskSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "title": spec.title,
        "description": spec.description,
        "panels": spec.layout.names,
        "canvas": spec.layout.canvas,
        "families": [adapter.family for adapter in spec.adapters],
        "plugin": _plugin(registry, spec.id),
    }


def _plugin(registry: Registry, task: str) -> str:
    """The plugin (or task file) that gives ``task``."""
    return next((p.name for p in registry.plugins if f"task {task}" in p.provides), "")


def _show(registry: Registry, spec: TaskSpec) -> None:
    from rich.table import Table

    facts = Table.grid(padding=(0, 2))
    for name, size in canvases(registry, spec):
        if name in registry.models and size == list(spec.layout.canvas):
            continue  # drawn at full size, as said in the first row
        text = "cannot be drawn" if size is None else f"{size[0]}x{size[1]}"
        facts.add_row(f"canvas, {name}", text)
    for panel in spec.layout.panels:
        x0, y0 = panel.box[:2]
        facts.add_row(f"panel {panel.name}", f"{panel.box.size} at {x0},{y0}")
    for gutter in spec.layout.gutters:
        facts.add_row(f"gutter {gutter.name}", f"{gutter.box.size}")
    facts.add_row("caption", caption_form(spec.caption))
    if spec.caption.roles:
        text = "in angle brackets, the same in every text: <Mara>"
        facts.add_row("role names", text)
    for adapter in spec.adapters:
        facts.add_row(f"LoRA, {adapter.family}", f"{adapter.source} at {adapter.weight:g}")
    facts.add_row("sampling", f"{spec.sampling.steps} steps, guidance {spec.sampling.guidance:g}")
    facts.add_row("plugin", _plugin(registry, spec.id))
    out.print(f"{spec.id}: {spec.title}", style="bold", markup=False)
    if spec.description:
        out.print(spec.description, markup=False)
    out.print()
    out.print(facts, markup=False)
    for example in spec.examples:
        out.print(f"\nFor example, {_audience(example)}:", style="bold", markup=False)
        out.print(_make_command(spec, example), markup=False, soft_wrap=True)


def _audience(example: TaskExample) -> str:
    return f"with a model of the family {example.family}" if example.family else "with FLUX"


def _make_command(spec: TaskSpec, example: TaskExample) -> str:
    """The command that makes ``example``, quoted for this system's shell."""
    import os
    import shlex
    import subprocess

    words = ["icl-studio", "make", spec.id, "--summary", example.summary]
    for text in example.panels:
        words += ["--panel", text]
    words += ["--seed", str(example.seed)]
    words += [] if example.family else ["--model", "black-forest-labs/FLUX.1-dev"]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
