"""Deleting is moving to the trash, and every deletion can be undone."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from set_samples import private_trash, save_one

from icl_studio.errors import NotFound, StorageProblem
from icl_studio.sets import trash as trashing
from icl_studio.sets.library import Library
from icl_studio.sets.record import read_record
from icl_studio.sets.trash import OWN_TRASH, Trash
from icl_studio.sets.trash_places import companion

needs_freedesktop = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="there the test would use the user's own trash"
)


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trash:
    """A trash without the system's."""
    monkeypatch.setattr(trashing, "serves", lambda _: False)
    return Trash(tmp_path / "sets", tmp_path / "data" / "deleted.json")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's trash, in a place of the test's own."""
    return private_trash(tmp_path / "share", monkeypatch)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@needs_freedesktop
@pytest.mark.parametrize("name", [None, "Kunde/Müller 🦊 50% [x]"])
def test_the_systems_trash_takes_a_set_and_gives_it_back(
    name: str | None, tmp_path: Path, system: Path
) -> None:
    bin_ = Trash(tmp_path / "sets", tmp_path / "deleted.json")
    folder = save_one(tmp_path / "sets", set_id="fox", folder_name=name)
    before = content(folder)
    deleted = bin_.delete(folder)
    assert not folder.exists() and deleted.lies is None
    [trashed] = (system / "files").iterdir()
    assert content(trashed) == before
    assert len(list((system / "info").iterdir())) == 1
    assert bin_.restore("fox") == folder
    assert content(folder) == before
    assert list((system / "files").iterdir()) == list((system / "info").iterdir()) == []
    assert bin_.deleted() == []


@needs_freedesktop
def test_two_folders_of_one_name_come_back_each(tmp_path: Path, system: Path) -> None:
    bin_ = Trash(tmp_path / "sets", tmp_path / "deleted.json")
    folders = [
        save_one(tmp_path / "sets", set_id=set_id, folder_name=f"{set_id}/same")
        for set_id in ("one", "two")
    ]
    for folder in folders:
        bin_.delete(folder)
    assert [bin_.restore(set_id) for set_id in ("one", "two")] == folders
    assert [read_record(folder).id for folder in folders] == ["one", "two"]


@needs_freedesktop
def test_a_damaged_set_can_be_deleted_and_restored(tmp_path: Path, system: Path) -> None:
    bin_ = Trash(tmp_path / "sets", tmp_path / "deleted.json")
    folder = save_one(tmp_path / "sets", folder_name="broken")
    (folder / "set.json").write_text("{", encoding="utf-8")
    assert bin_.delete(folder).id == "broken"
    assert bin_.restore("broken") == folder


@needs_freedesktop
def test_an_emptied_trash_is_said(tmp_path: Path, system: Path) -> None:
    bin_ = Trash(tmp_path / "sets", tmp_path / "deleted.json")
    bin_.delete(save_one(tmp_path / "sets", set_id="fox"))
    shutil.rmtree(system)
    with pytest.raises(NotFound, match="not in the trash any more"):
        bin_.restore("fox")


def test_without_a_system_trash_a_hidden_folder_serves(tmp_path: Path, bin_: Trash) -> None:
    folder = save_one(bin_.root, set_id="fox")
    before = content(folder)
    deleted = bin_.delete(folder)
    assert deleted.lies is not None and deleted.lies.parent == bin_.root / OWN_TRASH
    assert Library(bin_.root).all() == []
    assert bin_.restore("fox") == folder
    assert content(folder) == before


def test_a_system_trash_that_fails_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise PermissionError("no trash on this disk")

    monkeypatch.setattr("send2trash.send2trash", broken)
    bin_ = Trash(tmp_path / "sets", tmp_path / "deleted.json")
    folder = save_one(bin_.root, set_id="fox")
    assert bin_.delete(folder).lies is not None
    assert bin_.restore("fox") == folder


def test_a_name_that_was_taken_meanwhile_is_left_alone(tmp_path: Path, bin_: Trash) -> None:
    folder = save_one(bin_.root, set_id="fox", folder_name="spot")
    bin_.delete(folder)
    other = save_one(bin_.root, set_id="owl", folder_name="spot")
    restored = bin_.restore("fox")
    assert restored == bin_.root / "spot-2" and read_record(other).id == "owl"


def test_the_last_deletion_of_an_id_is_the_one_that_is_undone(tmp_path: Path, bin_: Trash) -> None:
    first = save_one(bin_.root, set_id="fox", folder_name="first")
    copy = shutil.copytree(first, bin_.root / "copy")
    bin_.delete(first)
    bin_.delete(copy)
    assert [bin_.restore("fox"), bin_.restore("fox")] == [copy, first]
    with pytest.raises(NotFound, match="was deleted"):
        bin_.restore("fox")


def test_a_crash_between_note_and_move_loses_nothing(
    tmp_path: Path, bin_: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_one(bin_.root, set_id="fox")
    kept = bin_.ledger
    bin_.delete(folder)
    note = json.loads(kept.read_text(encoding="utf-8"))
    bin_.restore("fox")
    note[0]["lies"] = None
    kept.write_text(json.dumps(note), encoding="utf-8")
    assert bin_.restore("fox") == folder
    assert bin_.deleted() == []


def test_a_damaged_ledger_stops_nobody_from_deleting(tmp_path: Path, bin_: Trash) -> None:
    bin_.ledger.parent.mkdir()
    bin_.ledger.write_text("[{", encoding="utf-8")
    with pytest.raises(StorageProblem, match="list of deleted sets"):
        bin_.deleted()
    folder = save_one(bin_.root, set_id="fox")
    bin_.delete(folder)
    assert bin_.ledger.with_suffix(".damaged").read_text(encoding="utf-8") == "[{"
    assert bin_.restore("fox") == folder


def test_what_is_no_set_is_not_deleted(tmp_path: Path, bin_: Trash) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(NotFound, match="no set"):
        bin_.delete(tmp_path / "photos")
    assert (tmp_path / "photos").is_dir()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_without_permission_the_set_stays_and_is_not_said_to_be_deleted(
    tmp_path: Path, bin_: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_one(bin_.root, set_id="fox")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("icl_studio.sets.files.rename_folder", refuse)
    with pytest.raises(StorageProblem, match="not permitted"):
        bin_.delete(folder)
    assert folder.is_dir() and bin_.deleted() == []


def test_a_set_that_goes_to_another_disk_is_there_completely_or_not_at_all(
    tmp_path: Path, bin_: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_one(bin_.root, set_id="fox")
    before = content(folder)
    rename, refused = trashing.files.rename_folder, []

    def across(source: Path, target: Path) -> None:
        if not source.name.startswith(".partial-") and not refused:
            refused.append(source)
            raise OSError(18, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr("icl_studio.sets.files.rename_folder", across)
    deleted = bin_.delete(folder)
    assert refused == [folder] and not folder.exists()
    assert deleted.lies is not None and content(deleted.lies) == before


def test_the_note_beside_a_trashed_folder() -> None:
    assert companion(Path("T/files/set 1")) == Path("T/info/set 1.trashinfo")
    assert companion(Path("C/$Recycle.Bin/S-1/$RAB12")) == Path("C/$Recycle.Bin/S-1/$IAB12")
