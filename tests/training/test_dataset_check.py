"""A data set's check: every bad input is named, and never stops the good ones."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from training_samples import PAIR, caption, panel, sheet, write_sheets

from icl_studio.api import CanvasRule, Layout, Size
from icl_studio.training.buckets import candidates, histogram, nearest
from icl_studio.training.contact import contact_sheet
from icl_studio.training.dataset import Inspected, compose, inspect, view_of
from icl_studio.training.fitting import fit_picture
from icl_studio.training.material import gather
from icl_studio.training.prepare import changed_files, prepare, read_manifest
from icl_studio.training.seams import check_seams, find_grid


def look(folder: Path, **view: Any) -> Inspected:
    seen = view_of(PAIR, **view)
    return inspect(gather(folder, folder / "x", seen.names), seen)


def problems(found: Inspected, name: str) -> str:
    (item,) = [item for item in found.items if item.name == name]
    return " | ".join(f"{p.level} {p}" for p in item.problems)


def test_a_sound_data_set_has_nothing_to_complain_of(tmp_path: Path):
    found = look(write_sheets(tmp_path / "data"), batch=4)
    assert [item.problems for item in found.items] == [()] * 6
    assert [(bucket.size, bucket.count) for bucket in found.buckets] == [(Size(256, 128), 6)]
    assert found.problems == ()


def test_an_empty_folder_and_a_single_picture(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    nothing = look(tmp_path / "empty")
    assert nothing.items == () and nothing.problems[0].level == "error"
    one = look(write_sheets(tmp_path / "one", 1), batch=4)
    assert len(one.usable) == 1
    assert one.problems[0].level == "warning" and one.buckets[0].problems[0].level == "warning"


def test_every_kind_of_broken_picture_is_named_and_the_others_are_used(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 2)
    (data / "empty.png").write_bytes(b"")
    (data / "cut.png").write_bytes((data / "0000.png").read_bytes()[:300])
    (data / "text.jpg").write_text("this is no picture", encoding="utf-8")
    frames = [sheet(n) for n in range(3)]
    frames[0].save(data / "moving.gif", save_all=True, append_images=frames[1:])
    for name in ("empty", "cut", "text", "moving"):
        (data / f"{name}.txt").write_text(caption(), encoding="utf-8")
    found = look(data)
    assert [item.name for item in found.usable] == ["0000", "0001"]
    assert "0 bytes" in problems(found, "empty")
    assert "cannot be read" in problems(found, "cut")
    assert "not a picture" in problems(found, "text")
    assert "3 pictures" in problems(found, "moving")


def test_cmyk_sixteen_bits_transparency_and_exif_are_taken_and_said(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    sheet(1).convert("CMYK").save(data / "cmyk.jpg")
    grey = np.asarray(sheet(2).convert("L"), dtype=np.uint16) * 257
    Image.fromarray(grey).save(data / "deep.png")
    clear = sheet(3).convert("RGBA")
    clear.putalpha(128)
    clear.save(data / "clear.png")
    turned = sheet(4).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise: the sheet as it was
    turned.save(data / "turned.jpg", exif=exif, quality=95)
    for path in list(data.iterdir()):
        path.with_suffix(".txt").write_text(caption(), encoding="utf-8")
    found = look(data)
    assert len(found.usable) == 4
    assert "CMYK" in problems(found, "cmyk")
    assert "16 bits" in problems(found, "deep")
    assert "transparent" in problems(found, "clear")
    assert "EXIF" in problems(found, "turned")
    (item,) = [item for item in found.items if item.name == "turned"]
    assert item.size == (256, 128)


def test_captions_are_held_against_the_template(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 4)
    (data / "0000.txt").unlink()
    (data / "0001.txt").write_text("a fox; [LEFT] it sits", encoding="utf-8")
    (data / "0002.txt").write_text("a fox; [LEFT] a; [RIGHT] b; [TOP] c", encoding="utf-8")

    class Short:
        limit = 30

        def count(self, text: str) -> int:
            return len(text)

    found = look(data, counter=Short())
    assert "no caption" in problems(found, "0000")
    assert "lacks '[RIGHT]'" in problems(found, "0001")
    assert "stray marker '[TOP]'" in problems(found, "0002")
    assert "the model reads 30" in problems(found, "0003")
    assert found.usable == ()


def test_doubles_are_found_exactly_and_nearly(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 3)
    sheet(0).save(data / "again.png")
    sheet(1).save(data / "nearly.jpg", quality=80)
    for name in ("again", "nearly"):
        (data / f"{name}.txt").write_text(caption(9), encoding="utf-8")
    found = look(data)
    assert "same picture as 0000" in problems(found, "again")
    assert "nearly the same as 0001" in problems(found, "nearly")
    assert "same caption as again" in problems(found, "nearly")
    assert problems(found, "0002") == ""


def test_small_pictures_are_warned_of_and_tiny_ones_left_out(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 1)
    sheet(1, (128, 64)).save(data / "small.png")
    sheet(2, (32, 16)).save(data / "tiny.png")
    for name in ("small", "tiny"):
        (data / f"{name}.txt").write_text(caption(len(name)), encoding="utf-8")
    found = look(data)
    assert "warning is 128x64, too small" in problems(found, "small")
    assert "error is 32x16, far too small" in problems(found, "tiny")


@pytest.mark.parametrize("fit", ["crop", "pad", "exact"])
def test_every_lost_or_added_pixel_is_reported(fit: str):
    picture = Image.new("RGB", (300, 100), "red")
    picture.paste("blue", (0, 0, 10, 100))
    if fit == "exact":
        with pytest.raises(Exception, match="shape"):
            fit_picture(picture, Size(100, 100), "exact")
        return
    placed, done = fit_picture(picture, Size(100, 100), fit)  # type: ignore[arg-type]
    assert placed.size == (100, 100)
    if fit == "crop":
        assert done.lost == 200 * 100 and (done.left, done.right) == (100, 100)
        assert "cut 20,000 pixels (100 at the left, 100 at the right)" in str(done)
    else:
        assert done.lost == 0 and done.added == pytest.approx(0.67, abs=0.01)
        assert placed.getpixel((2, 50))[2] > 200  # the blue edge is still there


def test_sheets_go_to_the_bucket_of_their_shape(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 3)
    sheet(7, (226, 146)).save(data / "other.png")
    (data / "other.txt").write_text(caption(7), encoding="utf-8")
    found = look(data, batch=2)
    sizes = {bucket.size: bucket.count for bucket in found.buckets}
    assert sizes[Size(256, 128)] == 3 and len(sizes) == 2
    (odd,) = [bucket for bucket in found.buckets if bucket.count == 1]
    assert "1 of the 2" in odd.problems[0].what
    one = look(data, buckets=False)
    assert [bucket.size for bucket in one.buckets] == [(256, 128)]
    (other,) = [item for item in one.items if item.name == "other"]
    assert other.lost > 0


def test_buckets_keep_panels_on_tokens_and_the_area():
    layout = Layout.grid(3, 1, (1024, 512), ("A", "B", "C"))
    rule = CanvasRule(canvas_multiple=16)
    found = candidates(layout, CanvasRule())
    assert found[0] == layout and len(found) > 3
    for bucket in found:
        assert rule.problems(bucket.canvas, bucket.boxes) == []
        assert abs(bucket.canvas.width * bucket.canvas.height / (1024 * 1536) - 1) <= 0.1
    released = nearest(Size(1080, 1620), found)
    assert released.canvas.width / released.canvas.height == pytest.approx(2 / 3, abs=0.05)


def test_the_histogram_counts_and_warns():
    small, large = histogram([Size(64, 64), Size(128, 64), Size(64, 64)], batch=2)
    assert (small.count, small.problems) == (2, ())
    assert large.count == 1 and large.problems[0].level == "warning"


def test_seams_are_seen_where_they_are():
    assert check_seams(sheet(3), PAIR.layout) == []
    quarters = Image.new("RGB", (256, 256))
    for n, place in enumerate(((0, 0), (128, 0), (0, 128), (128, 128))):
        quarters.paste(panel(3 * n + 1), place)
    told = check_seams(quarters, PAIR.layout)
    assert any("horizontal seam at 50%" in finding.what for finding in told)
    whole = check_seams(panel(1, (256, 128)), PAIR.layout)
    assert any("no vertical seam at 50%" in finding.what for finding in whole)
    assert find_grid([sheet(n) for n in range(4)]) == ((1, 2), 1.0)
    assert find_grid([quarters], panels=4) == ((2, 2), 1.0)
    assert find_grid([panel(n, (200, 200)) for n in range(4)]) is None


def test_panels_are_put_together_in_order(tmp_path: Path):
    folder = tmp_path / "data" / "one"
    folder.mkdir(parents=True)
    Image.new("RGB", (64, 64), "blue").save(folder / "RIGHT.png")
    Image.new("RGB", (64, 64), "red").save(folder / "LEFT.png")
    (folder / "caption.txt").write_text(caption(), encoding="utf-8")
    view = view_of(PAIR)
    gathered = gather(tmp_path / "data", tmp_path / "x", view.names)
    pictures = [Image.open(path) for path in gathered.items[0].pictures]
    made = compose([picture.convert("RGB") for picture in pictures], PAIR.layout, "crop")
    assert made.getpixel((5, 5)) == (255, 0, 0) and made.getpixel((250, 5)) == (0, 0, 255)


def test_a_prepared_data_set_is_whole_checked_and_a_data_set_itself(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 3)
    (data / "bad.png").write_bytes(b"")
    view = view_of(PAIR)
    folder = tmp_path / "prepared"
    manifest = prepare(look(data), "pair", view, folder)
    assert read_manifest(folder) == manifest and len(manifest.examples) == 3
    assert changed_files(folder, manifest) == []
    again = prepare(look(folder), "pair", view, tmp_path / "again")
    assert again.digest == manifest.digest
    (folder / "0001.txt").write_text("something else", encoding="utf-8")
    sheet(9).save(folder / "0002.png")
    assert set(changed_files(folder, manifest)) == {"0001.txt", "0002.png"}


def test_nothing_usable_or_a_taken_folder_is_refused(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "0000.png").write_bytes(b"")
    with pytest.raises(Exception, match="Nothing in the data set"):
        prepare(look(data), "pair", view_of(PAIR), tmp_path / "out")
    sound = look(write_sheets(tmp_path / "sound", 2))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(Exception, match="not empty"):
        prepare(sound, "pair", view_of(PAIR), tmp_path / "out")


def test_the_contact_sheet_shows_every_item_broken_ones_too(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 3)
    (data / "kaputt-ü.png").write_bytes(b"")
    view = view_of(PAIR)
    page = contact_sheet(look(data), view, columns=2)
    assert page.width > 2 * 240 and page.height > 2 * 240


def test_sixteen_bits_of_colour_are_said_to_be_dropped(tmp_path: Path):
    """Pillow drops them in silence; a PNG of 16-bit RGB is written by hand for that."""
    data = write_sheets(tmp_path / "data", 1)
    pixels = np.asarray(sheet(3), dtype=np.uint16) * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    (data / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    (data / "deep.txt").write_text(caption(3), encoding="utf-8")
    found = look(data)
    assert "16 bits" in problems(found, "deep") and len(found.usable) == 2
