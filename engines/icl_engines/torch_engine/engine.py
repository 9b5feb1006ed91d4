"""The engine protocol over one loaded pipeline: each verb is one phase, in its own module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from PIL.Image import Image

from icl_studio.engines.protocol import (
    AdapterFile,
    DenoiseItem,
    EngineFacts,
    EngineOptions,
    LocatedModel,
    Measure,
    MemoryPreset,
    StepReport,
)

from ..adapters import AdapterStack
from .decode import decode
from .denoise import SheetLatents, denoise
from .device import choose_device, choose_dtype
from .encode import Conditioning, encode
from .facts import engine_facts
from .fit import choose_preset
from .load import PlacedPipeline, load_pipeline, model_files
from .measures import TILES, measures_for
from .memory import free_cache, memory_errors
from .placement import ALL, PRESETS, Placement, own_memory
from .preview import FILE as LATENT_RGB_FILE
from .preview import latent_rgb
from .resting import is_away, skeleton
from .stored import from_bytes, to_bytes


def create(model: LocatedModel, options: EngineOptions) -> TorchEngine:
    """Load ``model`` as ``options`` ask; the factory that the plugin's ``EngineSpec`` names.

    Raises :class:`UserError` for options that this machine does not have,
    :class:`ModelUnavailable` for a folder that cannot be loaded and :class:`OutOfMemory`.
    """
    return TorchEngine(model, options)


class TorchEngine:
    """diffusers' FluxPipeline behind :class:`icl_studio.engines.protocol.Engine`.

    Each verb touches only the components of its phase (text encoders, transformer, VAE), which
    are brought to the device before it begins (:mod:`.placement`).
    """

    def __init__(self, model: LocatedModel, options: EngineOptions) -> None:
        self.device = choose_device(options)
        self.dtype = choose_dtype(options, self.device)
        self._model = model
        model_files(model.folder)
        preset = choose_preset(options, self.device, self.dtype, model.folder)
        with memory_errors(self.device, f"loading {model.spec.id}"):
            self.pipeline, self._placement = self._load(preset, options.memory is None)
        self._rgb = latent_rgb(model, self.pipeline.vae.config.latent_channels)
        self._adapters = AdapterStack(self.pipeline.transformer)
        self._awaited: Sequence[AdapterFile] | None = None
        self._tiles = False

    def _load(self, preset: MemoryPreset, less: bool) -> tuple[PlacedPipeline, Placement]:
        """The pipeline, placed as ``preset`` says, or with ``less`` than that if need be."""
        folder, apart = self._model.folder, own_memory(self.device)
        here = preset == "resident" and not apart
        parts = {} if here or apart else {name: skeleton(folder, name) for name in ALL}
        pipeline = load_pipeline(self._model, self.dtype, **parts)
        pipeline.placed_on = self.device
        if here:
            pipeline.to(self.device)
        placement = Placement(pipeline, folder, self.device, self.dtype, here=here)
        placement.use_first(PRESETS[PRESETS.index(preset) :] if less and apart else [preset])
        return pipeline, placement

    @cached_property
    def facts(self) -> EngineFacts:
        files = model_files(self._model.folder)
        latent_file = self._model.folder / LATENT_RGB_FILE
        if latent_file.is_file():
            files = (*files, latent_file)
        return engine_facts(self._model, self.device, self.dtype, files)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return measures_for(self.device)

    def use_measures(self, ids: Sequence[str]) -> None:
        self._tiles = TILES.id in ids
        with memory_errors(self.device, "making room"):
            for preset in PRESETS:
                if preset in ids:
                    self._placement.use(preset)

    def use_adapters(self, adapters: Sequence[AdapterFile]) -> None:
        with memory_errors(self.device, "loading adapters"):
            if is_away(self.pipeline.transformer):
                # Its weights are read for the denoising, not for the sake of the adapters.
                self._adapters.check(adapters)
                self._awaited = tuple(adapters)
            else:
                self._adapters.use(adapters)
                self._awaited = None

    def encode(self, captions: Sequence[str]) -> list[Conditioning]:
        with memory_errors(self.device, "reading the captions"):
            self._placement.enter("encode")
            return encode(self.pipeline, captions, self._model.spec.max_sequence_length)

    def denoise(
        self,
        items: Sequence[DenoiseItem],
        on_step: Callable[[StepReport], None] | None = None,
    ) -> list[SheetLatents]:
        doing = f"drawing {len(items)} x {items[0].canvas}" if items else "drawing"
        with memory_errors(self.device, doing):
            self._placement.enter("denoise")
            if self._awaited is not None:
                self._adapters.use(self._awaited)
                self._awaited = None
            return denoise(self.pipeline, items, self._rgb, on_step)

    def decode(self, latents: Sequence[SheetLatents]) -> list[Image]:
        with memory_errors(self.device, "decoding the picture"):
            self._placement.enter("decode")
            return decode(self.pipeline, latents, tiles=self._tiles)

    def to_bytes(self, value: Conditioning | SheetLatents) -> bytes:
        return to_bytes(value)

    def from_bytes(self, data: bytes) -> Conditioning | SheetLatents:
        with memory_errors(self.device, "reading what was kept"):
            return from_bytes(data, self.device)

    def close(self) -> None:
        """Forget the pipeline and give its memory back."""
        del self.pipeline, self._adapters, self._placement
        free_cache(self.device)
