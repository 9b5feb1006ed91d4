"""Tracked files stay small: at most 48 MiB together, none over 15 MB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ALL_BYTES = 48 * 2**20
ONE_BYTES = 15_000_000


def tracked_sizes(root: Path) -> dict[str, int]:
    """Every tracked file of the checkout at ``root`` with its size in bytes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, encoding="utf-8"
    )
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return {p.relative_to(root).as_posix(): p.stat().st_size for p in paths if p.is_file()}


def complaints(sizes: dict[str, int]) -> list[str]:
    """What is too big, one sentence each."""
    found = [
        f"{name} has {size / 1e6:.1f} MB; a file may have {ONE_BYTES / 1e6:.0f}."
        for name, size in sizes.items()
        if size > ONE_BYTES
    ]
    total = sum(sizes.values())
    if total > ALL_BYTES:
        found.append(f"Together {total / 2**20:.1f} MiB; {ALL_BYTES / 2**20:.0f} are allowed.")
    return found


def main() -> int:
    sizes = tracked_sizes(Path(__file__).resolve().parents[1])
    name, size = max(sizes.items(), key=lambda item: item[1])
    total = sum(sizes.values()) / 2**20
    print(
        f"{len(sizes)} tracked files, {total:.1f} MiB; the biggest is {name}, {size / 1e6:.1f} MB"
    )
    found = complaints(sizes)
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
