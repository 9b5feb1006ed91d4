"""The recipe of a training run: every value that affects its result, and nothing else.

The defaults are the paper's (arXiv 2410.23775, section 3.4, and its released configuration). A
recipe file is JSON with any of these keys; a mistyped key is refused with the nearest one.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ..domain.problems import Frozen, Problem
from ..domain.request import problems_of
from ..errors import NotFound, RequestInvalid

Base = Literal["auto", "float32", "bfloat16", "fp8", "int8", "nf4"]
Times = Literal["logit-normal", "uniform"]


class Recipe(Frozen):
    """How an adapter is tuned. ``batch`` sheets make a step, ``micro`` of them at a time."""

    rank: int = Field(16, ge=1, le=256, description="size of the adapter; a file grows with it")
    alpha: float = Field(
        16.0, gt=0, le=1024, description="strength: the adapter acts times alpha / rank"
    )
    learning_rate: float = Field(
        1e-4, gt=0, le=1, description="how far a step goes; too high diverges"
    )
    warmup: int = Field(0, ge=0, description="steps over which the learning rate rises from zero")
    decay: float = Field(
        0.0, ge=0, le=1, description="last share of the steps in which the learning rate falls to 0"
    )
    batch: int = Field(4, ge=1, le=256, description="sheets that make one step")
    micro: int | None = Field(
        None, ge=1, description="sheets computed at a time; fewer need less memory (none: all)"
    )
    steps: int = Field(5000, ge=1, le=1_000_000, description="steps in all")
    ema: float = Field(
        0.99, ge=0, lt=1, description="the result averages the steps, this much kept each step"
    )
    dropout: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of captions left empty, so that guidance stays possible",
    )
    times: Times = Field(
        "logit-normal",
        description="which noise levels are practised: middle ones more, or all alike",
    )
    shift: bool = Field(
        True, description="practise noisier levels on larger canvases, as the model samples them"
    )
    guidance: float = Field(
        1.0,
        ge=0,
        le=50,
        description="guidance told to a distilled model: 1 is what pictures without guidance have",
    )
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW's pull towards zero")
    clip: float = Field(1.0, gt=0, description="longest gradient; longer ones are scaled down")
    optimizer: Literal["adamw", "adamw8bit"] = Field(
        "adamw", description="adamw8bit keeps its state in 8 bits (needs bitsandbytes)"
    )
    base: Base = Field(
        "auto",
        description="how the frozen model is held: fp8 halves its memory and needs nothing more; "
        "int8 and nf4 need bitsandbytes; auto is bfloat16 on a GPU, float32 on a CPU",
    )
    offload: float = Field(
        0.0, ge=0, le=1, description="share of the blocks whose weights wait in main memory (fp8)"
    )
    checkpointing: bool = Field(
        False, description="compute blocks twice instead of keeping them: less memory, slower"
    )
    scale: float = Field(
        1.0, gt=0, le=1, description="size of the canvas along each side, as a share of the task's"
    )
    buckets: bool = Field(True, description="keep the shapes of sheets, in buckets of one area")
    fit: Literal["exact", "crop", "pad"] = Field(
        "crop", description="what happens where a shape differs from its bucket's"
    )
    seed: int = Field(0, ge=0, lt=2**63, description="decides order, noise and starting weights")
    sample_every: int = Field(250, ge=0, description="steps between sample sheets; 0: none")
    samples: int = Field(2, ge=0, le=16, description="sample sheets each time, at fixed seeds")
    checkpoint_every: int = Field(
        250, ge=1, description="steps between checkpoints: at most so much is lost"
    )
    keep: int = Field(2, ge=1, le=100, description="checkpoints that are kept")
    save_as: Literal["float32", "float16", "bfloat16"] = Field(
        "float16", description="precision of the finished file"
    )

    @property
    def digest(self) -> str:
        """sha256 hex over every value."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def at_a_time(self) -> int:
        """Sheets that are in memory together."""
        return min(self.batch, self.micro or self.batch)


PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"base": "bfloat16", "checkpointing": True, "optimizer": "adamw8bit"},
    "24gb": {"base": "fp8", "checkpointing": True, "micro": 1},
    "16gb": {"base": "fp8", "checkpointing": True, "micro": 1, "offload": 0.5},
    "12gb": {"base": "fp8", "checkpointing": True, "micro": 1, "offload": 0.7, "scale": 0.75},
    "tiny": {
        "learning_rate": 5e-3,
        "warmup": 20,
        "decay": 0.5,
        "steps": 400,
        "sample_every": 100,
        "checkpoint_every": 50,
    },
}
"""What differs from the defaults. ``paper`` is for one card of 48 GB or more; a step
of the others sees as many sheets. ``tiny`` is for the embedded model: minutes on a laptop."""

TELLS = {
    "paper": "the published settings, for a card of 48 GB or more",
    "24gb": "8-bit base, one sheet at a time; a 24 GB card at the full canvas",
    "16gb": "as 24gb, with half of the blocks waiting in main memory",
    "12gb": "two thirds of the blocks in main memory, canvas at three quarters",
    "tiny": "for the embedded model: minutes on a laptop",
}


def make_recipe(preset: str | None = None, file: Path | None = None, **changes: Any) -> Recipe:
    """The recipe of ``preset``, then what ``file`` says, then ``changes`` that are not None.

    Raises :class:`NotFound` for an unknown preset or file and :class:`RequestInvalid` naming
    every wrong key and value, a mistyped key with the nearest one.
    """
    values: dict[str, Any] = {}
    if preset is not None:
        if preset not in PRESETS:
            near = difflib.get_close_matches(preset.lower(), PRESETS, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise NotFound(
                f"There is no preset {preset!r}.", fix=f"{hint}There are: {', '.join(PRESETS)}."
            )
        values |= PRESETS[preset]
    if file is not None:
        values |= _read(file)
    values |= {key: value for key, value in changes.items() if value is not None}
    unknown = [key for key in values if key not in Recipe.model_fields]
    problems = [_unknown(key) for key in unknown]
    try:
        recipe = Recipe.model_validate({k: v for k, v in values.items() if k not in unknown})
    except ValidationError as error:
        problems += problems_of(error)
    if problems:
        raise RequestInvalid("The recipe cannot be used.", problems=problems)
    return recipe


def explain(recipe: Recipe) -> list[tuple[str, str, str]]:
    """(key, value, what it does) of every value, in the recipe's order."""
    told = []
    for key, field in Recipe.model_fields.items():
        value = getattr(recipe, key)
        shown = "none" if value is None else f"{value:g}" if isinstance(value, float) else value
        told.append((key, str(shown), field.description or ""))
    return told


def _unknown(key: str) -> Problem:
    near = difflib.get_close_matches(key.lower().replace("-", "_"), Recipe.model_fields, n=1)
    aliases = {"lr": "learning_rate", "batch_size": "batch", "max_steps": "steps"}
    guess = aliases.get(key.lower()) or (near[0] if near else None)
    fix = f"Did you mean {guess!r}?" if guess else "Run `icl-studio train --explain` for the keys."
    return Problem(where=key, what="is no key of a recipe.", fix=fix)


def _read(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise NotFound(f"There is no recipe {file}.", fix="Check the path.") from None
    except (OSError, ValueError) as error:
        raise RequestInvalid(
            f"The recipe {file} cannot be read: {error}.", fix="Save it as JSON in UTF-8."
        ) from error
    if not isinstance(value, dict):
        raise RequestInvalid(f"The recipe {file} is not a JSON object.", fix='Write {"rank": 16}.')
    return value
