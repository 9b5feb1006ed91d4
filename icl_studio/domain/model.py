"""What the application knows of a model and of adapters without loading either."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .geometry import CanvasRule
from .problems import Frozen

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=64)]
Weight = Annotated[float, Field(ge=-10, le=10)]


class Sampling(Frozen):
    """How a sheet is sampled; the defaults are the paper's (arXiv 2410.23775, section 3.4)."""

    steps: int = Field(default=20, ge=1, le=500)
    guidance: float = Field(default=3.5, ge=0, le=50)


class AdapterSource(Frozen):
    """The LoRA that a task uses on one family of base models.

    ``source`` is a file path (relative ones are looked up in the resources and in the
    user's adapters folder) or a hub reference ``owner/repository/file.safetensors``.
    A FLUX.1 LoRA is never handed to a model of another family.
    """

    family: str
    source: str
    weight: Weight = 1.0


class AdapterUse(Frozen):
    """One LoRA in a request: where it comes from and how strongly it acts."""

    source: Annotated[str, Field(min_length=1)]
    weight: Weight = 1.0


class ModelSpec(Frozen):
    """A base model that requests can name.

    ``source`` is ``resource:<folder>``, a local diffusers folder or a hub id. ``family``
    decides which adapters fit. ``max_sequence_length`` is part of the model because T5 is
    not masked: another padded length changes the pixels (DESIGN, Determinism).
    ``sampling`` is what a request takes unless told otherwise; None: the task's own.
    ``vocabulary`` lists the words a small model knows; empty means natural language.
    """

    id: Annotated[str, Field(min_length=1)]
    title: str
    source: str
    family: str
    canvas: CanvasRule = CanvasRule()
    max_sequence_length: int = Field(default=512, ge=8, le=1024)
    sampling: Sampling | None = None
    licence: str = ""
    gated: bool = False
    download_gb: float = 0.0
    vocabulary: tuple[str, ...] = ()
