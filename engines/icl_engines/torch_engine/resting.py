"""Where a component rests while another phase is at work: in main memory, or on the disk."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import init_empty_weights

from .load import component_classes
from .quiet import quietly

META = torch.device("meta")


class Rest(Protocol):
    """Takes components off the device and puts them back, bit for bit."""

    def away(self, name: str, module: torch.nn.Module) -> None: ...

    def back(self, name: str, module: torch.nn.Module) -> None: ...


class InMemory:
    """For a GPU with memory of its own: what rests lies in the machine's."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def away(self, name: str, module: torch.nn.Module) -> None:
        module.to("cpu")

    def back(self, name: str, module: torch.nn.Module) -> None:
        module.to(self._device)


class OnDisk:
    """For a CPU, and a GPU that shares its memory: what rests is read from its files again.

    The module stays, with the adapters that were put into it; only its own weights go.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self._folder = folder
        self._device = device
        self._dtype = dtype

    def away(self, name: str, module: torch.nn.Module) -> None:
        for owner, leaf, _ in _own_weights(module):
            weight = owner._parameters[leaf]
            if weight is not None and weight.device != META:
                empty = torch.empty_like(weight, device=META)
                owner._parameters[leaf] = torch.nn.Parameter(empty, requires_grad=False)

    def back(self, name: str, module: torch.nn.Module) -> None:
        with quietly():
            fresh = component_class(self._folder, name).from_pretrained(
                self._folder / name, dtype=self._dtype, use_safetensors=True, local_files_only=True
            )
        fresh.to(self._device)
        weights = dict(fresh.named_parameters(remove_duplicate=False))
        for owner, leaf, path in _own_weights(module):
            owner._parameters[leaf] = weights[path]
        buffers = dict(fresh.named_buffers(remove_duplicate=False))
        for path, owner in list(module.named_modules()):
            for leaf in owner._buffers:
                owner._buffers[leaf] = buffers[_original(f"{path}.{leaf}")]


def skeleton(folder: Path, name: str) -> Any:
    """Component ``name`` of the model in ``folder`` with all its modules and no weights."""
    kind = component_class(folder, name)
    with init_empty_weights(), quietly():
        if hasattr(kind, "load_config"):  # diffusers
            module = kind.from_config(kind.load_config(folder / name))
        else:
            module = kind(kind.config_class.from_pretrained(folder / name))
    return module.eval()


def is_away(module: torch.nn.Module) -> bool:
    """Whether the weights of ``module`` rest on the disk."""
    return any(weight.device == META for weight in module.parameters())


def component_class(folder: Path, name: str) -> Any:
    library, class_name = component_classes(folder)[name]
    return getattr(import_module(library), class_name)


def _own_weights(module: torch.nn.Module) -> list[tuple[torch.nn.Module, str, str]]:
    """Owner, attribute and original path of every parameter that is no adapter's."""
    return [
        (owner, leaf, _original(f"{path}.{leaf}"))
        for path, owner in module.named_modules()
        for leaf, weight in owner._parameters.items()
        if weight is not None and ".lora_" not in f".{path}"
    ]


def _original(path: str) -> str:
    """The path that a parameter had before peft wrapped its linear."""
    return path.replace(".base_layer.", ".").lstrip(".")
