"""The index answers as the folders do, reads only what has changed, and can be thrown away."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from set_samples import save_one

from icl_studio.domain.caption import CaptionParts
from icl_studio.errors import StorageProblem
from icl_studio.paths import UserFolders, user_folders
from icl_studio.sets.index import ORDERS, Index, IndexedLibrary, index_file, open_index
from icl_studio.sets.index import refresh as refreshing
from icl_studio.sets.library import Library
from icl_studio.sets.rate import rate
from icl_studio.sets.record import read_record
from icl_studio.sets.search import parse_query
from icl_studio.sets.tags import tag

SEARCHES = [
    "",
    "fox",
    "FOX hill",
    "SCHLOSS",
    "straße",
    "müller",
    "lora:film",
    "seed:22",
    "seed:<5",
    "rating:>3",
    "rating:none",
    "not:rating:>3",
    "flag:pick task:film",
    "flag:none",
    "-fox",
    "not:flag:pick",
    '"red hat"',
    '"hat red"',
    'panel:"red hat"',
    "summary:red",
    "date:2020",
    "date:>=2020-01-01",
    "date:<2020-05",
    "not:date:>2020",
    "steps:12 guidance:3.5 model:tiny engine:torch",
    "tag:client",
    "not:tag:client",
    "KUNDE",
    "100%",
    "a_b",
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sets, one rated, one tagged, one in a folder of its own; read only."""
    root = tmp_path_factory.mktemp("Bücher 🦊")
    save_one(root, set_id="fox", seed=1)
    cat = CaptionParts(summary="Eine Katze", panels=("im Schloß", "red hat 100%", "asleep"))
    folder = save_one(root, set_id="cat", seed=22, parts=cat, adapters=(), name="Müller a_b")
    rate(folder, "4")
    rate(folder, "pick")
    tag(save_one(root, set_id="owl", folder_name="Kunde/eins/owl"), ["Client – Kunde"])
    return root


@pytest.fixture
def folders() -> UserFolders:
    return user_folders()


@pytest.mark.parametrize("text", SEARCHES)
def test_a_search_finds_what_reading_every_folder_finds(
    text: str, shelf: Path, folders: UserFolders
) -> None:
    expected = {entry.folder for entry in Library(shelf).search(text)[0]}
    found = IndexedLibrary(shelf, folders).find(text)
    assert {entry.folder for entry in found.entries} == expected
    assert found.total == len(expected) and found.problems == []


def test_every_order_lists_every_set(shelf: Path, folders: UserFolders) -> None:
    with open_index(folders, shelf) as index:
        index.refresh()
        orders = {order: index.keys(parse_query(""), order) for order in ORDERS}
        rows = index.rows(orders["best"])
    assert len({frozenset(keys) for keys in orders.values()}) == 1
    assert orders["oldest"] == orders["newest"][::-1]
    best = rows[orders["best"][0]]
    assert best.id == "cat" and best.rating.stars == 4 and best.rating.flag == "pick"


def test_a_row_says_what_a_list_needs(shelf: Path, folders: UserFolders) -> None:
    with open_index(folders, shelf) as index:
        index.refresh()
        rows = {row.id: row for row in index.rows(index.keys(parse_query(""))).values()}
        assert dict(index.counted("task")) == {"film-storyboard": 3}
        assert dict(index.counted("lora")) == {"film-storyboard.safetensors": 2}
        assert dict(index.counted("tag")) == {"Client – Kunde": 1}
    row, record = rows["owl"], read_record(rows["owl"].folder)
    assert row.folder == shelf / "Kunde" / "eins" / "owl"
    assert (row.width, row.height, row.panels) == (128, 192, 3)
    assert row.tags == ("Client – Kunde",)
    assert row.created_at == record.created_at
    assert not row.assembled and not row.read_only


def test_only_what_has_changed_is_read(
    tmp_path: Path, folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "sets"
    one, two = save_one(root), save_one(root)
    read: list[Path] = []
    monkeypatch.setattr(
        refreshing, "read_record", lambda folder: read.append(folder) or read_record(folder)
    )
    with open_index(folders, root) as index:
        assert index.refresh().read == 2
        assert not index.refresh().changed
        rate(one, "5")
        three = save_one(root)
        shutil.rmtree(two)
        read.clear()
        refreshed = index.refresh()
        assert sorted(read) == sorted([one, three]) and refreshed.gone == 1
        assert len(index.keys(parse_query("rating:5"))) == 1
        moved = one.rename(root / "umbenannt 🦊")
        assert index.refresh()[:2] == (1, 1)
        assert {row.folder for row in index.rows(index.keys(parse_query(""))).values()} == {
            moved,
            three,
        }


def test_one_folder_can_be_read_again_alone(tmp_path: Path, folders: UserFolders) -> None:
    folder = save_one(tmp_path / "sets")
    with open_index(folders, tmp_path / "sets") as index:
        index.refresh()
        (key,) = index.keys(parse_query(""))
        rate(folder, "3")
        index.note(folder)
        assert index.keys(parse_query("rating:3")) == [key]
        shutil.rmtree(folder)
        index.note(folder)
        assert index.count() == 0
        index.note(tmp_path / "elsewhere")
        assert not index.refresh().changed


def test_what_cannot_be_read_is_listed_with_its_reason_until_it_is_mended(
    tmp_path: Path, folders: UserFolders
) -> None:
    root = tmp_path / "sets"
    good, bad, new = save_one(root), save_one(root), save_one(root)
    whole = (bad / "set.json").read_text(encoding="utf-8")
    with open_index(folders, root) as index:
        index.refresh()
        (bad / "set.json").write_text("{", encoding="utf-8")
        data = json.loads((new / "set.json").read_text(encoding="utf-8"))
        data |= {"schema_version": 99, "panels": "in the cloud"}
        (new / "set.json").write_text(json.dumps(data), encoding="utf-8")
        index.refresh()
        problems = {problem.where: problem for problem in index.problems()}
        assert set(problems) == {str(bad), str(new)}
        assert "damaged" in problems[str(bad)].what and "backup" in problems[str(bad)].fix
        assert "newer" in problems[str(new)].what and "Update" in problems[str(new)].fix
        assert not index.refresh().changed
        (bad / "set.json").write_text(whole, encoding="utf-8")
        index.refresh()
        assert [problem.where for problem in index.problems()] == [str(new)]
        assert {row.folder for row in index.rows(index.keys(parse_query(""))).values()} == {
            good,
            bad,
        }


def test_a_newer_set_that_can_be_read_is_shown_as_read_only(
    tmp_path: Path, folders: UserFolders
) -> None:
    folder = save_one(tmp_path / "sets")
    data = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    (folder / "set.json").write_text(json.dumps(data | {"schema_version": 99}), encoding="utf-8")
    with open_index(folders, tmp_path / "sets") as index:
        index.refresh()
        [row] = index.rows(index.keys(parse_query(""))).values()
        assert row.read_only


@pytest.mark.parametrize(
    "damage", [b"no database at all" * 300, b"SQLite format 3\0" + b"x" * 9000]
)
def test_a_damaged_index_is_made_anew(damage: bytes, shelf: Path, folders: UserFolders) -> None:
    file = index_file(folders, shelf)
    file.parent.mkdir(parents=True)
    file.write_bytes(damage)
    assert IndexedLibrary(shelf, folders).find().total == 3


def test_an_index_that_is_damaged_while_open_is_made_anew(
    shelf: Path, folders: UserFolders
) -> None:
    with open_index(folders, shelf) as index:
        index.refresh()
        index.fetch("PRAGMA wal_checkpoint(TRUNCATE)")
        size = index.file.stat().st_size
        with index.file.open("r+b") as file:
            file.write(b"\0" * size)
        # A new connection has nothing of the file in its memory.
        with Index(shelf, index.file) as other:
            other.refresh()
            assert other.count() == 3


def test_deleting_the_index_loses_nothing(shelf: Path, folders: UserFolders) -> None:
    library = IndexedLibrary(shelf, folders)
    before = library.find("rating:4").entries
    shutil.rmtree(folders.cache)
    assert library.find("rating:4").entries == before


def test_a_cache_folder_that_cannot_be_written_is_no_reason_to_stop(
    shelf: Path, folders: UserFolders
) -> None:
    folders.cache.parent.mkdir(parents=True)
    folders.cache.write_text("a file is in the way", encoding="utf-8")
    assert IndexedLibrary(shelf, folders).find("fox").total == 2
    with pytest.raises(StorageProblem, match="file is in the way"):
        Index(shelf, index_file(folders, shelf))


def test_a_missing_folder_is_an_empty_library(tmp_path: Path, folders: UserFolders) -> None:
    assert IndexedLibrary(tmp_path / "none", folders).find() == ([], 0, [])


def test_a_refresh_can_be_stopped_and_goes_on_where_it_was(
    tmp_path: Path, folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "_AT_ONCE", 2)
    root = tmp_path / "sets"
    for seed in range(5):
        save_one(root, seed=seed)
    told: list[tuple[int, int]] = []
    with open_index(folders, root) as index:
        stopped = index.refresh(lambda *n: told.append(n), stop=lambda: len(told) >= 1)
        assert not stopped.complete and index.count() == 2
        assert index.refresh(lambda *n: told.append(n)).read == 3
        assert told == [(2, 5), (2, 3), (3, 3)]


def test_reading_goes_on_while_another_refreshes(tmp_path: Path, folders: UserFolders) -> None:
    root = tmp_path / "sets"
    for seed in range(3):
        save_one(root, seed=seed)
    with open_index(folders, root) as index:
        index.refresh()
        with Index(root, index.file) as other, other.write() as connection:
            connection.execute("DELETE FROM sets")
            assert index.count() == 3
        assert index.count() == 0


def test_two_who_refresh_at_once_agree(tmp_path: Path, folders: UserFolders) -> None:
    root = tmp_path / "sets"
    for seed in range(6):
        save_one(root, seed=seed)
    open_index(folders, root).close()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with open_index(folders, root) as index:
                index.refresh()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert IndexedLibrary(root, folders).find().total == 6


def test_those_who_open_a_new_index_at_once_share_it(tmp_path: Path) -> None:
    """They met while SQLite changed to WAL, and one went on with a temporary index, for ever."""
    root = tmp_path / "sets"
    save_one(root)
    for attempt in range(30):
        mine, together = user_folders(tmp_path / f"home-{attempt}"), threading.Barrier(4)
        files: list[Path] = []

        def open_one(
            folders: UserFolders = mine,
            barrier: threading.Barrier = together,
            opened: list[Path] = files,
        ) -> None:
            barrier.wait()
            with open_index(folders, root) as index:
                opened.append(index.file)

        threads = [threading.Thread(target=open_one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert files == [index_file(mine, root)] * 4


def test_another_program_that_holds_the_index_is_named(
    tmp_path: Path, folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icl_studio.sets.index.database.BUSY_SECONDS", 0.05)
    root = tmp_path / "sets"
    save_one(root)
    with open_index(folders, root) as index:
        other = sqlite3.connect(index.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageProblem, match="cannot be used"):
            index.refresh()
        other.execute("ROLLBACK")
        other.close()
        assert index.refresh().read == 1
