"""The engine ``tensorrt``: the transformer built for one kind of NVIDIA card.

Reading order: :mod:`.job` (a build, which needs no GPU with TensorRT-RTX), :mod:`.graph` and
:mod:`.halves` (the export's graph for the parser), :mod:`.compile` (the build itself); then
:mod:`.engine` (the three verbs), :mod:`.transformer` (the swapped component), :mod:`.session`
(the only module that runs TensorRT), :mod:`.parity` (the first run on a card).
"""

from .engine import create
from .job import build

__all__ = ["build", "create"]
