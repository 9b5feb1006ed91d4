"""Deliveries have the format, size, names and metadata that were asked for, and replace nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from set_samples import picture_of, save_one

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.problems import UserError
from icl_studio.errors import NotFound, PictureUnreadable, StorageProblem
from icl_studio.sets import files
from icl_studio.sets.deliver import deliver, delivery_of, write_beside
from icl_studio.sets.formats import read_metadata
from icl_studio.sets.library import Entry, Library
from icl_studio.sets.pictures import open_picture
from icl_studio.sets.sizes import parse_size

FORMATS = ("png", "jpg", "webp", "tiff")
WANTED = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tiff": "TIFF"}


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    parts = CaptionParts(summary="Füchse <Léo> & 狐 🦊", panels=("a", "b", "c"))
    return Library(tmp_path).get(save_one(tmp_path / "sets", parts=parts))


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("format", FORMATS)
def test_panels_come_in_every_format_with_the_set_inside(
    format: str, entry: Entry, tmp_path: Path
) -> None:
    done = deliver([entry], tmp_path / "out", delivery_of(format=format, what="both"))
    assert names(tmp_path / "out") == [
        f"film-storyboard-4711-{n:02}-{panel}.{format}"
        for n, panel in enumerate(["SHEET", "SCENE-1", "SCENE-2", "SCENE-3"])
    ]
    for file in done:
        with Image.open(file.path) as picture:
            assert picture.format == WANTED[format]
            assert picture.size == file.size
        data = read_metadata(file.path)
        assert data is not None and data["panel"] == file.panel
        assert data["id"] == entry.record.id
        assert data["request"] == entry.record.request.model_dump(mode="json")
        assert data["receipt"] == entry.record.receipt.model_dump(mode="json")


def test_a_panel_that_somebody_scaled_is_said_and_not_scaled_back(
    entry: Entry, tmp_path: Path
) -> None:
    panel = entry.folder / entry.record.panels[1].path
    picture_of(64, 32).save(panel)
    with pytest.raises(PictureUnreadable, match="has been changed since it was saved") as caught:
        deliver([entry], tmp_path / "out", delivery_of())
    assert panel.name in caught.value.message
    assert "64x32" in caught.value.message and "128x64" in caught.value.message


@pytest.mark.parametrize(("format", "quality"), [("png", 95), ("tiff", 95), ("webp", 100)])
def test_lossless_formats_change_no_pixel(
    format: str, quality: int, entry: Entry, tmp_path: Path
) -> None:
    order = delivery_of(format=format, quality=quality)
    for file, panel in zip(deliver([entry], tmp_path, order), entry.record.panels, strict=True):
        with Image.open(entry.folder / panel.path) as source, Image.open(file.path) as picture:
            assert picture.convert("RGB").tobytes() == source.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_other_tools_find_the_a1111_text(format: str, entry: Entry, tmp_path: Path) -> None:
    [first, *_] = deliver([entry], tmp_path, delivery_of(format=format))
    with Image.open(first.path) as picture:
        if format == "png":
            text = picture.info["parameters"]
        elif format == "tiff":
            text = picture.tag_v2[270]
            assert "Seed: 4711" in text
            return
        else:
            comment = picture.getexif().get_ifd(0x8769)[0x9286]
            assert comment.startswith(b"UNICODE\0")
            text = comment[8:].decode("utf-16-be")
    caption, line = text.splitlines()
    assert caption == entry.record.request.caption
    assert line.startswith("Steps: 12, Sampler: Euler, ")
    for part in ("Guidance: 3.5", "Seed: 4711", "Size: 128x192", "Model: tiny"):
        assert part in line.split(", ")


@pytest.mark.parametrize("format", FORMATS)
def test_clean_leaves_nothing_but_pixels(format: str, entry: Entry, tmp_path: Path) -> None:
    for file in deliver(
        [entry], tmp_path, delivery_of(format=format, metadata="clean", what="both")
    ):
        data = file.path.read_bytes()
        for word in (
            b"icl",
            b"ICL",
            b"4711",
            b"Steps",
            b"trained",
            b"xmp",
            b"Exif",
            b"tEXt",
            b"iTXt",
            b"zTXt",
            b"eXIf",
            b"iCCP",
            b"Pillow",
        ):
            assert word not in data
        assert read_metadata(file.path) is None


@pytest.mark.parametrize("format", FORMATS)
def test_full_marks_the_picture_as_generated(format: str, entry: Entry, tmp_path: Path) -> None:
    for file in deliver([entry], tmp_path, delivery_of(format=format)):
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in file.path.read_bytes()


@pytest.mark.parametrize(
    ("size", "panel", "sheet"),
    [
        ("50%", (64, 32), (64, 96)),
        ("150%", (192, 96), (192, 288)),
        ("256px", (256, 128), (171, 256)),
        ("64", (64, 32), (43, 64)),
    ],
)
def test_sizes(
    size: str, panel: tuple[int, int], sheet: tuple[int, int], entry: Entry, tmp_path: Path
) -> None:
    done = deliver([entry], tmp_path, delivery_of(size=size, what="both"))
    assert [file.size for file in done] == [sheet, panel, panel, panel]
    for file in done:
        assert open_picture(file.path).size == file.size


def test_resizing_is_lanczos(entry: Entry, tmp_path: Path) -> None:
    [first, *_] = deliver([entry], tmp_path, delivery_of(size="50%"))
    source = open_picture(entry.folder / entry.record.panels[0].path)
    wanted = source.resize((64, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(open_picture(first.path)), np.asarray(wanted))


def test_an_exact_size_is_taken_when_it_keeps_the_shape_and_refused_when_not(
    entry: Entry, tmp_path: Path
) -> None:
    [first, *_] = deliver([entry], tmp_path / "a", delivery_of(size="192x96"))
    assert first.size == (192, 96)
    with pytest.raises(UserError, match="distort") as caught:
        deliver([entry], tmp_path / "b", delivery_of(size="192x120"))
    assert "192x96 or 240x120" in caught.value.fix
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "size", ["", "big", "0%", "0px", "0x5", "-5", "99999px", "1x", "5000%", "1e3"]
)
def test_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(UserError):
        delivery_of(size=size)


def test_a_size_that_the_format_cannot_hold_is_refused(entry: Entry, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="16383"):
        deliver([entry], tmp_path / "out", delivery_of(size="17000px", format="webp"))
    assert not (tmp_path / "out").exists()


def test_odd_aspects_round_to_at_least_one_pixel() -> None:
    assert parse_size("1%").of(128, 3) == (1, 1)
    assert parse_size("2048px").of(1000, 1) == (2048, 2)


def test_names_by_template_make_folders_and_tell_panels_apart(entry: Entry, tmp_path: Path) -> None:
    order = delivery_of(name="{task}/{seed}_{panel}_{width}x{height}_{text}")
    deliver([entry], tmp_path / "out", order)
    assert names(tmp_path / "out") == [
        f"film-storyboard/4711_SCENE-{n}_128x64_{'abc'[n - 1]}.png" for n in (1, 2, 3)
    ]


def test_nothing_is_ever_replaced(entry: Entry, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "shot.png").write_bytes(b"mine")
    for _ in range(2):
        deliver([entry], out, delivery_of(name="shot"))
    deliver([entry], out, delivery_of(name="n{counter:02}"))
    assert (out / "shot.png").read_bytes() == b"mine"
    assert names(out) == sorted(
        ["shot.png", *(f"shot-{n}.png" for n in range(2, 8)), "n01.png", "n02.png", "n03.png"]
    )


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_replaced(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:  # as on FAT

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr("os.link", refuse)
    write_beside(tmp_path / "a.png", b"one")
    with pytest.raises(FileExistsError):
        write_beside(tmp_path / "a.png", b"two")
    assert (tmp_path / "a.png").read_bytes() == b"one"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"format": "gif"}, UserError),
        ({"metadata": "some"}, UserError),
        ({"what": "all"}, UserError),
        ({"quality": 0}, UserError),
        ({"name": "{sead}"}, NotFound),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_read(
    choice: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        delivery_of(**choice)


def test_jpeg_and_tif_are_known_by_their_other_names() -> None:
    assert delivery_of(format="JPEG").format == "jpg"
    assert delivery_of(format=".tif").format == "tiff"


def test_a_full_disk_keeps_what_is_whole_and_says_how_far_it_came(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.write_new
    written: list[Path] = []

    def filling(path: Path, data: bytes) -> None:
        if len(written) == 2:
            path.write_bytes(data[:100])
            raise OSError(28, "No space left on device", str(path))
        written.append(path)
        real(path, data)

    monkeypatch.setattr(files, "write_new", filling)
    with pytest.raises(StorageProblem, match=r"disk is full .*picture 3 of 3"):
        deliver([entry], tmp_path / "out", delivery_of())
    assert len(names(tmp_path / "out")) == 2
    for name in names(tmp_path / "out"):
        open_picture(tmp_path / "out" / name)


def test_a_panel_that_has_gone_is_named(entry: Entry, tmp_path: Path) -> None:
    (entry.folder / entry.record.panels[1].path).unlink()
    with pytest.raises(PictureUnreadable, match="02-SCENE-2"):
        deliver([entry], tmp_path / "out", delivery_of())


def test_a_record_cannot_lead_out_of_its_folder(entry: Entry, tmp_path: Path) -> None:
    picture_of(8, 8).save(tmp_path / "secret.png")
    path = entry.folder / "set.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["panels"][0]["path"] = "../../secret.png"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(PictureUnreadable, match="outside its folder"):
        deliver([Library(tmp_path).get(entry.folder)], tmp_path / "out", delivery_of())


def test_metadata_too_long_for_jpeg_is_refused(tmp_path: Path) -> None:
    parts = CaptionParts(summary="word " * 9000, panels=("a", "b", "c"))
    entry = Library(tmp_path).get(save_one(tmp_path / "sets", parts=parts, caption="word " * 9000))
    with pytest.raises(UserError, match="longer than a JPEG"):
        deliver([entry], tmp_path / "out", delivery_of(format="jpg"))
    deliver([entry], tmp_path / "out", delivery_of(format="jpg", metadata="clean"))
