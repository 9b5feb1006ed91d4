"""Engine ``onnx``: FluxPipeline with its transformer run by onnxruntime.

Reading order: :mod:`.engine` (the protocol), :mod:`.find` (which engine of the store),
:mod:`.transformer` (the component that takes the place of diffusers' own), :mod:`.adapters`.
"""

from ..torch_engine.quiet import quietly

with quietly():
    from .engine import OnnxEngine, create

__all__ = ["OnnxEngine", "create"]
