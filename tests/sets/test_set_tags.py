"""Tags stand in the set's own record, and cost an older ICL Studio nothing until there are any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from set_samples import save_one

from icl_studio.domain.problems import UserError
from icl_studio.sets.rate import put_rating, rate
from icl_studio.sets.record import Rating, read_record
from icl_studio.sets.tags import tag, tagged
from icl_studio.sets.walk import stamp_of


def on_disk(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_tags_are_added_and_taken_away(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    before = read_record(folder)
    assert tag(folder, ["client", " needs   work ", "CLIENT"]).tags == ("client", "needs work")
    assert tag(folder, ["Müller 🦊"], ["Needs Work"]).tags == ("client", "Müller 🦊")
    assert read_record(folder).tags == ("client", "Müller 🦊")
    assert tag(folder, remove=["client", "müller 🦊", "never there"]) == before


def test_the_schema_number_is_the_lowest_that_holds_the_record(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    plain = on_disk(folder)
    assert plain["schema_version"] == 1 and "tags" not in plain and "assembly" not in plain
    rate(folder, "4")
    assert on_disk(folder) == plain | {"rating": {"stars": 4, "flag": None}}
    tag(folder, ["client"])
    assert on_disk(folder)["schema_version"] == 2
    tag(folder, remove=["client"])
    assert on_disk(folder) == plain | {"rating": {"stars": 4, "flag": None}}


def test_a_change_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    before = stamp_of(folder)
    rate(folder, "clear")
    tag(folder)
    assert stamp_of(folder) == before


def test_a_rating_can_be_put_back(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    rate(folder, "4")
    rate(folder, "reject")
    assert put_rating(folder, Rating(stars=4)).rating == Rating(stars=4)
    assert read_record(folder).rating == Rating(stars=4)


@pytest.mark.parametrize("text", ["", "  ", "x" * 41, "a,b", 'say "no"', "bell\a"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="cannot be a tag"):
        tagged((), [text])


def test_there_is_an_end_to_tags() -> None:
    with pytest.raises(UserError, match="50 tags"):
        tagged((), [f"tag {n}" for n in range(51)])
