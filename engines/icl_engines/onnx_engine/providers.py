"""Where onnxruntime computes: its execution providers, by the names that ``--device`` takes.

========================  ==============================  ==================================
``--device``              provider                        comes with
========================  ==============================  ==================================
``cpu``                   CPUExecutionProvider            every onnxruntime
``cuda``, ``cuda:1``      CUDAExecutionProvider           onnxruntime-gpu
``tensorrt``              TensorrtExecutionProvider       onnxruntime-gpu and TensorRT
``tensorrt-rtx``          NvTensorRTRTXExecutionProvider  onnxruntime-ep-nv-tensorrt-rtx
========================  ==============================  ==================================

Left alone, CUDA is chosen where it is, else the CPU. The two TensorRT providers compile the graph
whenever a session starts, so they are taken only when asked for. (Their caches on disk are left
off: a compiled engine is code, and these are found again by names that leave out the weights.)
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import onnxruntime

from icl_studio.engines.hardware import nvidia_gpus
from icl_studio.errors import UserError

from ..export.signature import ADAPTER

NAMES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "tensorrt-rtx": "NvTensorRTRTXExecutionProvider",
}
INSTALL = {
    "cuda": 'pip install "icl-studio[onnx-gpu]" (after `pip uninstall onnxruntime`)',
    "tensorrt": 'pip install "icl-studio[onnx-gpu]" tensorrt (after `pip uninstall onnxruntime`)',
    "tensorrt-rtx": "pip install onnxruntime-ep-nv-tensorrt-rtx",
}
PLUGIN = "onnxruntime_ep_nv_tensorrt_rtx"
"""NVIDIA's own package with the provider as a plugin of any onnxruntime from 1.24 on."""
FOLDER = "session.model_external_initializers_file_folder_path"


class Provider(NamedTuple):
    """An execution provider: onnxruntime's name, ours, and the number of the card."""

    name: str
    device: str
    index: int = 0

    def open(self, path: Path, options: onnxruntime.SessionOptions) -> Any:
        """A session of the graph at ``path``; on a GPU, what it cannot do goes to the CPU.

        Raises :class:`UserError` where onnxruntime leaves the provider out (a missing library,
        no driver), which it only warns of.
        """
        graph: Any = path
        if self.device.startswith("tensorrt"):
            # TensorRT's parser takes an input with a default for a constant: no LoRA would act.
            graph = without_defaults(path)
            options.add_session_config_entry(FOLDER, str(path.parent))
        settings: Mapping[str, str] = {} if self.device == "cpu" else {"device_id": str(self.index)}
        if self.device == "tensorrt-rtx":
            options.add_provider_for_devices([rtx_devices()[self.index]], {})
            session = onnxruntime.InferenceSession(graph, options)
        else:
            providers: list[Any] = [(self.name, dict(settings))]
            providers += [] if self.device == "cpu" else [NAMES["cpu"]]
            session = onnxruntime.InferenceSession(graph, options, providers=providers)
        if self.name not in session.get_providers():
            raise UserError(
                f"onnxruntime cannot compute on {self.device} here: its {self.name} did not start.",
                fix="Run `icl-studio doctor`, or use --device cpu.",
            )
        return session


CPU = Provider(NAMES["cpu"], "cpu")


def choose_provider(device: str | None) -> Provider:
    """The provider that ``device`` means; None: CUDA where it is, else the CPU.

    Raises :class:`UserError` for one that is not here, with what brings it.
    """
    here = present()
    if device is None:
        device = "cuda" if "cuda" in here else "cpu"
    kind, _, number = device.partition(":")
    if kind not in NAMES or (number and not number.isdigit()):
        raise UserError(
            f"The ONNX engine has no device called {device!r}.",
            fix=f"Use one of {', '.join(NAMES)}, or --engine torch.",
        )
    if kind not in here:
        raise UserError(
            f"This onnxruntime ({onnxruntime.__version__}) does not compute on {kind}; "
            f"it has {', '.join(here)}.",
            fix=f"Run: {INSTALL[kind]}, or leave --device out.",
        )
    return Provider(NAMES[kind], kind, int(number or 0))


def present() -> tuple[str, ...]:
    """The devices whose providers are in this onnxruntime and see a card; the CPU always."""
    built_in = onnxruntime.get_available_providers()
    found = [kind for kind, name in NAMES.items() if name in built_in]
    if len(found) > 1 and not nvidia_gpus():  # a build for GPUs lists them without one, too
        found = ["cpu"]
    if "tensorrt-rtx" not in found and rtx_devices():
        found.append("tensorrt-rtx")
    return tuple(found)


def rtx_devices() -> list[Any]:
    """The cards that NVIDIA's plugin sees; none where it is not installed."""
    if importlib.util.find_spec(PLUGIN) is None:
        return []
    plugin = importlib.import_module(PLUGIN)
    known = {device.ep_name for device in onnxruntime.get_ep_devices()}
    if plugin.get_ep_name() not in known:
        onnxruntime.register_execution_provider_library(
            plugin.get_ep_name(), plugin.get_library_path()
        )
    return [one for one in onnxruntime.get_ep_devices() if one.ep_name == plugin.get_ep_name()]


def without_defaults(path: Path) -> bytes:
    """The graph at ``path`` with the adapter as plain inputs; its weights stay where they are."""
    model = onnx.load(path, load_external_data=False)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in ADAPTER]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    content: bytes = model.SerializeToString()
    return content
