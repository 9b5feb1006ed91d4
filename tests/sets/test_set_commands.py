"""The commands sets, rate, export and crop: what people and machines get from each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from set_samples import picture_of, save_one

from icl_studio.cli.main import main

ID = "20261122-191103482-k3f9xq"


@pytest.fixture
def shelf(home: Path) -> Path:
    """The user's own sets folder with one set in it."""
    save_one(home / "sets", set_id=ID, name="Müller [spot] 🦊")
    return home / "sets"


@pytest.fixture
def machine(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command with --json and returns its object; anything but success fails."""

    def run(*argv: object) -> Any:
        code = main([*map(str, argv), "--json"])
        told = capsys.readouterr()
        assert code == 0, told.err
        return json.loads(told.out)

    return run


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """Runs a command that must be a user's error; what stderr says, on one line."""
    assert main([*map(str, argv)]) == 2
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return " ".join(told.err.split())


def test_sets_list(shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = machine("sets", "list")
    assert found["total"] == 1 and found["problems"] == []
    [one] = found["sets"]
    assert one["id"] == ID and one["seed"] == 4711 and one["name"] == "Müller [spot] 🦊"
    assert Path(one["sheet"]).is_file()
    assert [panel["box"] for panel in one["panels"]][1] == [0, 64, 128, 128]
    assert all(Path(panel["path"]).is_file() for panel in one["panels"])
    assert main(["sets", "list"]) == 0
    told = capsys.readouterr().out
    assert ID in told and "Müller [spot] 🦊" in told


def test_a_damaged_set_is_reported_beside_the_others(
    shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (save_one(shelf, folder_name="bad") / "set.json").write_text("{", encoding="utf-8")
    found = machine("sets", "list")
    assert [one["id"] for one in found["sets"]] == [ID]
    assert "bad" in found["problems"][0]["where"]
    assert main(["sets", "list"]) == 0
    assert "damaged" in capsys.readouterr().err


def test_an_empty_library_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sets", "list"]) == 0
    assert "icl-studio demo" in capsys.readouterr().out


def test_a_long_list_is_cut_and_says_so(shelf: Path, machine: Any) -> None:
    for seed in range(3):
        save_one(shelf, seed=seed)
    assert len(machine("sets", "list", "--limit", 2)["sets"]) == 2
    assert len(machine("sets", "list", "--limit", 0)["sets"]) == 4


def test_sets_show(shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = machine("sets", "show", "k3f9xq")
    assert found["record"]["request"]["seed"] == 4711
    assert found["record"]["receipt"]["engine"] == "torch"
    assert main(["sets", "show", ID]) == 0
    told = capsys.readouterr().out
    for word in ("müde und froh", "4711", "SCENE-2", "by the sea", "film-storyboard.safetensors"):
        assert word in told


def test_sets_search(shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine("sets", "search", "fox", "seed:4711")["total"] == 1
    assert machine("sets", "search", "not:fox")["total"] == 0
    assert "Did you mean seed:" in refused(capsys, "sets", "search", "sead:1")


def test_sets_tag(shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    other = save_one(shelf, set_id="other")
    told = machine("sets", "tag", ID, "other", "--add", "client", "--add", "needs work")
    assert [one["tags"] for one in told["sets"]] == [["client", "needs work"]] * 2
    machine("sets", "tag", other, "--remove", "client")
    assert [one["id"] for one in machine("sets", "search", "tag:client")["sets"]] == [ID]
    assert main(["sets", "tag", ID]) == 0
    assert "client, needs work" in capsys.readouterr().out
    assert "no tag" in refused(capsys, "sets", "tag", ID, "--add", "a,b")


def test_delete_and_restore(
    shelf: Path, machine: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("icl_studio.sets.trash.serves", lambda _: False)
    other = save_one(shelf, set_id="other")
    [deleted] = machine("sets", "delete", "other")["deleted"]
    assert deleted["id"] == "other" and deleted["folder"] == str(other)
    assert machine("sets", "list")["total"] == 1
    assert [one["id"] for one in machine("sets", "restore")["deleted"]] == ["other"]
    assert machine("sets", "restore", "other")["restored"] == [
        {"id": "other", "folder": str(other)}
    ]
    assert machine("sets", "list")["total"] == 2
    assert "was deleted" in refused(capsys, "sets", "restore", "other")
    assert main(["sets", "restore"]) == 0
    assert "Nothing was deleted." in capsys.readouterr().out


def test_assemble(shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    save_one(shelf, set_id="other", seed=5)
    made = machine("sets", "assemble", f"{ID}:SCENE-1", "other:SCENE-2", "other:SCENE-3")
    assert Path(made["sheet"]).is_file() and made["name"] == "Müller [spot] 🦊"
    assert main(["sets", "show", made["id"]]) == 0
    assert "SCENE-2 is SCENE-2 of other" in capsys.readouterr().out
    assert "names no panel" in refused(capsys, "sets", "assemble", "other")
    assert "assembled from panels of 2 sets" in refused(capsys, "verify", made["id"])


def test_listing_again_reads_no_set_again(
    shelf: Path, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("sets", "list")
    monkeypatch.setattr("icl_studio.sets.index.refresh.read_record", None)
    assert machine("sets", "list")["total"] == 1


def test_sets_in_another_folder(tmp_path: Path, machine: Any) -> None:
    save_one(tmp_path / "Bücher 🦊")
    assert machine("sets", "list", "--from", tmp_path / "Bücher 🦊")["total"] == 1


def test_rate(shelf: Path, machine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine("rate", ID, "4")["rating"] == {"stars": 4, "flag": None}
    assert machine("rate", ID, "pick")["rating"] == {"stars": 4, "flag": "pick"}
    assert machine("sets", "search", "rating:>3", "flag:pick")["total"] == 1
    assert main(["rate", ID, "clear"]) == 0
    assert "no rating" in capsys.readouterr().out
    assert "0 to 5, pick, reject or clear" in refused(capsys, "rate", ID, "six")
    assert "There is no set 'nope'" in refused(capsys, "rate", "nope", "3")


def test_export(shelf: Path, machine: Any, tmp_path: Path) -> None:
    out = tmp_path / "Für den Kunden"
    choices = ["--format", "jpeg", "--size", "50%", "--name", "{name}_{index:02}", "--what", "both"]
    found = machine("export", ID, "--to", out, *choices)
    assert [Path(file["path"]).name for file in found["files"]] == [
        f"Müller [spot] 🦊_{n:02}.jpg" for n in range(4)
    ]
    for file in found["files"]:
        with Image.open(file["path"]) as picture:
            assert list(picture.size) == file["size"]


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (["--format", "gif"], "format"),
        (["--size", "huge"], "1024x512, 50% or 2048px"),
        (["--size", "100x100"], "distort"),
        (["--name", "{sead}"], "Did you mean {seed}?"),
        (["--metadata", "some"], "metadata"),
    ],
)
def test_a_wrong_export_is_refused_and_writes_nothing(
    choice: list[str],
    words: str,
    shelf: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert words in refused(capsys, "export", ID, "--to", out, *choice)
    assert not out.exists()


def test_export_where_a_file_is_in_the_way(
    shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.write_text("mine", encoding="utf-8")
    assert "file is in the way" in refused(capsys, "export", ID, "--to", out)


def test_crop(tmp_path: Path, machine: Any) -> None:
    path = tmp_path / "Blatt ü 🦊.png"
    picture_of(256, 384).save(path)  # the storyboard's 1024x1536, reduced to a quarter
    found = machine("crop", path, "--task", "film-storyboard")
    assert [panel["box"] for panel in found["panels"]] == [
        [0, 0, 256, 128],
        [0, 128, 256, 256],
        [0, 256, 256, 384],
    ]
    for panel in found["panels"]:
        assert Path(panel["path"]).parent == tmp_path / "Blatt ü 🦊-panels"
        with Image.open(panel["path"]) as picture:
            assert picture.size == (256, 128)


def test_crop_says_what_is_in_no_panel(
    tmp_path: Path, home: Path, machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    task = {
        "id": "spread",
        "title": "Spread",
        "layout": {"rows": 1, "cols": 2, "panel": [96, 128], "gutter": 64},
        "caption": {"openings": ["[PANEL-1]", "[PANEL-2]"]},
    }
    (home / "tasks").mkdir(parents=True)
    (home / "tasks" / "spread.json").write_text(json.dumps(task), encoding="utf-8")
    path = tmp_path / "s.png"
    picture_of(256, 128).save(path)
    found = machine("crop", path, "--task", "spread")
    assert [gutter["box"] for gutter in found["gutters"]] == [[96, 0, 160, 128]]
    assert found["gutter_share"] == 0.25
    assert main(["crop", str(path), "--task", "spread"]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "in no panel" in line]
    assert line.startswith("25.0% of the picture is in no panel: ") and "64x128" in line


def test_crop_refuses_what_it_would_have_to_guess(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.png"
    picture_of(250, 384).save(path)
    told = refused(capsys, "crop", path, "--task", "film-storyboard")
    assert "250x384" in told and "1024x1536" in told
    assert "film-storyboard" in refused(capsys, "crop", path, "--task", "film-storybord")
    assert "no picture" in refused(capsys, "crop", tmp_path / "none.png", "--task", "ppt-templates")
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == ["s.png"]
