"""Will it fit? An estimate of a training run's memory, before anything is loaded.

Weights, adapter, gradients and optimizer are counted exactly, from the header of the model's own
files. What a step keeps for its backward pass is a measured law: ``benchmarks/training_memory.py``
counts the bytes that autograd saves in diffusers' FLUX blocks at several widths and lengths; they
are proportional to tokens times width (attention without a score matrix is too), so a count per
token, width and block, measured on a small model, holds for a large one. The rest (kernels'
workspace, fragments, the CUDA context) is a flat reserve.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..domain.geometry import Size
from ..errors import ModelUnavailable, UserError
from ..models.weights import read_header
from .recipe import Recipe

SAVED = {"float32": (24.0, 21.0), "bfloat16": (32.0, 27.0)}
"""Values that autograd keeps per token and unit of width in one (double, single) block, with an
adapter of rank 16 on every linear: at most 23.7 and 20.3 in float32, 31.1 and 26.4 in bfloat16 with
a float32 adapter (values of two bytes), as ``benchmarks/training_memory.py`` counts them."""
RESERVE = 1.2 * 2**30
"""CUDA context, cuBLAS workspace and fragments; a CPU needs less."""
BYTES = {"float32": 4.0, "bfloat16": 2.0, "fp8": 1.02, "int8": 1.03, "nf4": 0.56}
"""Bytes a weight of a block's linear is held in, scales included."""


@dataclass(frozen=True)
class Shape:
    """The transformer as far as memory goes; ``linears`` are (in, out) of all block linears."""

    width: int
    doubles: int
    singles: int
    block_weights: int
    other_weights: int
    linears: tuple[tuple[int, int], ...]

    def adapter(self, rank: int) -> int:
        """Trained values of an adapter of ``rank`` on every block linear."""
        return rank * sum(inputs + outputs for inputs, outputs in self.linears)


@dataclass(frozen=True)
class Estimate:
    """Bytes by what they are for; ``total`` is the peak on the device."""

    base: int
    adapter: int
    activations: int
    reserve: int

    @property
    def total(self) -> int:
        return self.base + self.adapter + self.activations + self.reserve

    def lines(self) -> list[tuple[str, int]]:
        return [
            ("frozen model", self.base),
            ("adapter, gradients, optimizer, average", self.adapter),
            ("one step", self.activations),
            ("reserve", self.reserve),
        ]


def shape_of(model: Path) -> Shape:
    """The shape of the transformer in the diffusers folder ``model``, from headers alone.

    Raises :class:`ModelUnavailable`.
    """
    header: dict[str, Any] = {}
    for file in sorted((model / "transformer").glob("*.safetensors")):
        try:
            header |= read_header(file)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{file} {error}.", fix="Fetch this file again.") from error
    shapes = {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
    blocks = {name: shape for name, shape in shapes.items() if "transformer_blocks." in name}
    linears = {name: shape for name, shape in blocks.items() if len(shape) == 2}
    if not linears or "x_embedder.weight" not in shapes:
        raise ModelUnavailable(
            f"{model / 'transformer'} is no FLUX transformer.", fix="Name a FLUX.1 model."
        )

    def count(stem: str) -> int:
        return len({name.split(".")[1] for name in blocks if name.startswith(stem)})

    in_linears = sum(prod(shape) for shape in linears.values())
    everything = sum(prod(shape) for shape in shapes.values())
    return Shape(
        width=shapes["x_embedder.weight"][0],
        doubles=count("transformer_blocks."),
        singles=count("single_transformer_blocks."),
        block_weights=in_linears,
        other_weights=everything - in_linears,
        linears=tuple((shape[1], shape[0]) for shape in linears.values()),
    )


def estimate(
    shape: Shape, recipe: Recipe, canvas: Size, text_tokens: int, *, device: str
) -> Estimate:
    """The memory of a step of ``recipe`` on ``canvas`` with captions padded to ``text_tokens``.

    ``device`` is ``cpu``, ``cuda`` or ``mps``; on a CPU the whole model stays in main memory.
    """
    base = recipe.base
    if base == "auto":
        base = "float32" if device == "cpu" else "bfloat16"
    wide = 4 if base == "float32" or (base == "fp8" and device == "cpu") else 2
    held = shape.block_weights * BYTES[base]
    if base == "fp8" and device != "cpu":
        held *= 1 - recipe.offload
    trained = shape.adapter(recipe.rank)
    # Values, gradients and the average in float32; Adam keeps two more, in one byte each at 8 bit.
    state = 12 + (2.1 if recipe.optimizer == "adamw8bit" else 8)
    tokens = recipe.at_a_time * (canvas.tokens + text_tokens)
    double, single = SAVED["float32" if wide == 4 else "bfloat16"]
    largest = max(double, single)
    if recipe.checkpointing:
        # The entry of every block is kept, and all of the one that is being computed again.
        kept = shape.doubles + shape.singles + largest
    else:
        kept = double * shape.doubles + single * shape.singles
    kept += largest  # gradients on their way back through one block
    # Eight-bit weights are widened for a block; without checkpointing all of them stay so.
    widened = 0.0
    if base == "fp8":
        share = 4 / (shape.doubles + shape.singles) if recipe.checkpointing else 1.0
        widened = shape.block_weights * min(1.0, share) * wide
    return Estimate(
        base=int(held + shape.other_weights * wide),
        adapter=int(trained * state),
        activations=int(tokens * shape.width * kept * wide + widened),
        reserve=int(RESERVE if device != "cpu" else RESERVE / 4),
    )


def check_fits(need: Estimate, free: int | None, recipe: Recipe) -> None:
    """Raise :class:`UserError` when ``need`` is more than ``free`` bytes; None: nobody knows."""
    if free is None or need.total <= free:
        return
    wishes = []
    if not recipe.checkpointing:
        wishes.append("checkpointing: true")
    if recipe.at_a_time > 1:
        wishes.append("micro: 1")
    if recipe.base in ("auto", "float32", "bfloat16"):
        wishes.append("base: fp8")
    if recipe.base == "fp8" and recipe.offload < 1:
        wishes.append("a larger offload")
    wishes.append("a smaller scale")
    what = ", ".join(f"{name} {gigabytes(size)}" for name, size in need.lines())
    raise UserError(
        f"Training needs about {gigabytes(need.total)}, and {gigabytes(free)} are free: {what}.",
        fix=f"Use a smaller --preset, or in the recipe: {', '.join(wishes)}. "
        "--no-preflight starts all the same.",
    )


def gigabytes(size: int) -> str:
    """``size`` bytes in words."""
    return f"{size / 2**30:.1f} GB" if size >= 2**29 else f"{size / 2**20:.0f} MB"
