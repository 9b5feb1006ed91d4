"""What is recorded beside a compiled engine: everything that must fit before it is used.

Two groups make the key (:mod:`.key`): :class:`Structure`, what was compiled and how, and
:class:`Weights`, which numbers are in it. The rest is history: files with their hashes, where
and when it was built, how far it is from torch eager. An adapter that is an *input* of the
engine is in neither group: one engine serves every LoRA.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...domain.model import Identifier
from ...domain.problems import Frozen
from ..hardware import Machine

SCHEMA = 2
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _inside(path: str) -> str:
    """``path`` unless it could lead out of the engine's folder, on any system."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or set(path) & set("\\:\0"):
        raise ValueError("not a plain relative path")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]
"""A path inside the engine's folder, with slashes; nothing that could lead out of it."""

Component = Literal["transformer", "vae_encoder", "vae_decoder", "text_encoder", "text_encoder_2"]


class AdapterInterface(Frozen):
    """How a LoRA reaches the engine: as inputs of these linears, up to ``max_rank``; or not.

    ``targets`` are diffusers' module names. None of them: the engine takes no adapter.
    """

    targets: tuple[str, ...] = ()
    max_rank: int = Field(default=0, ge=0)


class Profile(Frozen):
    """The shapes that an engine takes, each as (least, most)."""

    batch: tuple[int, int]
    image_tokens: tuple[int, int]
    text_tokens: tuple[int, int]

    def holds(self, batch: int, image_tokens: int, text_tokens: int) -> bool:
        """Whether a call of these sizes is inside."""
        asked = (batch, image_tokens, text_tokens)
        ranges = (self.batch, self.image_tokens, self.text_tokens)
        return all(low <= size <= high for size, (low, high) in zip(asked, ranges, strict=True))


class Structure(Frozen):
    """What was compiled and how, without its numbers.

    ``graph`` is the sha256 of the components' configurations: with ``versions`` (of the
    exporter and of the libraries whose classes were traced) it determines the graph, and it is
    known before anything is exported. ``targets`` are GPU architectures (``sm_89``), empty where
    the engine is portable; ``system`` is empty then too.
    """

    engine: Identifier
    components: tuple[Component, ...]
    graph: Sha256
    versions: dict[str, str]
    dtype: Literal["float32", "float16", "bfloat16"]
    quantisation: str = ""
    profile: Profile
    adapters: AdapterInterface
    flags: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    system: str = ""


class FusedAdapter(Frozen):
    """A LoRA that was added to the weights before the export, by content and weight."""

    sha256: Sha256
    weight: float


class Weights(Frozen):
    """Which numbers are in the engine: hashes of the base's weight files, then fused LoRAs."""

    files: dict[RelativePath, Sha256]
    fused: tuple[FusedAdapter, ...] = ()


class EngineFile(Frozen):
    """One file of the engine, relative to its folder."""

    path: RelativePath
    bytes: int = Field(ge=0)
    sha256: Sha256


class Stamp(Frozen):
    """What a weight file looked like when it was hashed: still the same, no need to hash again."""

    bytes: int
    mtime_ns: int


class ParityCase(Frozen):
    """One comparison of a component with torch eager in float32.

    ``relative_l2`` is ``|engine - torch| / |torch|`` over its whole output; of the transformer that
    is one step. ``psnr_db`` is of a whole sheet, from its caption to its pixels, at the
    transformer's sizes; at most 100, which also stands for equal pictures. ``widened``: the
    engine's own numbers were computed in float32, for the machine has no arithmetic of their
    precision.
    """

    component: Component = "transformer"
    image_tokens: int
    text_tokens: int
    adapter_rank: int = 0
    relative_l2: float = Field(ge=0)
    psnr_db: float | None = None
    widened: bool = False


class Built(Frozen):
    """Where, when and at what cost. ``peak_mb`` is the process's peak resident memory."""

    created: str
    machine: Machine
    seconds: float = Field(ge=0)
    peak_mb: int | None = None


class Manifest(Frozen):
    """``engine.json``. ``parity`` empty means: not measured yet (no such GPU where it was built).

    ``stamps`` are of the base's weight files; no part of the key.
    ``seal`` is the sha256 of everything else here. It finds an edit by hand and a damaged file;
    it is no signature: whoever can write to the store can run what he likes anyway.
    """

    schema_version: int = SCHEMA
    model: str
    structure: Structure
    weights: Weights
    files: tuple[EngineFile, ...]
    built: Built
    parity: tuple[ParityCase, ...] = ()
    stamps: dict[RelativePath, Stamp] = Field(default_factory=dict)
    seal: str = ""
