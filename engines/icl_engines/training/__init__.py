"""Tuning an adapter on diffusers' FLUX classes, with peft and accelerate.

Read in this order: :mod:`.cache` (latents and embeddings, once), :mod:`.flow` (what a step
learns), :mod:`.order` (which sheets it sees), :mod:`.tuned` (the adapter and its average),
:mod:`.checkpoints`, :mod:`.trainer` (the loop).
"""

from .trainer import train

__all__ = ["train"]
