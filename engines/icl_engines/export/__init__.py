"""From a diffusers folder to a compiled engine in the store, with the LoRA as an input.

Reading order: :mod:`.job` (the whole way), :mod:`.signature` (names, sizes and example inputs
of FLUX's transformer), :mod:`.slots` (how A and B get into the graph), :mod:`.graph` (torch's
exporter and the optional inputs), :mod:`.parity` (torch eager against what was written).
"""

from .job import export

__all__ = ["export"]
