"""A window that is used all day: what was shown and put away again is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from icl_studio.gui.main import Window
from icl_studio.gui.pages import PAGES, Page
from icl_studio.paths import UserFolders

Settle = Callable[[Page], None]
WARM_UP = 2
"""Rounds until everything that is made once, or kept up to a number, is there."""


@pytest.fixture
def window(full_home: UserFolders, open_window: Callable[..., Window]) -> Window:
    return open_window("create")


def use(window: Window, settle: Settle, until: Any) -> None:
    """Every page in every state, and both schemes."""
    for spec in PAGES:
        window.main.show_page(spec.id)
        until(lambda id=spec.id: window.main.current == id)
        page = window.main.page(spec.id)
        settle(page)
        for bring_about in page.scenes().values():
            bring_about()
            settle(page)
    for scheme in ("light", "dark"):
        window.theme.choose(scheme)
        settle(page)


def widgets() -> Counter[str]:
    return Counter(type(widget).__name__ for widget in QApplication.allWidgets())


def test_no_widget_is_left_by_what_was_shown_and_put_away(
    window: Window, settle: Settle, until: Any
) -> None:
    for _ in range(WARM_UP):
        use(window, settle, until)
    before = widgets()
    use(window, settle, until)
    more = widgets() - before
    assert not more, f"widgets more after the same round: {dict(more)}"
