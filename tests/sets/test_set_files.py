"""Disks that refuse: told in words that fit reading as well as writing."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from icl_studio.errors import StorageProblem
from icl_studio.sets import files


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "Access is not permitted"),
        (errno.EPERM, "Access is not permitted"),
        (errno.ENOENT, "has gone"),
    ],
)
def test_a_refused_reading_is_not_called_writing(number: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(StorageProblem) as caught, files.storage("reading a set", tmp_path):
        raise OSError(number, "no", str(tmp_path / "set.json"))
    assert said in caught.value.message
    assert "while reading a set" in caught.value.message and "set.json" in caught.value.message
    assert "writ" not in str(caught.value)
    assert caught.value.fix


def test_a_failed_replacement_leaves_the_old_text_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ü.json"
    files.replace_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        files.replace_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["ü.json"]
