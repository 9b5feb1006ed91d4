"""Qt's list of sets holds all of them and reads a page when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from icl_studio.gui.sets.model import PAGE, ROW, Answer, SetModel
from icl_studio.sets.index import SetRow
from icl_studio.sets.record import Rating


def row_of(key: int, **changes: Any) -> SetRow:
    row = SetRow(
        key=key,
        folder=Path("set"),
        modified=1,
        id=f"set-{key}",
        created=0,
        task="film-storyboard",
        name="",
        summary=f"fox {key}",
        engine="torch",
        seed=key,
        rating=Rating(),
        tags=(),
        width=2,
        height=3,
        panels=3,
        sheet="sheet.png",
        assembled=False,
        read_only=False,
    )
    return row._replace(**changes)


class Reader:
    """Answers when told to, as a thread would."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], Answer]] = []

    def __call__(self, keys: list[int], answer: Answer) -> None:
        self.asked.append((keys, answer))

    def answer(self) -> None:
        asked, self.asked = self.asked, []
        for keys, answer in asked:
            answer({key: row_of(key) for key in keys})


def listed(count: int) -> list[tuple[int, float]]:
    return [(key, 0.66) for key in range(1, count + 1)]


def test_the_model_keeps_qts_rules(qapp: Any, qtmodeltester: Any) -> None:
    reader = Reader()
    model = SetModel(reader)
    qtmodeltester.check(model)
    model.show(listed(300))
    model.row(0)
    reader.answer()
    qtmodeltester.check(model)


def test_only_pages_that_are_looked_at_are_read(qapp: Any) -> None:
    reader = Reader()
    model = SetModel(reader)
    model.show(listed(25_000))
    assert model.rowCount() == 25_000 and reader.asked == []
    assert model.index(12_345, 0).data(ROW) is None
    assert model.index(12_346, 0).data() == "Reading …"
    assert [len(keys) for keys, _ in reader.asked] == [PAGE]
    reader.answer()
    assert model.index(12_345, 0).data(ROW).id == "set-12346"
    assert model.index(12_345, 0).data() == "fox 12346"
    assert reader.asked == []


def test_what_is_read_does_not_grow_without_end(qapp: Any) -> None:
    reader = Reader()
    model = SetModel(reader)
    model.show(listed(25_000))
    for number in range(0, 25_000, PAGE):
        model.row(number)
        reader.answer()
    model.row(0)
    assert len(reader.asked) == 1  # the first page has been let go
    model.row(24_999)
    assert len(reader.asked) == 1  # the last one has not


def test_an_answer_to_an_older_search_is_not_shown(qapp: Any) -> None:
    reader = Reader()
    model = SetModel(reader)
    model.show(listed(10))
    model.row(0)
    model.show(listed(3))
    reader.answer()
    assert model.row(0) is None


def test_the_same_sets_are_not_listed_anew(qapp: Any, qtbot: Any) -> None:
    reader = Reader()
    model = SetModel(reader)
    assert model.show(listed(10))
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    with qtbot.waitSignal(model.dataChanged):
        assert not model.show(listed(10))
    assert resets == []


def test_a_changed_row_is_shown_where_it_is_listed(qapp: Any) -> None:
    reader = Reader()
    model = SetModel(reader)
    model.show(listed(10))
    model.row(0)
    reader.answer()
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda a, b: told.append((a.row(), b.row())))
    model.put([row_of(4, rating=Rating(stars=5)), row_of(99)])
    assert told == [(3, 3)]
    assert model.index(3, 0).data(ROW).rating.stars == 5
