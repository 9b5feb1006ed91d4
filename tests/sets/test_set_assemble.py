"""A best-of set: exactly the chosen pixels, and a record that says where each came from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from set_samples import STORYBOARD, picture_of, request_of, save_one

from icl_studio.domain.caption import CaptionParts, CaptionTemplate
from icl_studio.domain.layout import Layout
from icl_studio.domain.problems import UserError
from icl_studio.errors import PictureUnreadable
from icl_studio.generate.stored import read_request
from icl_studio.sets import assemble as assembling
from icl_studio.sets.assemble import Choice, assemble, fits
from icl_studio.sets.crop import cut, pixel_digest
from icl_studio.sets.formats import read_metadata
from icl_studio.sets.pictures import open_picture
from icl_studio.sets.record import read_record
from icl_studio.sets.verify import check_verifiable

TEMPLATE = CaptionTemplate(prefix="[MOVIE-SHOTS]", openings=("[SCENE-1]", "[SCENE-2]", "[SCENE-3]"))


class Shelf(NamedTuple):
    root: Path
    red: Path
    blue: Path


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Two sets of one layout, with other seeds and texts."""
    root = tmp_path / "Bücher 🦊"
    other = CaptionParts(summary="A red fox in a hat", panels=("in rain", "in snow", "in fog"))
    return Shelf(
        root,
        save_one(root, set_id="red", seed=1),
        save_one(root, set_id="blue", seed=2, parts=other),
    )


def best_of(shelf: Shelf) -> Path:
    choices = [
        Choice(shelf.red, "SCENE-1"),
        Choice(shelf.blue, "SCENE-2"),
        Choice(shelf.blue, "SCENE-1"),
    ]
    return assemble(shelf.root, choices, template=TEMPLATE, set_id="best")


def test_every_pixel_is_the_chosen_one(shelf: Shelf) -> None:
    folder = best_of(shelf)
    record = read_record(folder)
    sheet = open_picture(folder / record.sheet)
    expected = [
        open_picture(shelf.red / "panels" / "01-SCENE-1.png"),
        open_picture(shelf.blue / "panels" / "02-SCENE-2.png"),
        open_picture(shelf.blue / "panels" / "01-SCENE-1.png"),
    ]
    for panel, picture, file in zip(
        cut(sheet, record.request.layout), expected, record.panels, strict=True
    ):
        assert pixel_digest(panel) == pixel_digest(picture)
        assert pixel_digest(open_picture(folder / file.path)) == pixel_digest(picture)
    assert record.pixels == pixel_digest(sheet)


def test_the_record_says_from_which_sets(shelf: Shelf) -> None:
    record = read_record(best_of(shelf))
    assert record.schema_version == 2 and record.assembly is not None
    assert [source.id for source in record.assembly.sources] == ["red", "blue"]
    assert record.assembly.taken == ((0, "SCENE-1"), (1, "SCENE-2"), (1, "SCENE-1"))
    assert record.assembly.sources[1].request == read_record(shelf.blue).request
    assert record.assembly.sources[1].receipt == read_record(shelf.blue).receipt
    assert record.request.parts.panels == ("in a forest", "in snow", "in rain")
    assert record.request.caption == TEMPLATE.render(record.request.parts)
    assert record.request.seed == 1 and record.request.name == "best of"


def test_the_sources_stay_and_may_go_later(shelf: Shelf) -> None:
    before = {path: path.read_bytes() for path in shelf.blue.rglob("*") if path.is_file()}
    folder = best_of(shelf)
    assert {p: p.read_bytes() for p in shelf.blue.rglob("*") if p.is_file()} == before
    shutil.rmtree(shelf.blue)
    record = read_record(folder)
    assert record.assembly is not None and record.assembly.sources[1].request.seed == 2


def test_each_panels_png_replays_as_it_was_drawn(shelf: Shelf) -> None:
    folder = best_of(shelf)
    seeds = [read_request(folder / file.path).seed for file in read_record(folder).panels]
    assert seeds == [1, 2, 2]
    found = read_metadata(folder / "panels" / "02-SCENE-2.png")
    assert found is not None and found["id"] == "best" and found["receipt"]["seed"] == 2
    with Image.open(folder / "panels" / "02-SCENE-2.png") as picture:
        assert "Seed: 2" in str(picture.info["parameters"])


def test_a_best_of_a_best_of_names_the_sets_that_drew(shelf: Shelf) -> None:
    first = best_of(shelf)
    choices = [Choice(first, "SCENE-3"), Choice(first, "SCENE-2"), Choice(shelf.red, "SCENE-3")]
    record = read_record(assemble(shelf.root, choices))
    assert record.assembly is not None
    assert [source.id for source in record.assembly.sources] == ["blue", "red"]
    assert record.assembly.taken == ((0, "SCENE-1"), (0, "SCENE-2"), (1, "SCENE-3"))


def test_gutters_come_from_the_first(tmp_path: Path) -> None:
    layout = Layout.grid(1, 2, (64, 64), gutter=32)
    parts = CaptionParts(summary="a pair", panels=("one", "two"))
    one, two = (save_one(tmp_path, seed=n, layout=layout, parts=parts) for n in (1, 2))
    folder = assemble(tmp_path, [Choice(one, "PANEL-1"), Choice(two, "PANEL-2")])
    gutter = layout.gutters[0].box
    sheets = [open_picture(place / "sheet.png").crop(gutter) for place in (folder, one)]
    assert pixel_digest(sheets[0]) == pixel_digest(sheets[1])


def test_without_the_tasks_template_the_first_caption_stays(shelf: Shelf) -> None:
    choices = [Choice(shelf.blue, f"SCENE-{n}") for n in (1, 2)] + [Choice(shelf.red, "SCENE-3")]
    record = read_record(assemble(shelf.root, choices))
    assert record.request.caption == read_record(shelf.blue).request.caption


def test_wrong_choices_are_refused_and_leave_nothing(shelf: Shelf, tmp_path: Path) -> None:
    small = save_one(shelf.root, layout=Layout.grid(3, 1, (64, 64), names=STORYBOARD.names))
    before = sorted(path.name for path in shelf.root.iterdir())
    red = [Choice(shelf.red, f"SCENE-{n}") for n in (1, 2, 3)]
    wrong = {
        "No panel was chosen": [],
        "2 panels were chosen for the 3 places": red[:2],
        "has no panel 'SCENE-9'": [*red[:2], Choice(shelf.red, "SCENE-9")],
        "has 64x64 pixels, the place SCENE-3 has 128x64": [*red[:2], Choice(small, "SCENE-3")],
    }
    for words, choices in wrong.items():
        with pytest.raises(UserError) as caught:
            assemble(shelf.root, choices)
        assert words in str(caught.value)
    picture_of(10, 10).save(shelf.blue / "panels" / "02-SCENE-2.png")
    with pytest.raises(PictureUnreadable, match="has been changed since it was saved"):
        best_of(shelf)
    assert sorted(path.name for path in shelf.root.iterdir()) == before


def test_which_panels_fit_a_place(shelf: Shelf, tmp_path: Path) -> None:
    red = read_record(shelf.red)
    small = read_record(save_one(tmp_path, layout=Layout.grid(3, 1, (64, 64))))
    assert fits(red, 0, red, "SCENE-3")
    assert not fits(red, 3, red, "SCENE-1") and not fits(red, 0, red, "NONE")
    assert not fits(red, 0, small, "PANEL-1")


def test_an_interrupted_assembly_leaves_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("icl_studio.sets.files.fsync_folder", full)
    before = sorted(path.name for path in shelf.root.iterdir())
    with pytest.raises(UserError, match="disk is full"):
        best_of(shelf)
    assert sorted(path.name for path in shelf.root.iterdir()) == before


def test_no_single_run_verifies_it(shelf: Shelf) -> None:
    check_verifiable(read_record(shelf.red))
    with pytest.raises(UserError, match="assembled from panels of 2 sets") as caught:
        check_verifiable(read_record(best_of(shelf)))
    assert "red, blue" in caught.value.fix


def test_a_request_is_still_a_request(shelf: Shelf) -> None:
    record = read_record(best_of(shelf))
    assert read_request(shelf.root / f"{record.id}-best-of-film-storyboard") == record.request
    assert record.request.layout == request_of().layout
    assert assembling.BEST_OF in record.request.name
