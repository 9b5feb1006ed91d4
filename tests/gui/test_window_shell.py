"""The window around the pages: it stands at once, remembers, says what is wrong, ends clean."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from window_pages import TWO

from icl_studio.errors import UserError
from icl_studio.gui.instance import Instance
from icl_studio.gui.main import Window, check_display
from icl_studio.gui.theme import tokens
from icl_studio.paths import UserFolders
from icl_studio.settings import write_json


def two(open_window: Any, page: str = "one") -> Window:
    return open_window(page, pages=TWO)


def test_a_page_is_built_when_it_is_first_shown_and_told_when_it_comes_and_goes(
    open_window: Any, qtbot: Any, until: Any
) -> None:
    window = two(open_window)
    assert window.main.page("two") is None
    qtbot.keyClick(window.main, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    until(lambda: window.main.current == "two")
    one, second = window.main.page("one"), window.main.page("two")
    assert one.asked == ["shown", "hidden"] and second.asked == ["shown"]


def ringed(window: Window) -> list[str]:
    """The places on the rail that are drawn with the ring of the keyboard's focus."""
    picture = window.main.rail.grab().toImage()
    scale = picture.devicePixelRatio()
    found = []
    for id, button in window.main.rail._buttons.items():
        edge = button.geometry()
        x, y = round((edge.right()) * scale), round(edge.center().y() * scale)
        if picture.pixelColor(x, y).name() == tokens().accent:
            found.append(id)
    return found


def test_the_arrows_go_along_the_rail_and_the_ring_is_seen_to_go_with_them(
    open_window: Any, qtbot: Any, until: Any
) -> None:
    window = two(open_window)
    window.main.activateWindow()
    places = window.main.rail._buttons
    assert ringed(window) == []
    places["one"].setFocus(Qt.FocusReason.TabFocusReason)
    until(lambda: ringed(window) == ["one"])
    assert [id for id in places if places[id].focusPolicy() & Qt.FocusPolicy.TabFocus] == ["one"]
    qtbot.keyClick(places["one"], Qt.Key.Key_Down)
    until(lambda: window.main.current == "two")
    until(lambda: ringed(window) == ["two"])
    assert places["two"].hasFocus()  # on with the arrows, back to where it began
    qtbot.keyClick(places["two"], Qt.Key.Key_Up)
    until(lambda: window.main.current == "one" and ringed(window) == ["one"])
    qtbot.keyClick(places["one"], Qt.Key.Key_Space)  # into the page
    until(lambda: not window.main.rail.has_keyboard())
    assert ringed(window) == []


def test_a_shortcut_for_another_page_takes_the_keyboard_off_the_rail(
    open_window: Any, qtbot: Any, until: Any
) -> None:
    window = two(open_window)
    window.main.rail._buttons["one"].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(window.main, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    until(lambda: window.main.current == "two")
    assert not window.main.rail.has_keyboard()


def test_ctrl_enter_and_escape_go_to_the_page_in_front_even_from_a_field(
    open_window: Any, qtbot: Any
) -> None:
    window = two(open_window)
    one = window.main.page("one")
    one.edit.setFocus()
    for key, modifier in (
        (Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
    ):
        qtbot.keyClick(one.edit, key, modifier)
    assert one.asked == ["shown", "primary", "cancel"]


def test_what_is_handed_to_a_page_reaches_it_even_before_it_is_built(
    open_window: Any, until: Any
) -> None:
    window = two(open_window)
    window.studio.go("two", "a request")
    until(lambda: window.main.current == "two")
    assert window.main.page("two").asked == ["a request", "shown"]


def test_the_page_and_the_size_are_remembered(open_window: Any, folders: UserFolders) -> None:
    window = two(open_window, "two")
    window.main.resize(780, 640)
    window.close()
    again = open_window(None, pages=TWO)
    assert again.main.current == "two"
    assert (again.main.width(), again.main.height()) == (780, 640)


@pytest.mark.parametrize("text", ["", "[]", "{nonsense", '{"geometry": 7, "page": ["x"]}'])
def test_a_damaged_memory_of_the_window_stops_nothing(
    open_window: Any, folders: UserFolders, text: str
) -> None:
    file = folders.data / "window" / "window.json"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    window = open_window(None, pages=TWO)
    assert window.main.current == "one"


def test_settings_with_unknown_keys_are_used_and_the_keys_are_named(
    open_window: Any, folders: UserFolders
) -> None:
    write_json(folders.settings_file, {"model": "tiny", "modell": 3, "device": "cpu"})
    window = two(open_window)
    assert window.studio.settings.device == "cpu"
    assert any("modell" in note.label.text() for note in window.main.notices.all())


def test_broken_settings_leave_the_defaults_and_say_the_line(
    open_window: Any, folders: UserFolders
) -> None:
    folders.config.mkdir(parents=True)
    folders.settings_file.write_text('{"model": }', encoding="utf-8")
    window = two(open_window)
    assert window.studio.settings.model == "tiny"
    assert any("line 1" in note.label.text() for note in window.main.notices.all())


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permission")
def test_a_home_that_cannot_be_written_is_said_and_the_window_stays(
    open_window: Any, folders: UserFolders, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.data.mkdir(parents=True)
    (folders.data / "queue").write_text("a file where a folder should be", encoding="utf-8")
    window = two(open_window)
    until(lambda: window.main.notices.all())
    assert str(folders.data) in window.main.notices.all()[0].label.text()
    assert window.main.isVisible()


def test_a_second_window_of_the_same_folders_calls_the_first(
    qapp: QApplication, folders: UserFolders, qtbot: Any
) -> None:
    first = Instance(folders)
    assert first.is_first()
    script = (
        "import sys; from PySide6.QtCore import QCoreApplication; app = QCoreApplication([]);"
        "from icl_studio.gui.instance import Instance; from icl_studio.paths import user_folders;"
        "sys.exit(7 if Instance(user_folders()).is_first() else 0)"
    )
    with qtbot.waitSignal(first.called, timeout=120_000):
        second = subprocess.Popen([sys.executable, "-c", script])
    assert second.wait(60) == 0
    first.close()


def test_without_a_display_the_command_line_is_named_instead_of_a_dead_process() -> None:
    with pytest.raises(UserError, match="no display"):
        check_display({}, "linux")
    with pytest.raises(UserError, match="no display"):
        check_display({"DISPLAY": ":987"}, "linux")
    check_display({"QT_QPA_PLATFORM": "offscreen"}, "linux")
    check_display({}, "darwin")


def test_an_error_that_nobody_took_is_logged_and_said_and_the_window_stays(
    open_window: Any, folders: UserFolders
) -> None:
    from icl_studio.gui.main import _hook

    window = two(open_window)
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        _hook(window.studio)(ZeroDivisionError, error, error.__traceback__)
    (note,) = window.main.notices.all()
    (log,) = folders.logs.glob("crash-*.log")
    assert "by zero" in note.label.text() and str(log) in note.label.text()


def test_the_process_of_the_window_loads_nothing_heavy(tmp_path: Path) -> None:
    script = """
import os, sys, json
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtWidgets import QApplication
from icl_studio.gui.main import Window
from icl_studio.gui.pages import PAGES
from icl_studio.gui.remembered import Remembered
from icl_studio.paths import user_folders
app = QApplication([])
Remembered(user_folders()).save("welcome", {"done": True})  # else a worker loads ahead for it
window = Window(app, user_folders())
window.open()
for spec in PAGES:
    window.main.show_page(spec.id)
    while window.main.current != spec.id:
        app.processEvents()
    window.studio.background.wait(); window.studio.desk.wait()
window.close()
heavy = ("torch", "diffusers", "transformers", "peft", "onnxruntime", "tensorrt", "ray")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
