"""Any exception of a job as the event that reports it."""

from __future__ import annotations

import logging

from ..domain.events import Failed
from ..engines.exhaustion import is_out_of_memory
from ..errors import OutOfMemory, UserError

log = logging.getLogger(__name__)

_MEMORY_FIX = (
    "Close other programs that use the memory, make the panels smaller, or use a smaller model."
)


def failed(job: str, error: BaseException) -> Failed:
    """The final event of ``job`` after ``error``; an error of ours goes to the log in full."""
    if is_out_of_memory(error) and not isinstance(error, UserError):
        log.warning("job %s ran out of memory", job, exc_info=error)
        error = OutOfMemory("There is too little memory for this set.", fix=_MEMORY_FIX)
    if isinstance(error, UserError):
        return Failed(
            job=job,
            error=type(error).__name__,
            message=error.message,
            fix=error.fix,
            problems=error.problems,
            mendable=True,
        )
    log.error("job %s failed", job, exc_info=error)
    return Failed(
        job=job,
        error=type(error).__name__,
        message=str(error) or type(error).__name__,
        mendable=False,
    )
