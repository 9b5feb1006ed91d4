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
    StepReport,
)

from ..adapters import AdapterStack
from .decode import decode
from .denoise import SheetLatents, denoise
from .device import choose_device, choose_dtype
from .encode import Conditioning, encode
from .facts import engine_facts
from .load import load_pipeline, model_files
from .memory import free_cache, memory_errors
from .preview import FILE as LATENT_RGB_FILE
from .preview import latent_rgb
from .stored import from_bytes, to_bytes


def create(model: LocatedModel, options: EngineOptions) -> TorchEngine:
    """Load ``model`` as ``options`` ask; the factory that the plugin's ``EngineSpec`` names.

    Raises :class:`UserError` for options that this machine does not have,
    :class:`ModelUnavailable` for a folder that cannot be loaded and :class:`OutOfMemory`.
    """
    return TorchEngine(model, options)


class TorchEngine:
    """diffusers' FluxPipeline behind :class:`icl_studio.engines.protocol.Engine`.

    All components lie on one device. Each verb touches only the components of its phase
    (text encoders, transformer, VAE), so that they can be placed a phase at a time.
    """

    def __init__(self, model: LocatedModel, options: EngineOptions) -> None:
        self.device = choose_device(options)
        self.dtype = choose_dtype(options, self.device)
        self._model = model
        with memory_errors(self.device, f"loading {model.spec.id}"):
            self.pipeline = load_pipeline(model, self.device, self.dtype)
        self._rgb = latent_rgb(model, self.pipeline.vae.config.latent_channels)
        self._adapters = AdapterStack(self.pipeline.transformer)

    @cached_property
    def facts(self) -> EngineFacts:
        files = model_files(self._model.folder)
        latent_file = self._model.folder / LATENT_RGB_FILE
        if latent_file.is_file():
            files = (*files, latent_file)
        return engine_facts(self._model, self.device, self.dtype, files)

    def use_adapters(self, adapters: Sequence[AdapterFile]) -> None:
        with memory_errors(self.device, "loading adapters"):
            self._adapters.use(adapters)

    def encode(self, captions: Sequence[str]) -> list[Conditioning]:
        with memory_errors(self.device, "reading the captions"):
            return encode(self.pipeline, captions, self._model.spec.max_sequence_length)

    def denoise(
        self,
        items: Sequence[DenoiseItem],
        on_step: Callable[[StepReport], None] | None = None,
    ) -> list[SheetLatents]:
        doing = f"drawing {len(items)} x {items[0].canvas}" if items else "drawing"
        with memory_errors(self.device, doing):
            return denoise(self.pipeline, items, self._rgb, on_step)

    def decode(self, latents: Sequence[SheetLatents]) -> list[Image]:
        with memory_errors(self.device, "decoding the picture"):
            return decode(self.pipeline, latents)

    def to_bytes(self, value: Conditioning | SheetLatents) -> bytes:
        return to_bytes(value)

    def from_bytes(self, data: bytes) -> Conditioning | SheetLatents:
        with memory_errors(self.device, "reading what was kept"):
            return from_bytes(data, self.device)

    def close(self) -> None:
        """Forget the pipeline and give its memory back."""
        del self.pipeline, self._adapters
        free_cache(self.device)
