"""What an importer finds in a folder or zip, and what it leaves alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from training_samples import PAIR, caption, panel, sheet, write_sheets, zipped

from icl_studio.errors import NotFound, PictureUnreadable
from icl_studio.training.material import Gathered, gather
from icl_studio.training.textfiles import read_text

NAMES = PAIR.layout.names


def look(source: Path, tmp_path: Path, **more: str) -> Gathered:
    return gather(source, tmp_path / "unpacked", NAMES, **more)  # type: ignore[arg-type]


def test_flat_and_nested_sheets_are_found_in_natural_order(tmp_path: Path):
    write_sheets(tmp_path / "data", 2)
    write_sheets(tmp_path / "data" / "später" / "2", 1)
    write_sheets(tmp_path / "data" / "später" / "10", 1)
    found = look(tmp_path / "data", tmp_path)
    assert [item.name for item in found.items] == [
        "0000",
        "0001",
        "später/2/0000",
        "später/10/0000",
    ]
    assert all(item.caption.startswith("a fox") for item in found.items)


def test_what_file_managers_leave_behind_is_skipped(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 1)
    for junk in ("__MACOSX/._0000.png", ".DS_Store", "._0000.png", "Thumbs.db", ".cache/0009.png"):
        (data / junk).parent.mkdir(exist_ok=True)
        (data / junk).write_bytes(b"\x00\x05\x16\x07")
    archive = zipped(data, tmp_path / "data.zip")
    for source in (data, archive):
        found = look(source, tmp_path)
        assert [item.name for item in found.items] == ["0000"]
        assert found.findings == ()


def test_as_many_numbered_sheets_as_the_task_has_panels_are_sheets(tmp_path: Path):
    folder = tmp_path / "data"
    folder.mkdir()
    for number in (1, 2):
        sheet().save(folder / f"000{number}.png")
        (folder / f"000{number}.txt").write_text(caption(), encoding="utf-8")
    found = look(folder, tmp_path)
    assert [(item.kind, item.name) for item in found.items] == [
        ("sheet", "0001"),
        ("sheet", "0002"),
    ]


@pytest.mark.parametrize(
    "files", [("LEFT.png", "RIGHT.png"), ("1.png", "2.png"), ("01-LEFT.png", "02-RIGHT.png")]
)
def test_a_folder_of_separate_panels_is_one_set(tmp_path: Path, files: tuple[str, str]):
    folder = tmp_path / "data" / "set 1"
    folder.mkdir(parents=True)
    for number, name in enumerate(files):
        panel(number).save(folder / name)
    (folder / "caption.txt").write_text(caption(), encoding="utf-8")
    (item,) = look(tmp_path / "data", tmp_path).items
    assert (item.kind, item.name, item.caption) == ("panels", "set 1", caption())
    assert [path.name for path in item.pictures] == list(files)


def test_the_caption_of_a_panel_folder_may_lie_beside_it_or_in_single_texts(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number, side in enumerate(NAMES):
            panel(number).save(tmp_path / "data" / name / f"{side}.png")
    (tmp_path / "data" / "a.txt").write_text(caption(), encoding="utf-8")
    (tmp_path / "data" / "b" / "summary.txt").write_text("two foxes", encoding="utf-8")
    (tmp_path / "data" / "b" / "LEFT.txt").write_text("one sits", encoding="utf-8")
    (tmp_path / "data" / "b" / "RIGHT.txt").write_text("one runs", encoding="utf-8")
    found = look(tmp_path / "data", tmp_path)
    assert found.findings == ()
    first, second = found.items
    assert first.caption == caption()
    assert (second.caption, second.summary, second.texts) == (
        "",
        "two foxes",
        ("one sits", "one runs"),
    )


def test_a_text_without_its_picture_is_said(tmp_path: Path):
    data = write_sheets(tmp_path / "data", 1)
    (data / "0007.txt").write_text("lost", encoding="utf-8")
    (told,) = look(data, tmp_path).findings
    assert told.where == "0007.txt" and told.level == "warning"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_captions_are_read_in_every_marked_encoding(tmp_path: Path, encoding: str):
    path = tmp_path / "0000.txt"
    path.write_bytes("ein Füchslein 🦊\r\nim Schnee".encode(encoding))
    text, told = read_text(path)
    assert text == "ein Füchslein 🦊 im Schnee"
    assert [finding.level for finding in told] == ([] if "8" in encoding else ["note"])


def test_an_old_windows_text_is_read_with_a_warning_and_binary_is_refused(tmp_path: Path):
    old, binary = tmp_path / "old.txt", tmp_path / "binary.txt"
    old.write_bytes("Füchslein".encode("cp1252"))
    binary.write_bytes(b"a\x00b\x00")  # UTF-16 without its mark
    assert read_text(old)[0] == "Füchslein" and read_text(old)[1][0].level == "warning"
    assert read_text(binary)[0] == "" and read_text(binary)[1][0].level == "error"


def test_zip_names_that_lead_out_are_left_out_and_named(tmp_path: Path):
    archive = tmp_path / "evil.zip"
    good = tmp_path / "good.png"
    sheet().save(good)
    with zipfile.ZipFile(archive, "w") as target:
        for name in ("../out.png", "a/../../out.png", "/abs.png", "C:/drive.png", "..\\out.bmp"):
            target.writestr(zipfile.ZipInfo(name), good.read_bytes())
        target.write(good, "fine/0000.png")
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        target.writestr(link, "/etc/passwd")
    found = look(archive, tmp_path)
    assert [item.name for item in found.items] == ["fine/0000"]
    assert len(found.findings) == 6 and {finding.level for finding in found.findings} == {"error"}
    outside = [p for p in tmp_path.rglob("*.png") if tmp_path / "unpacked" not in p.parents]
    assert outside == [good]


def test_a_zip_bomb_is_left_out_whatever_its_header_says(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("icl_studio.training.unpacking.FREE_OF_RATIO", 2**20)
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("0000.png", b"\x00" * (24 * 2**20))
        target.writestr("0001.txt", "fine")
    data = archive.read_bytes()
    lying = bytearray(data)
    central = data.index(b"PK\x01\x02")
    for place in (22, central + 24):  # the size that an entry says it has, in both its headers
        lying[place : place + 4] = (1000).to_bytes(4, "little")
    lying = bytes(lying)
    for content in (data, lying):
        archive.write_bytes(content)
        unpacked = tmp_path / f"unpacked-{content == lying}"
        found = gather(archive, unpacked, NAMES)
        assert any("0000.png" in finding.where for finding in found.findings)
        assert sum(p.stat().st_size for p in unpacked.rglob("*") if p.is_file()) < 2**20


def test_a_damaged_entry_does_not_stop_the_others(tmp_path: Path):
    archive = tmp_path / "data.zip"
    zipped(write_sheets(tmp_path / "data", 3), archive)
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as target:
        start = target.getinfo("0001.png").header_offset
    for index in range(start + 60, start + 90):
        content[index] ^= 0xFF
    archive.write_bytes(content)
    found = look(archive, tmp_path)
    assert {"0000", "0002"} <= {item.name for item in found.items}
    assert any("0001.png" in finding.where for finding in found.findings)


def test_no_zip_no_folder_and_nothing_there_are_said_clearly(tmp_path: Path):
    fake = tmp_path / "fake.zip"
    fake.write_bytes(b"no zip at all")
    text = tmp_path / "data.rar"
    text.write_bytes(b"Rar!")
    for path, kind in (
        (fake, PictureUnreadable),
        (text, PictureUnreadable),
        (tmp_path / "x", NotFound),
    ):
        with pytest.raises(kind) as told:
            look(path, tmp_path)
        assert told.value.fix
