"""The engine protocol over FluxPipeline whose transformer TensorRT computes.

Captions and pictures go through the same functions as in engine ``torch``, and so does the
loop: it is diffusers' own, with one component swapped.

Text encoders and VAE are the model's own, in torch. At FLUX.1-dev's size a sheet is 28 steps of
64 to 120 TFLOP each, beside 5 TFLOP for T5 and 10 for the VAE, once: building these too would save
a few hundredths of the time at best, and take memory from the transformer on every card.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
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
from icl_studio.engines.store import EngineStore, StoredEngine
from icl_studio.errors import UserError
from icl_studio.paths import user_folders

from ..adapters.inputs import AdapterInputs
from ..export.load import load_some
from ..export.signature import Packing
from ..onnx_engine.find import linears_of_engine
from ..torch_engine.decode import decode
from ..torch_engine.denoise import SheetLatents, denoise
from ..torch_engine.device import choose_device
from ..torch_engine.encode import Conditioning, encode
from ..torch_engine.facts import engine_facts
from ..torch_engine.fit import refuse_preset
from ..torch_engine.load import model_files
from ..torch_engine.memory import free_cache, memory_errors
from ..torch_engine.preview import FILE as LATENT_RGB_FILE
from ..torch_engine.preview import latent_rgb
from ..torch_engine.stored import from_bytes, to_bytes
from .find import find_built, this_gpu
from .job import BLOB, TRANSFORMER
from .library import Library, library
from .parity import ensure_parity
from .session import RESERVE, Session
from .transformer import Runs, TensorrtTransformer

TEXT = ("text_encoder", "text_encoder_2")


def create(model: LocatedModel, options: EngineOptions) -> TensorrtEngine:
    """Find and load the engine of ``model`` for this card; the ``EngineSpec`` names it.

    Raises :class:`UserError` where there is no NVIDIA card or no TensorRT, :class:`NotFound`
    when no engine fits (with what differs), :class:`StorageProblem` for a damaged one,
    :class:`ModelUnavailable` and :class:`OutOfMemory`.
    """
    if options.device is not None and not options.device.startswith("cuda"):
        raise UserError(
            f"The TensorRT engine does not compute on {options.device}.",
            fix="Leave out --device, or use --engine torch.",
        )
    refuse_preset(options, "tensorrt")
    gpus = nvidia_gpus()
    this_gpu(gpus)
    device = choose_device(EngineOptions(device=options.device or "cuda"))
    gpu = this_gpu(gpus, device.index or 0)
    here = library()
    store = EngineStore(user_folders().engines)
    stored = find_built(model, store, here, gpu, options.dtype)
    with memory_errors(device, f"loading {model.spec.id}"):
        vae = load_some(model, ("vae",), getattr(torch, stored.manifest.structure.dtype))
        vae.to(device)
        session = Session(here, stored.folder / TRANSFORMER / BLOB, device)
    engine = TensorrtEngine(model, stored, here, session, vae, device)
    engine.stored = ensure_parity(store, stored, engine.pipeline, engine.linears)
    return engine


class TensorrtEngine:
    """:class:`icl_studio.engines.protocol.Engine` over a verified engine of the store.

    ``runs`` computes the transformer; ``pipeline`` has the VAE on ``device`` and gets the
    transformer. The text encoders lie on the card too where it has room for them.
    """

    def __init__(
        self,
        model: LocatedModel,
        stored: StoredEngine,
        library: Library,
        runs: Runs,
        pipeline: FluxPipeline,
        device: torch.device,
    ) -> None:
        self.stored = stored
        self.linears = linears_of_engine(stored)
        self._model = model
        self._library = library
        self._device = device
        self._runs = runs
        structure = stored.manifest.structure
        self._dtype: torch.dtype = getattr(torch, structure.dtype)
        self.transformer = TensorrtTransformer(
            runs,
            FluxTransformer2DModel.load_config(stored.folder / TRANSFORMER),
            structure.profile,
            Packing(self.linears).heights,
            device,
            self._dtype,
        )
        self.pipeline = pipeline
        self.pipeline.transformer = self.transformer
        with memory_errors(device, f"loading {model.spec.id}"):
            self._texts = load_some(model, TEXT, self._dtype)
            self._texts.to(device if _have_room(self._texts, device) else "cpu")
        self._rgb = latent_rgb(model, pipeline.vae.config.latent_channels)
        self._inputs = AdapterInputs(self.linears, structure.adapters.max_rank)

    @cached_property
    def facts(self) -> EngineFacts:
        """As the torch engine's; the transformer's weights are the stored engine's files."""
        part = self._model.folder / TRANSFORMER
        files = [
            path
            for path in model_files(self._model.folder)
            if not (path.parent == part and path.suffix == ".safetensors")
        ]
        latent_file: Path = self._model.folder / LATENT_RGB_FILE
        if latent_file.is_file():
            files.append(latent_file)
        files += [self.stored.folder / file.path for file in self.stored.manifest.files]
        facts = engine_facts(self._model, self._device, self._dtype, tuple(files))
        versions = {**facts.versions, self._library.name: self._library.version}
        return facts.model_copy(update={"engine": "tensorrt", "versions": versions})

    def use_adapters(self, adapters: Sequence[AdapterFile]) -> None:
        with memory_errors(self._device, "loading adapters"):
            self.transformer.bind(self._inputs.packed(adapters))

    def encode(self, captions: Sequence[str]) -> list[Conditioning]:
        with memory_errors(self._device, "reading the captions"):
            found = encode(self._texts, captions, self._model.spec.max_sequence_length)
            return [
                Conditioning(one.prompt.to(self._device), one.pooled.to(self._device))
                for one in found
            ]

    def denoise(
        self,
        items: Sequence[DenoiseItem],
        on_step: Callable[[StepReport], None] | None = None,
    ) -> list[SheetLatents]:
        """As the protocol says; more items than the engine takes at once are refused."""
        if items:
            prompt: torch.Tensor = items[0].conditioning.prompt
            self.transformer.check(1, items[0].canvas.tokens, prompt.shape[1])
            if len(items) > self.transformer.batch:
                raise UserError(
                    f"This engine was built for {self.transformer.batch} sheets at once, and "
                    f"{len(items)} are asked for.",
                    fix=f"Build it again with --batch {len(items)}, or make fewer at once.",
                )
        doing = f"drawing {len(items)} x {items[0].canvas}" if items else "drawing"
        with memory_errors(self._device, doing):
            return denoise(self.pipeline, items, self._rgb, on_step)

    def decode(self, latents: Sequence[SheetLatents]) -> list[Image]:
        with memory_errors(self._device, "decoding the picture"):
            return decode(self.pipeline, latents)

    def to_bytes(self, value: Conditioning | SheetLatents) -> bytes:
        return to_bytes(value)

    def from_bytes(self, data: bytes) -> Conditioning | SheetLatents:
        return from_bytes(data, self._device)

    def close(self) -> None:
        """Give the card's memory back."""
        if isinstance(self._runs, Session):
            self._runs.close()
        del self.pipeline, self.transformer, self._texts, self._inputs, self._runs
        free_cache(self._device)


def _have_room(pipeline: FluxPipeline, device: torch.device) -> bool:
    """Whether the text encoders fit on the card beside what lies there already."""
    if device.type != "cuda":
        return True
    modules = (getattr(pipeline, name) for name in TEXT)
    needed = sum(p.numel() * p.element_size() for module in modules for p in module.parameters())
    free, _ = torch.cuda.mem_get_info(device)
    return bool(needed + RESERVE < free)
