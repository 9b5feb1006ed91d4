"""Hashes are those of the content, computed once, and never stop anything."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from icl_studio.errors import StorageProblem
from icl_studio.sets import hashes
from icl_studio.sets.hashes import HashCache


def written(path: Path, data: bytes = b"weights", age: float = 60) -> Path:
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was really read, in order."""
    seen: list[str] = []
    real = hashes._digest

    def counting(stream: BinaryIO, *more: Any) -> str:
        seen.append(Path(stream.name).name)
        return real(stream, *more)

    monkeypatch.setattr(hashes, "_digest", counting)
    return seen


def test_a_file_is_read_once(tmp_path: Path, reads: list[str]) -> None:
    file = written(tmp_path / "mödel.safetensors")
    for _ in range(3):
        assert HashCache(tmp_path / "c" / "hashes.sqlite").sha256(file) == sha(b"weights")
    assert reads == ["mödel.safetensors"]


def test_blocks_are_told_and_can_stop_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "_BLOCK", 4)
    file, cache, told = written(tmp_path / "m"), HashCache(tmp_path / "h.sqlite"), list[int]()

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.sha256(file, stop)
    assert not cache.knows(file)
    assert cache.sha256(file, told.append) == sha(b"weights")
    assert told == [4, 3]
    assert cache.knows(file)


def test_a_link_and_its_file_share_one_entry(tmp_path: Path, reads: list[str]) -> None:
    file, link = written(tmp_path / "blob"), tmp_path / "model.safetensors"
    try:
        link.symlink_to(file)
    except OSError:
        pytest.skip("this system does not let us make links")
    cache = HashCache(tmp_path / "hashes.sqlite")
    assert cache.sha256(file) == cache.sha256(link)
    assert len(reads) == 1


@pytest.mark.parametrize("change", ["content", "same size", "replaced"])
def test_a_changed_file_is_read_again(change: str, tmp_path: Path) -> None:
    file = written(tmp_path / "m.safetensors")
    cache = HashCache(tmp_path / "hashes.sqlite")
    cache.sha256(file)
    new = b"weighed" if change == "same size" else b"other content"
    if change == "replaced":  # same size and time, as cp --preserve does: another inode
        new = b"weighty"
        other = written(tmp_path / "other", new)
        stat = file.stat()
        os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        other.replace(file)
    else:
        written(file, new, age=30)
    assert cache.sha256(file) == sha(new)


def test_a_file_just_written_is_not_trusted_to_stay(tmp_path: Path, reads: list[str]) -> None:
    file, cache = written(tmp_path / "m", age=0), HashCache(tmp_path / "hashes.sqlite")
    cache.sha256(file)
    stat = file.stat()
    file.write_bytes(b"WEIGHTS")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert cache.sha256(file) == sha(b"WEIGHTS")


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_cache_is_rebuilt_in_silence(
    damage: bytes, tmp_path: Path, reads: list[str]
) -> None:
    file, path = written(tmp_path / "m"), tmp_path / "hashes.sqlite"
    path.write_bytes(damage)
    assert HashCache(path).sha256(file) == sha(b"weights")
    assert HashCache(path).sha256(file) == sha(b"weights")
    assert len(reads) == 1


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    file, blocked = written(tmp_path / "m"), written(tmp_path / "file")
    cache = HashCache(blocked / "hashes.sqlite")
    assert cache.sha256(file) == sha(b"weights")
    assert cache.knows(file)  # in this run at least
    (tmp_path / "folder").mkdir()
    assert HashCache(tmp_path / "folder").sha256(file) == sha(b"weights")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageProblem, match=r"gone\.safetensors"):
        HashCache(tmp_path / "hashes.sqlite").sha256(tmp_path / "gone.safetensors")


def test_processes_share_one_cache(tmp_path: Path) -> None:
    names = [f"f{n}" for n in range(20)]
    for name in names:
        written(tmp_path / name, name.encode())
    code = (
        "import sys; from pathlib import Path; from icl_studio.sets.hashes import HashCache\n"
        "root = Path(sys.argv[1]); cache = HashCache(root / 'hashes.sqlite')\n"
        "print(*(cache.sha256(root / name) for name in sys.argv[2:]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path), *names]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        told, _ = process.communicate()
        assert told.split() == [sha(name.encode()) for name in names]
    with sqlite3.connect(tmp_path / "hashes.sqlite") as db:
        assert db.execute("select count(*) from hashes_1").fetchone() == (20,)
    db.close()
