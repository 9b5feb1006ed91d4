"""The engine protocol: three verbs, one a phase, and the adapters they act with.

An engine is created by the factory that its :class:`EngineSpec` names, inside a worker
process only. Everything that passes between the verbs (conditionings, latents) is opaque
to the application; pictures come out as PIL images.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from PIL.Image import Image
from pydantic import Field

from ..domain.geometry import Size
from ..domain.model import Identifier, ModelSpec, Sampling
from ..domain.problems import Frozen

Verb = Literal["encode", "denoise", "decode"]
MemoryPreset = Literal["resident", "phases", "layers"]
"""``resident``: the whole model lies on the device. ``phases``: only what the phase at work needs
(text encoders, then the transformer, then the VAE). ``layers``: as ``phases``, and of the large
ones a block at a time. None of them changes a pixel."""


class EngineSpec(Frozen):
    """An engine that a plugin offers; ``factory`` is ``"module:callable"``.

    The callable takes ``(model: LocatedModel, options: EngineOptions)`` and returns an
    :class:`Engine`. It is resolved in a worker only, so discovery loads nothing heavy.
    ``requires`` lists top-level modules without which the engine cannot run. ``trainer``, where
    the engine can tune adapters, is a callable ``(job: TrainJob, report: Reporter) -> TrainResult``
    (:mod:`icl_studio.training.job`). ``exporter``, where the engine runs what is made from a
    model beforehand, is a callable that makes it (:mod:`icl_studio.engines.exporting`);
    ``builder``, where it is then built for one kind of GPU, does that
    (:mod:`icl_studio.engines.building`). ``stored``: it runs nothing but what lies in the store,
    so a job is checked against that before it starts; ``formats`` are then the numbers of the
    formats that it writes today, each after its name in an engine's versions: one with another
    number is stale. ``a|b`` in ``requires`` asks for either.
    """

    id: Identifier
    title: str
    factory: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    requires: tuple[str, ...] = ()
    trainer: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] | None = None
    exporter: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] | None = None
    builder: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] | None = None
    stored: bool = False
    formats: tuple[tuple[str, str], ...] = ()

    def missing(self) -> tuple[str, ...]:
        """Modules that it needs and this Python has not; looks only, imports nothing."""
        return tuple(names.split("|")[0] for names in self.requires if not _any_found(names))


def _any_found(names: str) -> bool:
    return any(importlib.util.find_spec(name) is not None for name in names.split("|"))


class LocatedModel(Frozen):
    """A model that lies on this machine: its spec and its diffusers folder."""

    spec: ModelSpec
    folder: Path


class EngineOptions(Frozen):
    """Where and how precisely an engine computes; None lets the engine choose.

    ``device`` is a torch device (``cpu``, ``cuda``, ``cuda:1``, ``mps``), ``dtype`` one of
    ``float32``, ``float16``, ``bfloat16``. ``memory`` says what may lie on the device together;
    an engine refuses a preset that it does not know.
    """

    device: str | None = None
    dtype: str | None = None
    memory: MemoryPreset | None = None


class EngineFacts(Frozen):
    """What a receipt says of an engine: ``files`` are all weight files it read."""

    engine: str
    device: str
    device_name: str = ""
    dtype: str
    versions: dict[str, str]
    files: tuple[Path, ...] = ()
    max_sequence_length: int


class AdapterFile(Frozen):
    """A LoRA on disk with the weight it acts with (1.0 is as trained)."""

    path: Path
    weight: float = 1.0


class DenoiseItem(Frozen, arbitrary_types_allowed=True):
    """One sheet to denoise: its conditioning (from ``encode``), canvas, seed, sampling.

    The noise is drawn on the CPU in float32 from ``seed``, one generator a set, whatever
    the device, dtype or batch (DESIGN, Determinism).
    """

    conditioning: Any
    canvas: Size
    seed: int
    sampling: Sampling


class StepReport(Protocol):
    """What ``on_step`` gets after each denoising step of a batch."""

    @property
    def step(self) -> int:
        """Steps done so far, 1 to ``total``."""
        ...

    @property
    def total(self) -> int: ...

    def preview(self, index: int) -> Image:
        """A small RGB picture (an eighth of the canvas) of sheet ``index`` as it stands.

        A fixed linear map of the latents: no VAE, a few milliseconds at most.
        """
        ...


class Engine(Protocol):
    """Computes sheets from captions. Not thread-safe; one job at a time."""

    @property
    def facts(self) -> EngineFacts: ...

    def use_adapters(self, adapters: Sequence[AdapterFile]) -> None:
        """Make exactly ``adapters`` act on the next ``denoise``, in this order.

        Every key and shape is checked before the model is touched. Raises
        :class:`~icl_studio.errors.AdapterRejected`; the engine then stands as it did
        before the call. Raises ``OutOfMemory``; then no adapter acts.
        """
        ...

    def encode(self, captions: Sequence[str]) -> list[Any]:
        """One conditioning per caption, in order."""
        ...

    def denoise(
        self,
        items: Sequence[DenoiseItem],
        on_step: Callable[[StepReport], None] | None = None,
    ) -> list[Any]:
        """One latent per item. All items share canvas and sampling (one batch).

        Whatever ``on_step`` raises stops the loop between two steps and is passed on;
        the engine stays usable. Raises ``OutOfMemory``.
        """
        ...

    def decode(self, latents: Sequence[Any]) -> list[Image]:
        """One RGB picture of the canvas size per latent."""
        ...

    def close(self) -> None:
        """Free the device's memory; the engine is unusable afterwards."""
        ...


@runtime_checkable
class Portable(Protocol):
    """What an engine may offer besides: its conditionings and latents as bytes, and back.

    With it, embeddings are kept on disk from one claim to the next, and a sheet that has been
    denoised survives the death of its worker. A value that went through both is the same bit
    for bit. Engines without it work as well; then nothing of theirs is kept.
    """

    def to_bytes(self, value: Any) -> bytes:
        """``value``, a conditioning of ``encode`` or a latent of ``denoise``, for a file."""
        ...

    def from_bytes(self, data: bytes) -> Any:
        """The value that ``data`` was made of; raises ``ValueError`` for anything else."""
        ...


class Measure(Frozen):
    """One way in which an engine can do with less memory.

    ``told`` says it in a sentence, ``relieves`` for which verbs it helps. One that
    ``changes_pixels`` is not used for requests that ask to be ``exact``, and is in the receipt.
    """

    id: Identifier
    told: str
    relieves: tuple[Verb, ...]
    changes_pixels: bool = False


@runtime_checkable
class Thrifty(Protocol):
    """What an engine may offer besides: to do with less memory after it ran out of it."""

    @property
    def measures(self) -> Sequence[Measure]:
        """All that there are here, in the order in which they are worth trying."""
        ...

    def use_measures(self, ids: Sequence[str]) -> None:
        """Have these act from now on, and of those that change pixels no others.

        One that changes no pixel may stay once it acts. Raises ``OutOfMemory``.
        """
        ...
