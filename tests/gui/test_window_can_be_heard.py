"""A screen reader's and a keyboard's way through every page, in every state that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from icl_studio.gui.pages import PAGES, Page
from icl_studio.paths import UserFolders

MOST_STOPS = 400


def in_tab_order(page: QWidget, qtbot: Any) -> list[QWidget]:
    """The widgets of ``page`` at which Tab stops, pressed until it comes round.

    Pressed, because ``nextInFocusChain`` makes PySide free widgets that live on.
    """
    window = page.window()
    window.activateWindow()
    if window.focusWidget() is None:
        page.setFocus()
    stops: list[QWidget] = []
    for _ in range(MOST_STOPS):
        now = window.focusWidget()
        assert now is not None
        qtbot.keyClick(now, Qt.Key.Key_Tab)
        reached = window.focusWidget()
        assert reached is not None and reached is not now, f"Tab cannot leave {described(now)}"
        if reached in stops:
            return inside(page, stops)
        stops.append(reached)
    raise AssertionError(f"Tab does not come round; it stands at {described(stops[-1])}")


def inside(page: QWidget, ring: list[QWidget]) -> list[QWidget]:
    """The part of ``ring`` that is on ``page``, from where Tab comes in to where it leaves."""
    outside = [n for n, stop in enumerate(ring) if not page.isAncestorOf(stop)]
    start = outside[-1] if outside else 0
    return [stop for stop in ring[start:] + ring[:start] if page.isAncestorOf(stop)]


def spoken(widget: QWidget) -> str:
    """What a screen reader says of ``widget``, by the same door as it."""
    found = QAccessible.queryAccessibleInterface(widget)
    return found.text(QAccessible.Text.Name).strip() if found is not None else ""


def described(widget: QWidget) -> str:
    parents = []
    parent: QWidget | None = widget
    while parent is not None:
        parents.append(type(parent).__name__)
        parent = parent.parentWidget()
    return f"{' < '.join(parents[:4])} {widget.objectName()} {spoken(widget)!r}"


def on_screen(widget: QWidget) -> QRect:
    return QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())


def jumps_back(one: QWidget, other: QWidget) -> bool:
    """Whether Tab goes up again in the same column, which no reading order does."""
    first, second = on_screen(one), on_screen(other)
    beside = first.right() < second.left() or second.right() < first.left()
    return not beside and second.bottom() <= first.top()


def states_of(page: Page, settle: Callable[[], None]) -> Iterator[str]:
    for name, bring_about in page.scenes().items():
        bring_about()
        settle()
        yield name


@pytest.mark.parametrize("id", [page.id for page in PAGES])
def test_every_stop_of_the_tab_key_has_a_name_and_comes_as_one_reads(
    id: str, full_home: UserFolders, page_of: Any, settle: Any, qtbot: Any
) -> None:
    page: Page = page_of(id)
    page.window().resize(1280, 840)
    settle(page)
    wrong = set()
    for state in states_of(page, lambda: settle(page)):
        stops = in_tab_order(page, qtbot)
        assert stops, f"{id} {state!r}: nothing can be reached by the keyboard"
        wrong |= {f"{state!r}: no name: {described(stop)}" for stop in stops if not spoken(stop)}
        for one, other in pairwise(stops):
            if jumps_back(one, other):
                wrong.add(f"{state!r}: back from {described(one)} to {described(other)}")
    assert not wrong, "\n".join(sorted(wrong))
