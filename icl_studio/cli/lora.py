"""``icl-studio lora``: what a LoRA file is, and giving one to a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from .console import JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from ..training.lorafile import LoraInfo

app = typer.Typer(
    help="Say what a LoRA file is, or give one to a task.",
    no_args_is_help=True,
    add_completion=False,
)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file.")]


@app.command()
def info(file: File, as_json: JsonOption = False) -> None:
    """Say what a LoRA file is: names, rank, base model, and what its trainer wrote into it."""
    from ..paths import expanded
    from ..training.lorafile import lora_info

    found = lora_info(expanded(file))
    if as_json:
        emit_json({**found.model_dump(mode="json"), "family": found.family})
        return
    for key, value in _lines(found):
        out.print(Text(f"{key:14} {value}"), soft_wrap=True)


@app.command()
def register(
    file: File,
    task: Annotated[str, typer.Option(help="The task that is to use it.")],
    family: Annotated[
        str | None, typer.Option(help="Models it is for; the file says it itself, if ours.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Keep it under this name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a LoRA to your adapters and make it the task's own for its family of models.

    A built-in task stays as it is: yours is written as a task file with the id TASK-tuned.
    """
    from ..errors import AdapterRejected
    from ..paths import expanded
    from ..training.lorafile import lora_info
    from ..training.tasks import keep_adapter, with_adapter, write_task

    app_context = context()
    spec = app_context.registry.task(task)
    found = lora_info(expanded(file))
    if found.kind != "LoRA":
        raise AdapterRejected(f"{file} is a {found.kind}.", fix="Train it as a plain LoRA.")
    chosen = family or found.family
    if chosen is None:
        raise AdapterRejected(
            f"{file} does not say which models it is for.",
            fix="Say it with --family, such as flux.1 or tiny.",
        )
    folders = app_context.folders
    kept = keep_adapter(found, folders, name)
    own = (folders.tasks / f"{task}.json").is_file()
    # The file's name, not its path: a task file may move to another machine with its adapter.
    tuned = with_adapter(spec, kept.name, chosen)
    if not own:
        mine = {"id": f"{task}-tuned", "title": f"{spec.title} (tuned)"[:80]}
        tuned = tuned.model_copy(update=mine)
    path = write_task(tuned, folders, replace=True)
    answer: dict[str, Any] = {"task": tuned.id, "file": path, "adapter": kept, "family": chosen}
    if as_json:
        emit_json(answer)
        return
    out.print(Text(f"{kept}"), soft_wrap=True)
    out.print(Text(f"The task {tuned.id} uses it on models of the family {chosen}: {path}"))


def _lines(found: LoraInfo) -> list[tuple[str, str]]:
    """What a person wants to know, one line each."""
    ranks = ", ".join(f"{rank} ({count} modules)" for rank, count in sorted(found.ranks.items()))
    lines = [
        ("kind", found.kind),
        ("names", found.style),
        ("base", f"{found.base}, width {found.width}" if found.width else found.base),
        ("family", found.family or "unknown"),
        ("rank", ranks or "unknown"),
        ("alpha keys", "yes" if found.alphas else "no (acts at scale 1)"),
        ("values", f"{found.parameters:,} ({', '.join(found.dtypes)})"),
        ("size", f"{found.size / 1e6:.1f} MB"),
        ("sha256", found.sha256),
    ]
    if found.text_encoders:
        lines.append(("text encoders", f"{found.text_encoders} modules; ICL Studio refuses these"))
    if found.unknown:
        lines.append(("unknown keys", ", ".join(found.unknown)))
    for key, value in (found.own or {}).items():
        lines.append((key, str(value)))
    lines += list(found.told.items())
    return lines
