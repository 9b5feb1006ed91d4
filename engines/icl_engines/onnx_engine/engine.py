"""The engine protocol over FluxPipeline whose heavy components onnxruntime computes.

Captions and pictures go through the same functions as in engine ``torch``, and so does the
loop: it is diffusers' own, with its components swapped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import onnxruntime
import torch
from PIL.Image import Image

from icl_studio.engines.hardware import nvidia_gpus
from icl_studio.engines.protocol import (
    AdapterFile,
    DenoiseItem,
    EngineFacts,
    EngineOptions,
    LocatedModel,
    StepReport,
)
from icl_studio.engines.store import StoredEngine
from icl_studio.errors import UserError

from ..export.identity import weight_files
from ..torch_engine.decode import decode
from ..torch_engine.denoise import SheetLatents, denoise
from ..torch_engine.encode import Conditioning, encode
from ..torch_engine.facts import engine_facts
from ..torch_engine.fit import refuse_preset
from ..torch_engine.load import model_files
from ..torch_engine.memory import free_cache, memory_errors
from ..torch_engine.preview import FILE as LATENT_RGB_FILE
from ..torch_engine.preview import latent_rgb
from ..torch_engine.stored import from_bytes, to_bytes
from .adapters import AdapterBinder
from .components import OnnxTextEncoder, OnnxTransformer, OnnxVae
from .find import find_engine, linears_of_engine
from .pipeline import with_components
from .providers import CPU as CPU_PROVIDER
from .providers import Provider, choose_provider

CPU = torch.device("cpu")


def create(model: LocatedModel, options: EngineOptions) -> OnnxEngine:
    """Find and load the ONNX engine of ``model``; the factory that the ``EngineSpec`` names.

    Raises :class:`UserError` for another device or precision than it serves,
    :class:`NotFound` when no engine fits (with what differs), :class:`StorageProblem` for a
    damaged one, :class:`ModelUnavailable` and :class:`OutOfMemory`.
    """
    provider = choose_provider(options.device)
    if provider == CPU_PROVIDER and options.dtype not in (None, "float32"):
        raise UserError(
            "On the CPU the ONNX engine computes in float32.",
            fix="Leave out --dtype, or use --engine torch.",
        )
    refuse_preset(options, "onnx")
    dtype = "float32" if provider == CPU_PROVIDER else options.dtype
    return OnnxEngine(model, find_engine(model, dtype), provider)


class OnnxEngine:
    """:class:`icl_studio.engines.protocol.Engine` over a verified engine of the store."""

    def __init__(
        self, model: LocatedModel, stored: StoredEngine, provider: Provider = CPU_PROVIDER
    ) -> None:
        self._model = model
        self._stored = stored
        self._provider = provider
        self._place = CPU if provider == CPU_PROVIDER else torch.device("cuda", provider.index)
        linears = linears_of_engine(stored)
        folder = stored.folder
        with memory_errors(self._place, f"loading {model.spec.id}"):
            self._transformer = OnnxTransformer(folder / "transformer", provider)
            self.pipeline = with_components(
                model,
                transformer=self._transformer,
                vae=OnnxVae(folder / "vae_decoder", folder / "vae_encoder", provider),
                text_encoder=OnnxTextEncoder(folder / "text_encoder", provider),
                text_encoder_2=OnnxTextEncoder(folder / "text_encoder_2", provider),
            )
        self._rgb = latent_rgb(model, self.pipeline.vae.config.latent_channels)
        max_rank = stored.manifest.structure.adapters.max_rank
        self._binder = AdapterBinder(linears, max_rank, self._transformer.adapter_dtype)

    @cached_property
    def facts(self) -> EngineFacts:
        """As the torch engine's; the weights are the stored engine's files."""
        replaced = set(weight_files(self._model.folder))
        files = [path for path in model_files(self._model.folder) if path not in replaced]
        latent_file = self._model.folder / LATENT_RGB_FILE
        if latent_file.is_file():
            files.append(latent_file)
        files += [self._stored.folder / file.path for file in self._stored.manifest.files]
        facts = engine_facts(self._model, CPU, torch.float32, tuple(files))
        versions = {**facts.versions, "onnxruntime": onnxruntime.__version__}
        told = {"engine": "onnx", "versions": versions, "device": self._provider.device}
        told["dtype"] = self._stored.manifest.structure.dtype
        if self._provider != CPU_PROVIDER:
            cards = nvidia_gpus()
            index = self._provider.index
            told["device_name"] = cards[index].name if index < len(cards) else ""
        return facts.model_copy(update=told)

    def use_adapters(self, adapters: Sequence[AdapterFile]) -> None:
        with memory_errors(self._place, "loading adapters"):
            self._transformer.bind(self._binder.bind(adapters))

    def encode(self, captions: Sequence[str]) -> list[Conditioning]:
        with memory_errors(self._place, "reading the captions"):
            return encode(self.pipeline, captions, self._model.spec.max_sequence_length)

    def denoise(
        self,
        items: Sequence[DenoiseItem],
        on_step: Callable[[StepReport], None] | None = None,
    ) -> list[SheetLatents]:
        doing = f"drawing {len(items)} x {items[0].canvas}" if items else "drawing"
        with memory_errors(self._place, doing):
            return denoise(self.pipeline, items, self._rgb, on_step)

    def decode(self, latents: Sequence[SheetLatents]) -> list[Image]:
        with memory_errors(self._place, "decoding the picture"):
            return decode(self.pipeline, latents)

    def to_bytes(self, value: Conditioning | SheetLatents) -> bytes:
        return to_bytes(value)

    def from_bytes(self, data: bytes) -> Conditioning | SheetLatents:
        return from_bytes(data, CPU)

    def close(self) -> None:
        """Forget the session and the pipeline and give their memory back."""
        del self.pipeline, self._transformer, self._binder
        free_cache(self._place)
