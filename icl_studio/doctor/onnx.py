"""Where onnxruntime computes on this machine, and what would let it use the GPU that is there.

This process never imports onnxruntime: a short child process asks it.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass

from ..engines.hardware import Gpu
from .check import Check, ok, warn
from .probing import Unanswered, ask

PROBE_SECONDS = 60
GPU_PROVIDERS = {
    "CUDAExecutionProvider": "CUDA",
    "TensorrtExecutionProvider": "TensorRT",
    "NvTensorRTRTXExecutionProvider": "TensorRT-RTX",
}

_PROBE = """
import importlib.util, json
import onnxruntime
names = list(onnxruntime.get_available_providers())
plugin = "onnxruntime_ep_nv_tensorrt_rtx"
if importlib.util.find_spec(plugin):
    module = importlib.import_module(plugin)
    onnxruntime.register_execution_provider_library(
        module.get_ep_name(), module.get_library_path()
    )
    names += [device.ep_name for device in onnxruntime.get_ep_devices()]
print(json.dumps({"version": onnxruntime.__version__, "providers": names}))
"""


@dataclass(frozen=True)
class OnnxProbe:
    """What onnxruntime says of itself; ``error`` where it could not."""

    version: str = ""
    providers: tuple[str, ...] = ()
    error: str = ""


def probe_onnx() -> OnnxProbe | None:
    """Ask onnxruntime in a child process; None where it is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    try:
        facts = ask(_PROBE, seconds=PROBE_SECONDS)
    except Unanswered as error:
        return OnnxProbe(error=str(error))
    return OnnxProbe(facts["version"], tuple(facts["providers"]))


def judge_onnx(probe: OnnxProbe | None, cards: tuple[Gpu, ...]) -> Check | None:
    """What engine ``onnx`` computes on here; nothing to say where it is not installed."""
    if probe is None:
        return None
    if probe.error:
        again = f'Run: {sys.executable} -m pip install --force-reinstall "icl-studio[onnx]"'
        return warn("onnx", f"onnxruntime is installed, but {probe.error}.", again)
    gpus = [ours for name, ours in GPU_PROVIDERS.items() if name in probe.providers]
    if not cards:
        return ok("onnx", f"onnxruntime {probe.version} computes on the CPU.")
    names = ", ".join(card.name for card in cards)
    if gpus:
        return ok("onnx", f"onnxruntime {probe.version} computes on {names} by {', '.join(gpus)}.")
    return warn(
        "onnx",
        f"There is {names}, but this onnxruntime ({probe.version}) computes on the CPU only.",
        f"Run: {sys.executable} -m pip uninstall -y onnxruntime\n"
        f'then: {sys.executable} -m pip install "icl-studio[onnx-gpu]"',
    )
