"""``icl-studio models``: the base models there are, and what each needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from ..models.state import ModelState

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback(invoke_without_command=True)
def models(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """The base models: licence, size, whether they are on this machine.

    Beside these, --model takes any local diffusers folder of FLUX.1 and any hub id.
    """
    if ctx.invoked_subcommand is None:
        list_models(as_json)
    ctx.obj = as_json  # `models --json list` means what `models list --json` does


@app.command("list")
def list_(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the models that can be named shortly."""
    list_models(as_json or bool(ctx.obj))


def list_models(as_json: bool) -> None:
    """Print every registered model and how it stands."""
    from ..models.state import state_of, token_state

    app_context = context()
    states = [state_of(spec, app_context.folders) for spec in app_context.registry.models.values()]
    token = token_state()
    if as_json:
        emit_json({"models": [_row(state) for state in states], "hub_token": token or None})
        return
    from rich.table import Table

    table = Table("model", "what", "here", "size", "licence", box=None, pad_edge=False)
    for state in states:
        spec = state.spec
        licence = spec.licence.partition(":")[0].rstrip(".")
        gated = " (accept it on the hub)" if spec.gated else ""
        table.add_row(spec.id, spec.title, _presence(state), _size(state), licence + gated)
    out.print(table, markup=False)
    out.print(f"\nHub token: {token or 'none; needed for gated models only: hf auth login'}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A model's id, a diffusers folder, or a hub id.")],
    as_json: JsonOption = False,
) -> None:
    """Show one model in full; of a small model also the words it knows."""
    from ..models.find import find_model
    from ..models.state import state_of
    from ..models.vocabulary import read_vocabulary

    app_context = context()
    state = state_of(find_model(name, app_context.registry), app_context.folders)
    if as_json:
        known = read_vocabulary(state.folder)
        facts = {"vocabulary": state.spec.vocabulary, "facts": known.facts if known else {}}
        emit_json({"model": _row(state) | facts})
        return
    _show(state)


def _row(state: ModelState) -> dict[str, Any]:
    facts = state.spec.model_dump(mode="json", exclude={"vocabulary"})
    return facts | {
        "kind": state.kind,
        "present": state.present,
        "folder": state.folder,
        "bytes": state.bytes,
        "problem": state.problem or None,
    }


def _presence(state: ModelState) -> str:
    if state.problem:
        return "damaged"
    if state.present:
        return "yes"
    return "no; downloaded when first used" if state.kind == "hub" else "missing"


def _size(state: ModelState) -> str:
    if state.bytes:
        big = state.bytes >= 1e9
        return f"{state.bytes / (1e9 if big else 1e6):.1f} {'GB' if big else 'MB'}"
    return f"{state.spec.download_gb:.1f} GB" if state.spec.download_gb else ""


def _show(state: ModelState) -> None:
    from rich.table import Table

    from ..models.hub_errors import model_page

    spec = state.spec
    facts = Table.grid(padding=(0, 2))
    facts.add_row("source", spec.source)
    if state.kind == "hub":
        facts.add_row("page", model_page(spec.source))
    facts.add_row("here", str(state.folder) if state.present else _presence(state))
    facts.add_row("size", _size(state))
    facts.add_row("family", f"{spec.family} (decides which LoRA files fit)")
    facts.add_row("caption", f"up to {spec.max_sequence_length} tokens")
    sampling = spec.sampling
    usual = f"{sampling.steps} steps, guidance {sampling.guidance:g}" if sampling else "the task's"
    facts.add_row("sampling", f"{usual}, unless told otherwise")
    facts.add_row("licence", spec.licence or "not stated")
    out.print(f"{spec.id}: {spec.title}", style="bold", markup=False)
    out.print(facts, markup=False)
    if state.problem:
        out.print(f"\n{state.problem}", style="red", markup=False)
    if spec.vocabulary:
        _show_vocabulary(state)


def _show_vocabulary(state: ModelState) -> None:
    """What the model can draw, by fact, then every word it has ever read."""
    from rich.table import Table

    from ..models.vocabulary import read_vocabulary

    known = read_vocabulary(state.folder)
    if known is not None and known.facts:
        out.print("\nIt can draw these, and knows each by several words:", style="bold")
        grid = Table.grid(padding=(0, 2))
        for fact, values in known.facts.items():
            grid.add_row(fact, ", ".join(values))
        out.print(grid, markup=False)
    words = state.spec.vocabulary
    out.print(f"\nIt knows these {len(words)} words:", style="bold")
    out.print(" ".join(words), markup=False)
