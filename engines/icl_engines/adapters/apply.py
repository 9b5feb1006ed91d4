"""Checked adapters on the transformer, through peft; with an exact way back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from diffusers import FluxTransformer2DModel
from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer

from icl_studio.engines.protocol import AdapterFile
from icl_studio.errors import AdapterRejected, InternalError

from .check import Delta, load_adapter
from .convert import Linear


class FileKey(NamedTuple):
    """One version of one file: a file that changes on disk is another adapter."""

    path: Path
    mtime_ns: int
    size: int


class AdapterStack:
    """The adapters that act on one transformer.

    Adapters in use stay on the device from one :meth:`use` to the next; the others are taken
    out entirely, so that without adapters the model is the very model that was loaded: the
    original linears, no wrapper around them.
    """

    def __init__(self, transformer: FluxTransformer2DModel) -> None:
        self._transformer = transformer
        self._linears = {
            name: Linear(module.in_features, module.out_features)
            for name, module in transformer.named_modules()
            if isinstance(module, torch.nn.Linear)
        }
        self._loaded: dict[FileKey, str] = {}
        self._count = 0

    def check(self, adapters: Sequence[AdapterFile]) -> None:
        """Raise :class:`AdapterRejected` if :meth:`use` would; the model is not touched."""
        self._read(adapters)

    def use(self, adapters: Sequence[AdapterFile]) -> None:
        """Make exactly ``adapters`` act, in this order; a file named twice acts with the sum.

        Raises :class:`AdapterRejected` before anything is changed: the adapters of the last
        call still act then. When memory runs out on the way, no adapter acts.
        """
        weights, fresh = self._read(adapters)
        try:
            self._remove([key for key in self._loaded if key not in weights])
            for key in weights:
                if key not in self._loaded:
                    self._add(key, fresh.pop(key))
            self._activate(weights)
        except BaseException:
            self._remove(list(self._loaded))
            raise

    def _read(
        self, adapters: Sequence[AdapterFile]
    ) -> tuple[dict[FileKey, float], dict[FileKey, dict[str, Delta]]]:
        """The weight of every adapter that has one, and the matrices of those not yet in."""
        weights: dict[FileKey, float] = {}
        fresh: dict[FileKey, dict[str, Delta]] = {}
        for adapter in adapters:
            key = _file_key(adapter.path)
            weights[key] = weights.get(key, 0.0) + adapter.weight
            if key not in self._loaded and key not in fresh:
                # By the path that was given: a link's target (a hub blob) has no name.
                fresh[key] = load_adapter(adapter.path, self._linears)
        return {key: weight for key, weight in weights.items() if weight}, fresh

    def _add(self, key: FileKey, deltas: Mapping[str, Delta]) -> None:
        """Wrap the linears that ``deltas`` name and give the wrappers its matrices."""
        self._count += 1
        name = f"adapter_{self._count}"
        self._loaded[key] = name
        model = self._transformer
        _forget_configs(model)
        inject_adapter_in_model(_config(deltas), model, name, low_cpu_mem_usage=True)
        state = {}
        for module, delta in deltas.items():
            for part, matrix in zip("AB", delta, strict=True):
                # Always a copy: a tensor of the mapped file would keep the file open, and its
                # alignment changes the last bits of a product on some CPUs.
                state[f"{module}.lora_{part}.weight"] = matrix.to(
                    device=model.device, dtype=model.dtype, copy=True
                )
        result = set_peft_model_state_dict(model, state, name, low_cpu_mem_usage=True)
        _forget_configs(model)
        wrapped = {module for module, layer in self._wrapped() if name in layer.lora_A}
        if result.unexpected_keys or wrapped != deltas.keys():
            raise InternalError(f"peft placed {key.path} elsewhere than it was checked for")

    def _activate(self, weights: Mapping[FileKey, float]) -> None:
        names = {self._loaded[key]: weight for key, weight in weights.items()}
        for _, layer in self._wrapped():
            layer.set_adapter(list(names), inference_mode=True)
            for name, weight in names.items():
                layer.set_scale(name, weight)

    def _remove(self, keys: Iterable[FileKey]) -> None:
        """Take adapters out; a linear that has none left is put back in its own place."""
        gone = {self._loaded.pop(key) for key in keys}
        if not gone:
            return
        for module, layer in list(self._wrapped()):
            left = [name for name in layer.lora_A if name not in gone]
            if left:
                layer.set_adapter(left, inference_mode=True)
                for name in gone:
                    layer.delete_adapter(name)
            else:
                parent, _, child = module.rpartition(".")
                setattr(self._transformer.get_submodule(parent), child, layer.get_base_layer())

    def _wrapped(self) -> Iterable[tuple[str, LoraLayer]]:
        for name in self._linears:
            module = self._transformer.get_submodule(name)
            if isinstance(module, LoraLayer):
                yield name, module


def _config(deltas: Mapping[str, Delta]) -> LoraConfig:
    """A peft config that names exactly these modules, each with its own rank.

    peft matches lists of names by their ends (``proj_out`` would also hit every single
    block's), so the modules are one anchored expression. alpha equals rank everywhere: the
    file's own scale is in B already, and the weight is set per layer afterwards.
    """
    ranks = {module: delta.a.shape[0] for module, delta in deltas.items()}
    common = Counter(ranks.values()).most_common(1)[0][0]
    others = {f"^{re.escape(name)}": rank for name, rank in ranks.items() if rank != common}
    return LoraConfig(
        r=common,
        lora_alpha=common,
        rank_pattern=others,
        alpha_pattern=others,
        target_modules="|".join(re.escape(name) for name in ranks),
        init_lora_weights=False,
        inference_mode=True,
    )


def _file_key(path: Path) -> FileKey:
    try:
        found = path.resolve().stat()
    except OSError as error:
        raise AdapterRejected(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check the path."
        ) from error
    return FileKey(path.resolve(), found.st_mtime_ns, found.st_size)


def _forget_configs(model: FluxTransformer2DModel) -> None:
    """peft keeps its configs on the model and warns when it meets an older one."""
    if hasattr(model, "peft_config"):
        del model.peft_config
