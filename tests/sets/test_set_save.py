"""A set is on the disk completely or not at all, whatever happens to disk and process."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from set_samples import picture_of, receipt_of, request_of, save_one

from icl_studio.errors import PictureUnreadable, StorageProblem
from icl_studio.sets import files
from icl_studio.sets.library import Library
from icl_studio.sets.record import new_set_id, read_record
from icl_studio.sets.save import save_set

HERE = Path(__file__).parent
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals or mounts")


def assert_whole(folder: Path) -> None:
    """The set in ``folder`` is complete: record, sheet and panels, pixel for pixel."""
    record = read_record(folder)
    with Image.open(folder / record.sheet) as sheet:
        for panel in record.panels:
            with Image.open(folder / panel.path) as picture:
                assert picture.tobytes() == sheet.crop(panel.box).tobytes()


def assert_nothing_left(root: Path) -> None:
    assert not root.exists() or list(root.iterdir()) == []


def test_a_set_is_a_folder_with_sheet_panels_and_record(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert names == [
        "panels/01-SCENE-1.png",
        "panels/02-SCENE-2.png",
        "panels/03-SCENE-3.png",
        "set.json",
        "sheet.png",
    ]
    assert_whole(folder)
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]


def test_an_id_that_stands_already_is_returned_unchanged(tmp_path: Path) -> None:
    folder = save_one(tmp_path, set_id="job-1")
    before = (folder / "sheet.png").read_bytes()
    assert save_one(tmp_path, set_id="job-1", seed=1) == folder
    assert (folder / "sheet.png").read_bytes() == before
    assert len(Library(tmp_path).all()) == 1


def test_a_sheet_of_another_size_is_refused_before_the_disk_is_touched(tmp_path: Path) -> None:
    request, root = request_of(), tmp_path / "sets"
    with pytest.raises(PictureUnreadable, match=r"127x192 .* 128x192"):
        save_set(root, new_set_id(), request, picture_of(127, 192), receipt_of(request))
    assert not root.exists()


@pytest.mark.parametrize("bad", ["", "../x", "a/b", "A", "ü", ".x", "x" * 65])
def test_an_id_that_is_no_folder_name_is_a_mistake_of_the_caller(bad: str, tmp_path: Path) -> None:
    request = request_of()
    with pytest.raises(ValueError, match="id of a set"):
        save_set(tmp_path, bad, request, picture_of(128, 192), receipt_of(request))


@pytest.mark.parametrize("name", ["Bücher & Füchse", "狐 🦊", "a b", "x" * 120])
def test_sets_are_saved_under_any_name_and_in_any_folder(name: str, tmp_path: Path) -> None:
    folder = save_one(tmp_path / name, folder_name=name)
    assert folder == tmp_path / name / name
    assert_whole(folder)


def test_a_taken_name_gets_a_number_and_a_counter_counts(tmp_path: Path) -> None:
    names = [save_one(tmp_path, folder_name="shots").name for _ in range(3)]
    assert names == ["shots", "shots-2", "shots-3"]
    names = [save_one(tmp_path, folder_name="s_{counter:03}").name for _ in range(2)]
    assert names == ["s_001", "s_002"]


def test_a_name_with_slashes_makes_folders_that_the_library_sees(tmp_path: Path) -> None:
    folder = save_one(tmp_path, folder_name="2026/spots/one")
    assert folder == tmp_path / "2026" / "spots" / "one"
    assert [entry.folder for entry in Library(tmp_path).all()] == [folder]


@pytest.mark.parametrize("name", ["../../out", "/etc/x", "C:\\x", "a/../../b", "set/.hidden"])
def test_no_name_leads_out_of_the_library(name: str, tmp_path: Path) -> None:
    folder = save_one(tmp_path / "sets", folder_name=name)
    assert folder.is_relative_to(tmp_path / "sets")
    assert len(Library(tmp_path / "sets").all()) == 1


def test_a_set_is_never_put_inside_another_set(tmp_path: Path) -> None:
    save_one(tmp_path, folder_name="a")
    save_one(tmp_path, folder_name="a/b")
    assert len(Library(tmp_path).all()) == 2


def test_a_path_of_300_characters_that_the_disk_refuses_is_said(tmp_path: Path) -> None:
    root = tmp_path / ("x" * 300)
    with pytest.raises(StorageProblem, match="too long"):
        save_one(root)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    root = tmp_path / "sets"
    root.write_text("mine", encoding="utf-8")
    with pytest.raises(StorageProblem, match="file is in the way"):
        save_one(root)
    assert root.read_text(encoding="utf-8") == "mine"


WRITES = ("sheet.png", "01-SCENE-1.png", "02-SCENE-2.png", "03-SCENE-3.png", "set.json")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("at", WRITES)
def test_a_disk_that_fails_at_any_file_leaves_nothing(
    at: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.write_new

    def failing(path: Path, data: bytes) -> None:
        if path.name == at:
            path.write_bytes(data[: len(data) // 2])
            raise OSError(number, os.strerror(number), str(path))
        real(path, data)

    monkeypatch.setattr(files, "write_new", failing)
    with pytest.raises(StorageProblem, match="saving a set") as caught:
        save_one(tmp_path / "sets")
    assert caught.value.fix
    assert_nothing_left(tmp_path / "sets")
    monkeypatch.undo()
    assert_whole(save_one(tmp_path / "sets"))


@pytest.mark.parametrize("step", ["rename_folder", "fsync_folder"])
def test_a_disk_that_fails_at_the_commit_leaves_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, step, failing)
    with pytest.raises(StorageProblem):
        save_one(tmp_path / "sets", folder_name="a/b/c")
    assert_nothing_left(tmp_path / "sets")


def test_ctrl_c_while_saving_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "fsync_folder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_one(tmp_path / "sets")
    assert_nothing_left(tmp_path / "sets")


def test_a_name_taken_between_the_look_and_the_rename_costs_no_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.rename_folder

    def raced(source: Path, target: Path) -> None:
        if target.name == "shots":
            target.mkdir()
            (target / "other.txt").write_text("another's", encoding="utf-8")
        real(source, target)

    monkeypatch.setattr(files, "rename_folder", raced)
    assert_whole(folder := save_one(tmp_path, folder_name="shots"))
    assert folder.name == "shots-2"
    assert (tmp_path / "shots" / "other.txt").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB."""
    mounted = tmp_path / "small"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mounted)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root on Linux")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


@posix
def test_a_really_full_disk_leaves_nothing_and_takes_the_set_once_it_has_room(
    small_disk: Path,
) -> None:
    root, block = small_disk / "sets", 4096
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * block)
    full = ballast.stat().st_size
    for room in range(0, 256, 24):  # the set needs about 170 kB: every amount below fails
        os.truncate(ballast, full - room * 1024)
        try:
            folder = save_one(root)
        except StorageProblem as error:
            assert "disk is full" in str(error)
            assert_nothing_left(root)
        else:
            assert room > 150
            assert_whole(folder)
            return
    pytest.fail("the set never fitted")


@posix
def test_a_read_only_disk_is_said_and_its_sets_stay_readable(small_disk: Path) -> None:
    folder = save_one(small_disk / "sets")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageProblem, match="read-only"):
        save_one(small_disk / "sets")
    with pytest.raises(StorageProblem, match="read-only"):
        save_one(small_disk / "other")
    assert [entry.folder for entry in Library(small_disk / "sets").all()] == [folder]


@contextmanager
def saving(root: Path, *ids: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that waits for :func:`go`, then saves sets with ``ids``."""
    code = (
        "import sys; from pathlib import Path; from set_samples import save_one\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for i in sys.argv[2:]: save_one(Path(sys.argv[1]), set_id=i)"
    )
    command = [sys.executable, "-c", code, str(root), *ids]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=HERE, stdin=pipe, stdout=pipe) as process:
        yield process


def go(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()


@posix
@pytest.mark.parametrize("chance", range(6))
def test_a_process_killed_while_saving_leaves_whole_sets_only(chance: int, tmp_path: Path) -> None:
    ids = [f"job-{n}" for n in range(400)]
    with saving(tmp_path, *ids) as process:
        go(process)
        time.sleep(random.Random(chance).uniform(0.01, 0.4))
        process.send_signal(signal.SIGKILL)
    entries, problems = Library(tmp_path).scan()
    assert problems == []
    for entry in entries:
        assert_whole(entry.folder)
    assert len(entries) < 400
    save_one(tmp_path, set_id="next")
    assert len(Library(tmp_path).all()) == len(entries) + 1
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@posix
def test_processes_saving_the_same_ids_at_once_make_each_set_once(tmp_path: Path) -> None:
    ids = [f"job-{n}" for n in range(12)]
    with saving(tmp_path, *ids) as one, saving(tmp_path, *ids) as other:
        go(one, other)
    assert (one.returncode, other.returncode) == (0, 0)
    assert sorted(entry.record.id for entry in Library(tmp_path).all()) == sorted(ids)
    assert len(list(tmp_path.iterdir())) == len(ids)


@posix
def test_the_sweep_spares_what_a_living_process_is_saving(tmp_path: Path) -> None:
    from icl_studio.sets.locks import locked, partial_folder

    with locked(tmp_path, "alive"):
        partial_folder(tmp_path, "alive").mkdir()
        partial_folder(tmp_path, "dead").mkdir()
        with saving(tmp_path, "job-1") as process:
            go(process)
        assert process.returncode == 0
        assert partial_folder(tmp_path, "alive").is_dir()
        assert not partial_folder(tmp_path, "dead").exists()
