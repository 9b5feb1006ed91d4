"""diffusers and transformers say only what a user can use."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

CLIP_TRUNCATION = ("CLIP can only handle", "sequence length is longer than the specified maximum")
"""CLIP sees 77 tokens by design and gives the pooled vector only; T5 reads the whole caption."""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Import or load without progress bars and hints for developers; errors still raise.

    The libraries' own switches are used and put back, so that a notebook that shares the
    process keeps its bars.
    """
    before = os.environ.get("TRANSFORMERS_VERBOSITY")
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    try:
        from diffusers.utils import logging as diffusers_log
        from transformers.utils import logging as transformers_log
    finally:
        if before is None:
            del os.environ["TRANSFORMERS_VERBOSITY"]
        else:
            os.environ["TRANSFORMERS_VERBOSITY"] = before
    logs = (diffusers_log, transformers_log)
    levels = [log.get_verbosity() for log in logs]
    bars = [log.is_progress_bar_enabled() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level, bar in zip(logs, levels, bars, strict=True):
            log.set_verbosity(level)
            if bar:
                log.enable_progress_bar()


class _NoClipTruncation(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        return not any(part in message for part in CLIP_TRUNCATION)


@contextlib.contextmanager
def without_clip_truncation_warnings() -> Iterator[None]:
    """Drop the warning that CLIP cuts at 77 tokens; a truncated T5 caption still warns."""
    names = (
        "diffusers.pipelines.flux.pipeline_flux",
        "transformers.tokenization_utils_base",
    )
    drop = _NoClipTruncation()
    for name in names:
        logging.getLogger(name).addFilter(drop)
    try:
        yield
    finally:
        for name in names:
            logging.getLogger(name).removeFilter(drop)
