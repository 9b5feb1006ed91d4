"""Engine ``onnx``: FluxPipeline with its heavy components run by onnxruntime.

Reading order: :mod:`.engine` (the protocol), :mod:`.find` (which engine of the store),
:mod:`.components` (what takes the places of diffusers' own), :mod:`.session` (one graph and
what stays bound), :mod:`.providers` (where it computes), :mod:`.adapters`.
"""

from ..torch_engine.quiet import quietly

with quietly():
    from .engine import OnnxEngine, create

__all__ = ["OnnxEngine", "create"]
