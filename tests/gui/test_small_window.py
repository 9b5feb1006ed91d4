"""Create and Train in the smallest window there is: nothing lies over another or is cut off."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QScrollArea, QWidget

from icl_studio.evaluate.kept import Scores
from icl_studio.evaluate.report import Report
from icl_studio.gui.create.desk import COLUMN
from icl_studio.gui.create.page import CreatePage
from icl_studio.gui.shell import SMALLEST
from icl_studio.gui.train.page import TrainPage
from icl_studio.gui.train.scores import NARROW
from icl_studio.gui.train.scoring import Scored


def place(widget: QWidget, page: QWidget) -> QRect:
    return QRect(widget.mapTo(page, QPoint()), widget.size())


@pytest.fixture
def small(page_of: Any, until: Any) -> Any:
    """Opens a page in a window of the smallest size."""

    def open_(id: str) -> Any:
        page = page_of(id)
        window = page.window()
        window.resize(*SMALLEST)
        until(lambda: (window.width(), window.height()) == SMALLEST)
        return page

    return open_


def test_create_scrolls_its_column_rather_than_squeeze_it(small: Any, until: Any) -> None:
    page: CreatePage = small("create")
    until(lambda: page.model.judgement.sound)
    page._leave_welcome()
    page.model.type_text("panel2", "a [SCENE-9] where nobody waits, and a [SCENE-1] again")

    def lines() -> list[QWidget]:
        found = [page.caption._problems.itemAt(n) for n in range(page.caption._problems.count())]
        return [item.widget() for item in found if item.widget().isVisible()]

    def laid_out() -> bool:
        return len(lines()) == 2 and all(
            one.width() < COLUMN and one.height() >= one.heightForWidth(one.width())
            for one in lines()
        )

    until(laid_out)
    numbers = (page.look.mode, page.look.steps, page.look.guidance, page.look.count)
    widgets = (*numbers, page.look.memory, *lines(), page.caption.text)
    for upper, lower in pairwise(place(one, page) for one in widgets):
        assert upper.bottom() <= lower.top()
    button = page.bar.generate
    assert button.width() >= button.sizeHint().width(), "its words are cut off"
    assert place(button, page).right() < page.width()


def test_train_gives_its_columns_less_rather_than_cut_them_off(small: Any, until: Any) -> None:
    page: TrainPage = small("train")
    page._show(page.run)
    view = page.run
    until(view.isVisible)
    assert not view.curve.isHidden() and place(view.slider, page).right() < page.width()
    figure = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "sets": 3, "metric": "m"}
    names = ("adherence", "consistency", "diversity")
    facts = {"task": "t", "n": 3, "asked": 3, "seed": 0, "model": "m", "engine": "e", "steps": 4}
    groups: dict[str, Any] = {name: {} for name in (*names, "whole")}
    told = {"requests": "r", "metrics": {}, "seconds": {}, "folder": "."}
    overall = {"overall": dict.fromkeys(names, figure)}
    report = Report.model_validate({**facts, **groups, **told, **overall})
    view.scores.show_scored(Scored(Scores(report, report)))
    view._make_room()
    assert view.curve.isHidden(), "the scores have its place"
    until(lambda: all(cell.isVisibleTo(view.scores) and cell.width() for cell in view.scores.cells))
    for cell in view.scores.cells:
        assert place(cell, view).right() < view.width() and cell.width() >= cell.sizeHint().width()
    card = view.scores
    (area,) = card.findChildren(QScrollArea)
    inner = NARROW - 2 * card.layout().contentsMargins().left() - area.verticalScrollBar().width()
    assert area.widget().minimumSizeHint().width() <= inner, "figures are cut beside the curve"
    view.scores.show_scored(None)
    view._make_room()
    assert not view.curve.isHidden()
    side = page.data.caption
    page.stack.setCurrentWidget(page.data)
    until(side.isVisible)
    assert place(side, page).right() < page.width()
