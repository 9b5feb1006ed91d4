"""A request can be read back from wherever it was written, and nothing else passes for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.layout import Layout
from icl_studio.domain.request import SetRequest
from icl_studio.errors import NotFound, PictureUnreadable, RequestInvalid
from icl_studio.generate.stored import read_request

REQUEST = SetRequest(
    task="pair",
    parts=CaptionParts(summary="Zwei Füchse", panels=("links", "rechts 🦊")),
    caption="Zwei Füchse [LEFT] links [RIGHT] rechts 🦊",
    layout=Layout.grid(1, 2, (64, 64), ("LEFT", "RIGHT")),
    model="tiny",
    seed=7,
)


def write(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_json_with_and_without_a_record_around_it(tmp_path: Path) -> None:
    bare = tmp_path / "bare.json"
    bare.write_text(REQUEST.model_dump_json(), encoding="utf-8-sig")
    assert read_request(bare) == REQUEST
    inside = write(tmp_path / "set.json", {"id": "x", "request": REQUEST.model_dump(mode="json")})
    assert read_request(inside) == REQUEST
    assert read_request(tmp_path) == REQUEST  # a set's folder


def test_a_png_that_carries_its_request(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("icl_studio", json.dumps({"request": REQUEST.model_dump(mode="json")}))
    path = tmp_path / "Füchse.jpg"  # by content, not by name
    Image.new("RGB", (8, 8)).save(path, "PNG", pnginfo=info)
    assert read_request(path) == REQUEST


def test_what_holds_no_request_says_so(tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    Image.new("RGB", (8, 8)).save(plain)
    with pytest.raises(PictureUnreadable, match="does not say how it was made"):
        read_request(plain)
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(plain.read_bytes()[:40])
    with pytest.raises(PictureUnreadable):
        read_request(damaged)
    with pytest.raises(NotFound, match="no file"):
        read_request(tmp_path / "nowhere.json")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xd8\xff\xe0 jpeg")
    with pytest.raises(RequestInvalid, match="neither a PNG nor UTF-8"):
        read_request(binary)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n  "task": "pair",\n  oops\n}', "line 3"),
        ("", "line 1"),
        ("[" * 100_000, "deeply"),
        ("[]", "holds no request"),
        ('{"task": "pair"}', "caption"),
        ('{"request": null}', "holds no request"),
    ],
)
def test_json_that_is_no_request_names_the_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "request.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestInvalid) as refused:
        read_request(path)
    assert says in str(refused.value)


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    data = {**REQUEST.model_dump(mode="json"), "sampler": "euler"}
    with pytest.raises(RequestInvalid, match="sampler: is not a known key"):
        read_request(write(tmp_path / "r.json", data))
