"""A library of small sets for tests of the Sets page."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "sets"))

from set_samples import picture_of, private_trash, save_one

__all__ = ["fill", "picture_of", "private_trash", "save_one"]


def fill(root: Path, count: int = 5) -> list[Path]:
    """``count`` sets, oldest first; ids ``set-0`` and on, seeds 100 and on."""
    return [
        save_one(root, set_id=f"set-{n}", seed=100 + n, name=f"Müller {n} 🦊") for n in range(count)
    ]
