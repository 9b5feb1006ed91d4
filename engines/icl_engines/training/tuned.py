"""The model with the adapter that is trained: frozen base, float32 LoRA, its moving average."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import FluxTransformer2DModel
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from safetensors.torch import save
from torch import Tensor, nn

from icl_studio.errors import PluginProblem
from icl_studio.training.recipe import Recipe
from icl_studio.training.storing import storing, write_new

from ..torch_engine.device import DTYPES
from ..torch_engine.quiet import quietly
from .float8 import hold_in_float8

ADAPTER = "tuned"
IN_BLOCKS = r"(single_)?transformer_blocks\..*"


def base_dtype(recipe: Recipe, device: torch.device) -> torch.dtype:
    """What the frozen model computes in: as the recipe says, ``auto`` by device."""
    if recipe.base == "float32" or (recipe.base == "auto" and device.type != "cuda"):
        return torch.float32
    return torch.bfloat16 if device.type != "cpu" or recipe.base == "bfloat16" else torch.float32


def load_transformer(
    folder: Path, recipe: Recipe, device: torch.device, dtype: torch.dtype
) -> FluxTransformer2DModel:
    """The frozen transformer in ``folder``, held as ``recipe.base`` says, on ``device``.

    Raises :class:`PluginProblem` when a base needs what is not installed.
    """
    options: dict[str, Any] = {"torch_dtype": dtype, "use_safetensors": True}
    if recipe.base in ("int8", "nf4"):
        options["quantization_config"] = _bitsandbytes(recipe.base, dtype, device)
    with quietly():
        model = FluxTransformer2DModel.from_pretrained(
            folder / "transformer", local_files_only=True, **options
        )
    model.requires_grad_(False)
    if recipe.base == "fp8":
        blocks = [*model.transformer_blocks, *model.single_transformer_blocks]
        hold_in_float8(blocks, device, recipe.offload)
        for name, module in model.named_children():
            if not name.endswith("transformer_blocks"):
                module.to(device)
    elif recipe.base not in ("int8", "nf4"):  # those are placed while they are loaded
        model.to(device)
    if recipe.checkpointing:
        model.enable_gradient_checkpointing()
    return model  # type: ignore[no-any-return]


def _bitsandbytes(base: str, dtype: torch.dtype, device: torch.device) -> Any:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise PluginProblem(
            f"The base {base!r} needs bitsandbytes, which is not installed.",
            fix='Use "base": "fp8", which needs nothing more, or install bitsandbytes.',
        ) from None
    if device.type == "cpu":
        raise PluginProblem(
            f"The base {base!r} needs a GPU.", fix='Use "base": "auto" or "fp8" on a CPU.'
        )
    from diffusers import BitsAndBytesConfig

    if base == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


class Tuned:
    """The transformer with one trainable adapter on every linear of its blocks.

    ``values`` are the adapter's matrices by PEFT key without prefix
    (``transformer_blocks.0.attn.to_q.lora_A.weight``); ``average`` is their moving average.
    """

    def __init__(
        self, transformer: FluxTransformer2DModel, recipe: Recipe, device: torch.device
    ) -> None:
        self.transformer = transformer
        self._recipe = recipe
        targets = [
            name
            for name, module in transformer.named_modules()
            if isinstance(module, nn.Linear) and "transformer_blocks." in name
        ]
        config = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules="|".join(name.replace(".", r"\.") for name in targets),
            init_lora_weights=False,
        )
        transformer.add_adapter(config, adapter_name=ADAPTER)
        self.values = dict(self._matrices())
        generator = torch.Generator().manual_seed(recipe.seed)
        for name, value in self.values.items():
            # peft takes the base's type, which may be eight bits; adapters learn in float32.
            start = torch.zeros(value.shape)
            if ".lora_A." in name:
                bound = 1 / math.sqrt(value.shape[1])  # kaiming_uniform_ with a=sqrt(5), as peft
                start.uniform_(-bound, bound, generator=generator)
            value.data = start.to(device)
            value.requires_grad_(True)
        self.average = {name: value.detach().clone() for name, value in self.values.items()}

    def _matrices(self) -> Iterator[tuple[str, nn.Parameter]]:
        for name, module in self.transformer.named_modules():
            if isinstance(module, LoraLayer):
                yield f"{name}.lora_A.weight", module.lora_A[ADAPTER].weight
                yield f"{name}.lora_B.weight", module.lora_B[ADAPTER].weight

    @torch.no_grad()
    def follow(self) -> None:
        """Move the average by one step."""
        share = 1 - self._recipe.ema
        torch._foreach_lerp_(list(self.average.values()), list(self.values.values()), share)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """While inside, the average acts; afterwards the very values that were there."""
        kept = {name: value.data for name, value in self.values.items()}
        self.transformer.eval()
        for name, value in self.values.items():
            value.data = self.average[name]
        try:
            yield
        finally:
            for name, value in self.values.items():
                value.data = kept[name]
            self.transformer.train()

    def state(self) -> dict[str, Tensor]:
        """Values and average for a checkpoint."""
        found = {f"value.{name}": value.detach() for name, value in self.values.items()}
        return found | {f"average.{name}": value for name, value in self.average.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """What :meth:`state` gave; raises ``KeyError`` for another adapter's."""
        with torch.no_grad():
            for name, value in self.values.items():
                value.copy_(state[f"value.{name}"])
                self.average[name].copy_(state[f"average.{name}"])

    def write(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the average as a LoRA file that plain diffusers loads.

        PEFT names with the prefix ``transformer.``; alpha over rank is multiplied into B, so the
        file needs no alpha keys and acts at scale 1, as the released In-Context LoRAs do.
        """
        scale = self._recipe.alpha / self._recipe.rank
        dtype = DTYPES[self._recipe.save_as]
        tensors = {
            f"transformer.{name}": (value * scale if ".lora_B." in name else value)
            .to("cpu", dtype)
            .contiguous()
            for name, value in self.average.items()
        }
        spare = path.with_name(f".{path.name}.partial")
        with storing("writing the adapter", path):
            spare.unlink(missing_ok=True)
            try:
                write_new(spare, same_bytes(save(tensors, {"format": "pt", **metadata})))
                spare.replace(path)
            finally:
                spare.unlink(missing_ok=True)


def same_bytes(data: bytes) -> bytes:
    """A safetensors file with its header in sorted order.

    The library writes metadata in the order of a hash map, which is another in every process: two
    equal runs would end in files that differ.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
