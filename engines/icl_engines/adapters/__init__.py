"""LoRA adapters: any number, each with a weight, in the names that trainers write.

A file passes four gates before the model is touched, in this order: :mod:`.read` (is it a
sound safetensors file), :mod:`.names` (which module and part does each key mean),
:mod:`.convert` (which linears of diffusers' model are these modules), :mod:`.check` (do all
widths fit). :mod:`.apply` then hands the result to peft.
"""

from .apply import AdapterStack
from .check import load_adapter

__all__ = ["AdapterStack", "load_adapter"]
