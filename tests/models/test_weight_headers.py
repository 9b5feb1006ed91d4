"""What a weights file is, told from its first bytes, and never wrongly."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from icl_studio.models.weights import read_header


def write_with_header(path: Path, length: int) -> Path:
    """A sound safetensors file of one tensor whose header has ``length`` bytes."""
    header = json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(length.to_bytes(8, "little") + header.ljust(length) + b"\0" * 4)
    return path


@pytest.mark.parametrize("length", [640, 896, 1152, 1408, 19280, 65536 + 640, 0x0403_4B50 % 2**24])
def test_a_header_whose_length_looks_like_another_format_is_read(
    tmp_path: Path, length: int
) -> None:
    assert list(read_header(write_with_header(tmp_path / "x.safetensors", length))) == ["x"]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_renamed_pickle_is_called_one(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(pickle.dumps({"weights": list(range(100))}, protocol=protocol))
    with pytest.raises(ValueError, match="pickle"):
        read_header(path)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04\x14\x00\x00\x00", "zip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"<!DOCTYPE html>", "not a safetensors"),
        (b"", "not a safetensors"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, start: bytes, said: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(start + b" " * 100 if start else b"")
    with pytest.raises(ValueError, match=said):
        read_header(path)
