"""Engine ``torch``: diffusers' own FLUX pipeline, in three phases.

Reading order: :mod:`.engine` (the protocol), :mod:`.device` and :mod:`.load` (how it comes
to be), :mod:`.encode`, :mod:`.noise`, :mod:`.denoise`, :mod:`.decode` (the phases),
:mod:`.preview`, :mod:`.memory`, :mod:`.facts`.
"""

from .quiet import quietly

# diffusers and transformers give hints to developers while they are imported.
with quietly():
    from .engine import TorchEngine, create

__all__ = ["TorchEngine", "create"]
