"""Pictures from elsewhere: upright, in a mode that can be kept, or refused with a reason."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from set_samples import STORYBOARD, picture_of, request_of, save_one

from icl_studio.domain.geometry import CanvasRule, Size
from icl_studio.domain.layout import QUAD, Layout
from icl_studio.errors import PictureUnreadable, StorageProblem
from icl_studio.sets.cutting import cut_file, fitting
from icl_studio.sets.formats import read_metadata
from icl_studio.sets.pictures import open_picture

FULL = Layout.grid(3, 1, (1024, 512), names=("SCENE-1", "SCENE-2", "SCENE-3"))


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def test_the_exif_orientation_is_applied(tmp_path: Path) -> None:
    upright = picture_of(32, 16)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees clockwise to be seen upright
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    again = open_picture(saved(tmp_path / "a.png", lying, exif=exif))
    assert again.tobytes() == upright.tobytes()


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("L", "L"),
        ("LA", "LA"),
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("1", "L"),
        ("P", "RGB"),
        ("I;16", "I;16"),
    ],
)
def test_modes_that_can_be_kept_are_kept(mode: str, kept: str, tmp_path: Path) -> None:
    source = Image.new(mode, (8, 4), 0)
    assert open_picture(saved(tmp_path / "a.png", source)).mode == kept


def test_a_palette_with_transparency_keeps_it(tmp_path: Path) -> None:
    source = Image.new("P", (8, 4), 0)
    assert open_picture(saved(tmp_path / "a.png", source, transparency=0)).getpixel((0, 0))[3] == 0


def test_sixteen_bits_survive_cutting(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (192, 128), dtype=np.uint16)
    path = saved(tmp_path / "deep.tiff", Image.fromarray(values))
    done = cut_file(path, "t", [STORYBOARD], tmp_path / "out")
    with Image.open(done.panels[1].path) as panel:
        assert np.array_equal(np.asarray(panel).astype(np.uint16), values[64:128])


def test_cmyk_becomes_rgb_and_its_profile_goes(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for n, options in enumerate([{}, {"icc_profile": profile}, {"icc_profile": b"broken"}]):
        source = Image.new("CMYK", (8, 4), (0, 255, 255, 0))
        picture = open_picture(saved(tmp_path / f"{n}.jpg", source, **options))
        assert picture.mode == "RGB"
        assert "icc_profile" not in picture.info
        red, green, blue = picture.getpixel((0, 0))
        assert red > 200 and green < 60 and blue < 60


def test_the_colour_profile_of_rgb_goes_with_the_panels(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "a.png", picture_of(128, 192), icc_profile=profile)
    for panel in cut_file(path, "t", [STORYBOARD], tmp_path / "out").panels:
        assert open_picture(panel.path).info["icc_profile"] == profile


def png_claiming(width: int, height: int) -> bytes:
    """A PNG that says it has this size and holds no more than its first bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"x"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture"),
        (b"hello", "not a picture"),
        (png_claiming(65_000, 65_000), "million pixels"),
        (png_claiming(64, 64), "cannot be read"),
    ],
)
def test_what_is_no_sound_picture_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "böse 🦊.png"
    path.write_bytes(data)
    with pytest.raises(PictureUnreadable, match=words) as caught:
        open_picture(path)
    assert "böse 🦊.png" in str(caught.value) and caught.value.fix


def test_a_truncated_picture_a_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", picture_of(64, 64))
    path.write_bytes(path.read_bytes()[:5000])
    for bad in (path, tmp_path, tmp_path / "none.png"):
        with pytest.raises(PictureUnreadable):
            open_picture(bad)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [picture_of(8, 8, seed) for seed in range(3)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(PictureUnreadable, match="3 pictures"):
        open_picture(path)


@pytest.mark.parametrize("times", [1, 2])
def test_a_sheet_and_its_enlargement_are_cut_to_the_pixel(times: int, tmp_path: Path) -> None:
    sheet = picture_of(128 * times, 192 * times)
    done = cut_file(saved(tmp_path / "s.png", sheet), "t", [STORYBOARD], tmp_path / "out")
    assert [panel.path.name for panel in done.panels] == [
        "01-SCENE-1.png",
        "02-SCENE-2.png",
        "03-SCENE-3.png",
    ]
    for panel in done.panels:
        assert open_picture(panel.path).tobytes() == sheet.crop(panel.box).tobytes()


def test_a_sheet_that_does_not_fit_is_refused_with_the_sizes_that_would(tmp_path: Path) -> None:
    path = saved(tmp_path / "s.png", picture_of(100, 192))
    with pytest.raises(PictureUnreadable, match=r"100x192.*1024x1536 or 128x192") as caught:
        cut_file(path, "t", [FULL, STORYBOARD], tmp_path / "out")
    assert "Scale or crop it to 116x174 yourself" in caught.value.fix
    assert not (tmp_path / "out").exists()


def test_the_layout_of_a_smaller_model_fits_too() -> None:
    quad = Layout.grid(2, 2, (896, 608), names=QUAD)
    small = quad.fitted(CanvasRule(canvas_multiple=16, panel_short_side=96))
    assert fitting(small.canvas, [quad, small]) == small
    assert fitting(Size(1792, 1216), [quad, small]) == quad


def test_one_of_our_own_sheets_knows_its_layout_and_passes_its_metadata_on(tmp_path: Path) -> None:
    folder = save_one(tmp_path / "sets")
    done = cut_file(folder / "sheet.png", "film-storyboard", [FULL], tmp_path / "out")
    assert [panel.box for panel in done.panels] == list(STORYBOARD.boxes)
    data = read_metadata(done.panels[1].path)
    assert data is not None and data["panel"] == "SCENE-2"
    assert data["request"] == request_of().model_dump(mode="json")


def test_cutting_twice_replaces_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path / "s.png", picture_of(128, 192))
    first = cut_file(path, "t", [STORYBOARD], tmp_path / "out")
    before = [panel.path.read_bytes() for panel in first.panels]
    saved(path, picture_of(128, 192, seed=9))
    second = cut_file(path, "t", [STORYBOARD], tmp_path / "out")
    assert [panel.path.read_bytes() for panel in first.panels] == before
    assert second.panels[0].path.name == "01-SCENE-1-2.png"


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "s.png", picture_of(128, 192))
    with pytest.raises(StorageProblem, match="in the way"):
        cut_file(path, "t", [STORYBOARD], path)
