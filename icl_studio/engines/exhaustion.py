"""Out of memory, in the words of whoever ran out; standard library only."""

from __future__ import annotations

from ..errors import OutOfMemory

PHRASES = (
    "out of memory",  # CUDA, ROCm, MPS
    "not enough memory",  # torch's CPU allocator on Windows and Linux
    "can't allocate memory",  # the same, older wording
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out: ours, Python's, or torch's.

    torch's own class cannot be named here (the application never imports torch), and several
    of its devices only raise a ``RuntimeError`` with one of :data:`PHRASES`.
    """
    if isinstance(error, OutOfMemory | MemoryError):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in PHRASES)
