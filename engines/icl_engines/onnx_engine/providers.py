"""Where onnxruntime computes: its execution providers, by the names that ``--device`` takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import onnxruntime


class Provider(NamedTuple):
    """An execution provider with its options, and the device it computes on."""

    name: str
    device: str
    options: Mapping[str, Any] = {}

    def open(self, path: Path, options: onnxruntime.SessionOptions) -> Any:
        """A session of the graph at ``path``; on a GPU, what it cannot do goes to the CPU."""
        providers: list[Any] = [(self.name, dict(self.options))]
        if self.name != CPU.name:
            providers.append(CPU.name)
        return onnxruntime.InferenceSession(path, options, providers=providers)


CPU = Provider("CPUExecutionProvider", "cpu")
