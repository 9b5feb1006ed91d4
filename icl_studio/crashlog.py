"""Where the traceback of an error of ours is kept."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from . import __version__
from .paths import user_folders


def write_log(error: BaseException, argv: Sequence[str]) -> Path | None:
    """Write a traceback of ``error`` to the user's logs (else to the temporary folder)."""
    now = datetime.now(UTC)
    text = (
        f"ICL Studio {__version__}, Python {sys.version}, {platform.platform()}\n"
        f"{now.isoformat(timespec='seconds')}\narguments: {list(argv)!r}\n\n"
        + "".join(traceback.format_exception(error))
    )
    name = f"crash-{now:%Y%m%d-%H%M%S}-{os.getpid()}.log"
    for folder in (user_folders().logs, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return folder / name
    return None
