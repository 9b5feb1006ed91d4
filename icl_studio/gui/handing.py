"""What pages hand to each other through ``studio.go(page, what)``, so that none knows another."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..domain.request import SetRequest


class EditJob(NamedTuple):
    """To Create: change the request of the job ``id`` that waits in the queue."""

    id: str
    request: SetRequest


class ShowSet(NamedTuple):
    """To Create or Sets: the set in this folder."""

    folder: Path


class UseAdapter(NamedTuple):
    """To Create: write a set of ``task`` on ``model`` with the adapter in ``file``, it alone."""

    file: Path
    task: str
    model: str
