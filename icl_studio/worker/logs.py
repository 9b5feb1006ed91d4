"""One log file per worker, the newest few kept."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import count
from pathlib import Path

from ..errors import StorageProblem

KEPT = 10
TAIL_LINES = 20
_TAIL_BYTES = 16_384
_numbers = count(1)


def new_log(folder: Path) -> Path:
    """A fresh log file's path in ``folder``, after removing all but the newest ones.

    A file of its own for every worker: the end of it is that worker's last words, and
    Windows cannot rename a file that another worker writes. Raises ``StorageProblem``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(folder.glob("worker-*.log"))
    except OSError as error:
        raise StorageProblem(
            f"The log folder {folder} cannot be used: {error.strerror or error}.",
            fix="Make it writable, or set ICL_STUDIO_HOME to a folder that is.",
        ) from error
    for path in old[: max(0, len(old) - KEPT + 1)]:
        try:
            path.unlink(missing_ok=True)
        except OSError:  # in use on Windows, or not ours: it may stay
            continue
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return folder / f"worker-{stamp}-{os.getpid()}-{next(_numbers)}.log"


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last ``lines`` lines of ``path``; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:]).strip()
