"""A window of 1024 by 700: no button is cut, rows break where they must."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QCheckBox, QLineEdit, QPushButton, QToolButton, QWidget

from icl_studio.gui.pages import PAGES
from icl_studio.gui.queue.table import Column

NARROW = (1024, 700)
LIST = (
    "task,summary,panel1,panel2,panel3\n"
    "film-storyboard,a red creature,on the beach,in the forest,at night\n"
    "film-storyboard,a blue creature,on the beach,,at night\n"
)


def cut(window: QWidget) -> list[str]:
    """Buttons that are smaller than their words need."""
    kinds = (QPushButton, QToolButton, QCheckBox)
    shown = [b for kind in kinds for b in window.findChildren(kind) if b.isVisible()]
    shown = [b for b in shown if not isinstance(b.parent(), QLineEdit)]  # Qt's own, in the field
    least = [(b, b.minimumSizeHint().boundedTo(b.maximumSize())) for b in shown]
    return [
        f"{b.text() or b.toolTip()}: {b.size()} of {size}"
        for b, size in least
        if b.width() < size.width() or b.height() < size.height()
    ]


def test_no_button_of_any_page_is_cut(open_window: Any, fake_studio: Any, until: Any) -> None:
    window = open_window("create")
    window.main.resize(*NARROW)
    for spec in PAGES:
        window.main.show_page(spec.id)
        until(lambda id=spec.id: window.main.current == id)
        until(lambda: not window.studio.background.busy and not window.studio.desk.busy)
        window.main.grab()  # lays out what has changed
        assert cut(window.main) == [], spec.id


def test_beside_a_dropped_list_the_tools_of_the_queue_go_into_a_second_line(
    page_of: Any, fake_studio: Any, until: Any, tmp_path: Path
) -> None:
    page = page_of("queue")
    page.window().resize(*NARROW)
    tools, chips = page.tools["pause"], page.chips["open"]
    until(lambda: chips.width() == chips.sizeHint().width())  # room that is over is nobody's

    def top(widget: QWidget) -> int:
        return widget.mapTo(page, widget.rect().center()).y()

    until(lambda: page.width() > 900 and abs(top(tools) - top(chips)) <= 2)
    file = tmp_path / "shots.csv"
    file.write_text(LIST, encoding="utf-8")
    page.model.check(file)
    until(lambda: page.report.isVisible() and top(tools) > top(chips) + 20)
    page.window().grab()
    assert cut(page.window()) == []
    assert page.view.columnWidth(Column.SET) > 160  # the words of a set come first
    page.cancel()
    until(lambda: abs(top(tools) - top(chips)) <= 2)
