"""The library finds what is there, by what users remember, and survives what is broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from set_samples import receipt_of, request_of, save_one

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.problems import UserError
from icl_studio.errors import NotFound, StorageProblem
from icl_studio.sets.library import Library
from icl_studio.sets.locks import locked
from icl_studio.sets.rate import rate, rated
from icl_studio.sets.record import SET_ID, Rating, SetRecord, is_set_folder, new_set_id, read_record


def edit(folder: Path, **changes: object) -> None:
    path = folder / "set.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | changes), encoding="utf-8")


def test_ids_are_unique_sort_by_time_and_are_folder_names() -> None:
    ids = [new_set_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert [i[:18] for i in ids] == sorted(i[:18] for i in ids)
    assert all(SET_ID.match(i) and i == i.lower() for i in ids)


def test_a_record_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    record = read_record(save_one(tmp_path))
    assert record.request == request_of()
    assert record.receipt == receipt_of(record.request)
    assert SetRecord.model_validate_json(record.to_json()) == record
    assert record.rating == Rating() and not record.read_only


def test_an_empty_or_missing_library_is_empty(tmp_path: Path) -> None:
    assert Library(tmp_path / "none").scan() == ([], [])


def test_saving_looks_no_deeper_than_the_set_can_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    looked: list[Path] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(Path(path)) or scandir(path))
    set_id = new_set_id()
    save_one(tmp_path, set_id=set_id)
    assert {path for path in looked if path.is_relative_to(tmp_path / "a")} == set()
    deep = save_one(tmp_path, set_id="20261122-191103482-k3f9xq", folder_name="a/b/x")
    looked.clear()
    again = save_one(tmp_path, set_id="20261122-191103482-k3f9xq", folder_name="a/b/x")
    assert again == deep
    assert tmp_path / "a" / "b" / "c" not in looked


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_and_hidden_folders_are_not_entered(tmp_path: Path) -> None:
    folder = save_one(tmp_path / "root")
    (tmp_path / "root" / "again").symlink_to(tmp_path / "root", target_is_directory=True)
    shutil.copytree(folder, tmp_path / "root" / ".trash" / "old")
    shutil.copytree(folder, folder / "copy")
    assert [entry.folder for entry in Library(tmp_path / "root").all()] == [folder]


@pytest.mark.parametrize("name", [None, "plain", "deep/er/name", "x {id}"])
def test_a_set_is_found_by_its_id_whatever_its_folder_is_called(
    name: str | None, tmp_path: Path
) -> None:
    save_one(tmp_path)
    folder = save_one(tmp_path, set_id="20261122-191103482-k3f9xq", folder_name=name)
    library = Library(tmp_path)
    assert library.find_id("20261122-191103482-k3f9xq") == folder
    assert library.find_id("20261122-191103482-k3f9x") is None
    for word in ("20261122-191103482-k3f9xq", "20261122-1911034", "k3f9xq", str(folder)):
        assert library.get(word).folder == folder
    assert library.get(folder / "set.json").folder == folder
    assert library.get(folder.relative_to(tmp_path)).folder == folder


def test_a_renamed_folder_is_still_found(tmp_path: Path) -> None:
    folder = save_one(tmp_path, set_id="20261122-191103482-k3f9xq")
    moved = folder.rename(tmp_path / "Final – Müller")
    assert Library(tmp_path).find_id("20261122-191103482-k3f9xq") == moved


def test_a_folder_may_be_given_from_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_one(tmp_path)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert Library(tmp_path / "elsewhere").get(f"~/{folder.name}").folder == folder


def test_an_ambiguous_or_unknown_word_says_so(tmp_path: Path) -> None:
    for n in range(2):
        save_one(tmp_path, set_id=f"job-{n}")
    with pytest.raises(NotFound, match=r"2 sets fit 'job'.*job-1, job-0"):
        Library(tmp_path).get("job")
    for word in ("nothing", "", "x" * 5000, "a\0b"):
        with pytest.raises(NotFound):
            Library(tmp_path).get(word)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema_version": 1}', "\ud83d"])
def test_a_damaged_record_is_reported_and_stops_no_other(damage: str, tmp_path: Path) -> None:
    good, bad = save_one(tmp_path), save_one(tmp_path)
    (bad / "set.json").write_bytes(damage.encode("utf-8", "surrogatepass"))
    entries, problems = Library(tmp_path).scan()
    assert [entry.folder for entry in entries] == [good]
    assert [problem.where for problem in problems] == [str(bad)]
    with pytest.raises(StorageProblem, match=r"set\.json"):
        Library(tmp_path).get(bad)


def test_an_unknown_key_in_a_record_is_refused(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    edit(folder, flavour="sweet")
    with pytest.raises(StorageProblem, match="flavour: is not a known key"):
        read_record(folder)


def test_a_newer_record_opens_read_only(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    edit(folder, schema_version=3, flavour="sweet", rating={"stars": 3, "flag": None, "heart": 1})
    record = Library(tmp_path).get(folder).record
    assert record.read_only and record.rating.stars == 3
    before = (folder / "set.json").read_bytes()
    with pytest.raises(StorageProblem, match="newer ICL Studio"):
        rate(folder, "5")
    assert (folder / "set.json").read_bytes() == before


def test_a_newer_record_that_we_cannot_read_says_to_update(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    edit(folder, schema_version=9, panels="elsewhere")
    with pytest.raises(StorageProblem, match="newer") as caught:
        read_record(folder)
    assert "Update" in caught.value.fix


@pytest.mark.parametrize(
    ("words", "stars", "flag"),
    [
        (["4"], 4, None),
        (["pick", "5"], 5, "pick"),
        (["3", "pick", "reject"], 3, "reject"),
        (["0"], 0, None),
        (["3", "pick", "clear"], None, None),
    ],
)
def test_stars_and_flag_are_kept_apart(
    words: list[str], stars: int | None, flag: str | None, tmp_path: Path
) -> None:
    folder = save_one(tmp_path)
    before = read_record(folder)
    for word in words:
        rate(folder, word)
    after = read_record(folder)
    assert (after.rating.stars, after.rating.flag) == (stars, flag)
    assert after.model_copy(update={"rating": before.rating}) == before
    assert sorted(path.name for path in folder.iterdir()) == ["panels", "set.json", "sheet.png"]


@pytest.mark.parametrize("word", ["6", "-1", "", "best", "3.5"])
def test_another_rating_is_refused(word: str) -> None:
    with pytest.raises(UserError, match="not a rating"):
        rated(Rating(), word)


def test_ratings_given_at_once_are_all_kept(tmp_path: Path) -> None:
    """Whoever reads an old rating and writes it back would undo the other's."""
    folder = save_one(tmp_path)
    code = (
        "import sys; from pathlib import Path; from icl_studio.sets.rate import rate\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for _ in range(60): rate(Path(sys.argv[1]), sys.argv[2])"
    )
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code, str(folder), word], stdin=pipe, stdout=pipe
                )
            )
            for word in ("4", "pick")
        ]
        for process in both:
            assert process.stdout is not None and process.stdout.readline()
        for process in both:
            process.communicate(b"\n")
    assert [process.returncode for process in both] == [0, 0]
    assert read_record(folder).rating == Rating(stars=4, flag="pick")
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_rating_waits_for_another_that_has_begun(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    with ThreadPoolExecutor(1) as pool, locked(folder, "set.json"):
        other = pool.submit(rate, folder, "4")
        with pytest.raises(TimeoutError):
            other.result(timeout=0.3)
        edit(folder, rating={"stars": None, "flag": "pick"})
    assert other.result(timeout=20).rating == Rating(stars=4, flag="pick")


@pytest.mark.parametrize("created", ["yesterday", "", "2026-99-01", "0001-01-01T00:00:00+14:00"])
def test_a_record_without_a_real_date_is_an_ordinary_problem(created: str, tmp_path: Path) -> None:
    good, bad = save_one(tmp_path), save_one(tmp_path)
    edit(bad, created=created)
    library = Library(tmp_path)
    for entries, problems in (library.scan(), library.search("date:>2020")):
        assert [entry.folder for entry in entries] == [good]
        assert [problem.where for problem in problems] == [str(bad)]
    with pytest.raises(StorageProblem, match="created: is not a date and time"):
        library.get(bad)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_a_folder_that_may_not_be_looked_into_hides_no_set() -> None:
    """Every ext4 disk has a lost+found that is root's alone."""
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        root = Path(name)
        root.chmod(0o755)
        folder = save_one(root)
        (root / "lost+found").mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.seteuid(65534)
        else:
            (root / "lost+found").chmod(0)
        try:
            assert [entry.folder for entry in Library(root).all()] == [folder]
            assert not is_set_folder(root / "lost+found")
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
            (root / "lost+found").chmod(0o700)


@pytest.fixture
def shelf(tmp_path: Path) -> Library:
    save_one(tmp_path, set_id="fox", seed=1)
    cat = CaptionParts(summary="Eine Katze", panels=("im Schloß", "red hat", "asleep"))
    folder = save_one(tmp_path, set_id="cat", seed=22, parts=cat, adapters=(), name="Müller Spot")
    rate(folder, "4")
    rate(folder, "pick")
    return Library(tmp_path)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", {"fox", "cat"}),
        ("fox", {"fox"}),
        ("FOX hill", {"fox"}),
        ("fox katze", set()),
        ("SCHLOSS", {"cat"}),
        ("müller", {"cat"}),
        ("film", {"fox", "cat"}),
        ("lora:film", {"fox"}),
        ("seed:22", {"cat"}),
        ("seed:<5", {"fox"}),
        ("rating:>3", {"cat"}),
        ("rating:>4", set()),
        ("rating:none", {"fox"}),
        ("flag:pick task:film", {"cat"}),
        ("flag:none", {"fox"}),
        ("-fox", {"cat"}),
        ("not:flag:pick", {"fox"}),
        ('"red hat"', {"cat"}),
        ('"hat red"', set()),
        ('panel:"red hat"', {"cat"}),
        ("summary:red", {"fox"}),
        ("date:2020", set()),
        ("date:>=2020-01-01", {"fox", "cat"}),
        ("date:<2020-05", set()),
        ("steps:12 guidance:3.5 model:tiny engine:torch", {"fox", "cat"}),
    ],
)
def test_searching(text: str, ids: set[str], shelf: Library) -> None:
    assert {entry.record.id for entry in shelf.search(text)[0]} == ids


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("sead:1", "Did you mean seed:"),
        ("rating:good", "rating:4"),
        ("flag:best", "pick"),
        ("date:yesterday", "2026-11-22"),
    ],
)
def test_a_search_that_makes_no_sense_says_what_would(text: str, fix: str, shelf: Library) -> None:
    with pytest.raises(UserError) as caught:
        shelf.search(text)
    assert fix in caught.value.fix
