"""The page Plugins: seen, switched, looked into without being run, begun anew."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from icl_studio.domain.task import TaskSpec
from icl_studio.gui.plugins import state
from icl_studio.gui.plugins.model import PluginTable
from icl_studio.gui.plugins.page import PluginsPage
from icl_studio.paths import SAFE_MODE_VARIABLE, UserFolders
from icl_studio.plugins import PluginInfo, Registry
from icl_studio.plugins.scaffold import template_folder

SOURCE = """
from icl_studio.api import hookimpl
ICL_STUDIO_API = 1
@hookimpl
def icl_studio_tasks():
    return []
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Installs a small plugin beside ours; the folder of its metadata, to take it away again."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(name: str) -> Path:
        module = f"shown_{name.replace('-', '_')}"
        (site / f"{module}.py").write_text(SOURCE, encoding="utf-8")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}-dist\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[icl_studio]\n{name} = {module}\n")
        importlib.invalidate_caches()
        return info

    yield install
    for name in [name for name in sys.modules if name.startswith("shown_")]:
        del sys.modules[name]


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel))


def drop(page: QWidget, *files: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    page.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), copy, data, left, none))


def names(page: PluginsPage) -> list[str]:
    return [info.name for info in page.model.table.plugins]


def test_the_table_of_plugins_is_a_sound_model(qtmodeltester: Any) -> None:
    table = PluginTable()
    table.set_plugins((PluginInfo(name="a"), PluginInfo(name="b", state="broken")))
    qtmodeltester.check(table)
    assert table.row_of("b") == 1 and table.row_of("c") == -1


def test_a_plugin_is_switched_off_and_on_again_and_says_where_it_comes_from(
    page_of: Any, until: Any, installed: Any, folders: UserFolders
) -> None:
    installed("shown-one")
    page: PluginsPage = page_of("plugins")
    page.list.selectRow(names(page).index("shown-one"))
    text = said(page.detail)
    assert "shown-one-dist 1.0" in text and "icl_studio_tasks" in text
    page.detail.switch.click()
    until(lambda: "off" in said(page.detail))
    saved = json.loads(folders.settings_file.read_text(encoding="utf-8"))
    assert saved == {"disabled_plugins": ["shown-one"]}
    page.detail.switch.click()
    until(lambda: "works" in said(page.detail))
    assert json.loads(folders.settings_file.read_text(encoding="utf-8")) == {}


def test_a_plugin_that_vanishes_while_it_is_shown_is_said_to_be_gone(
    page_of: Any, until: Any, installed: Any
) -> None:
    info = installed("shown-two")
    page: PluginsPage = page_of("plugins")
    page.list.selectRow(names(page).index("shown-two"))
    shutil.rmtree(info)
    importlib.invalidate_caches()
    page.studio.reload()
    until(lambda: "shown-two is not installed any more" in said(page.detail))
    assert "shown-two" not in names(page)


def test_safe_mode_leaves_our_own_plugins_only_and_can_be_left(
    page_of: Any, until: Any, installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SAFE_MODE_VARIABLE, "")
    installed("shown-three")
    page: PluginsPage = page_of("plugins")
    page.safe.click()
    foreign = lambda: page.studio.registry.plugins[names(page).index("shown-three")]  # noqa: E731
    until(lambda: foreign().state == "disabled")
    assert os.environ[SAFE_MODE_VARIABLE] == "1"
    page.safe.click()
    until(lambda: foreign().state == "ok")


def test_a_dropped_folder_is_looked_into_and_its_command_can_be_copied(
    page_of: Any, until: Any
) -> None:
    page: PluginsPage = page_of("plugins")
    drop(page, template_folder())
    until(lambda: page.stack.currentWidget() is page.report)
    assert "Nothing of it has been run" in said(page.report)
    assert "icl_comic_strip" not in sys.modules
    (copy,) = [b for b in page.report.findChildren(QPushButton) if b.text() == "Copy"]
    copy.click()
    command = QGuiApplication.clipboard().text()
    assert command == page.report.line.text() == state.pip_command(template_folder())
    assert sys.executable in command and " -m pip install " in command
    page.cancel()
    assert page.stack.currentWidget() is page.detail


def test_a_path_with_spaces_is_quoted_for_the_shell() -> None:
    command = state.pip_command(Path("/tmp/mein plügin"), editable=True)
    assert command.endswith(("'/tmp/mein plügin'", '"\\tmp\\mein plügin"')) and " -e " in command


def test_a_plugin_that_would_run_code_at_installation_gets_no_command(
    page_of: Any, until: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "evil"
    shutil.copytree(template_folder(), folder)
    marker = tmp_path / "was-run"
    (folder / "setup.py").write_text(f"open({str(marker)!r}, 'w')", encoding="utf-8")
    page: PluginsPage = page_of("plugins")
    drop(page, folder)
    until(lambda: "Do not install it" in said(page.report))
    assert "setup.py" in said(page.report) and page.report.line is None
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["text", "broken wheel", "wheel without metadata", "wrong task"])
def test_what_is_no_plugin_is_refused_in_a_sentence(
    page_of: Any, until: Any, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / {"text": "notes.txt", "wrong task": "täsk.json"}.get(kind, "x-1-any.whl")
    file.write_text('{"id": 3}', encoding="utf-8")
    if kind == "wheel without metadata":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.py", "")
    page: PluginsPage = page_of("plugins")
    drop(page, file)
    until(lambda: page.note is not None)
    assert page.note is not None and str(file) in page.note.label.text()
    assert page.stack.currentWidget() is page.detail


def test_the_wizard_draws_the_layout_and_writes_a_task_that_is_one_at_once(
    page_of: Any, until: Any, folders: UserFolders
) -> None:
    page: PluginsPage = page_of("plugins")
    wizard = page.new_task
    wizard.id.setText("kite-day")
    wizard.rows.setValue(3)
    wizard.cols.setValue(1)
    wizard.wide.setValue(1024)
    assert wizard.preview.layout_shown is not None
    assert wizard.preview.layout_shown.names == ("SCENE-1", "SCENE-2", "SCENE-3")
    wizard.high.setValue(500)
    assert not wizard.write.isEnabled() and "multiple of 64" in wizard.note.text()
    wizard.high.setValue(512)
    wizard.write.click()
    until(lambda: "kite-day" in page.studio.registry.tasks)
    file = folders.tasks / "kite-day.json"
    task = TaskSpec.model_validate_json(file.read_text(encoding="utf-8"))
    assert task.caption.openings == ("[SCENE-1]", "[SCENE-2]", "[SCENE-3]")
    until(lambda: "kite-day.json" in said(page.detail))


def test_a_task_is_refused_by_its_id_its_names_and_its_size() -> None:
    registry = Registry(tasks={}, models={}, engines={})
    for wrong in (
        state.TaskForm(id="No Good"),
        state.TaskForm(names=("A", "B")),
        state.TaskForm(names=("A", "A", "B", "C")),
        state.TaskForm(width=4096, height=4096),
        state.TaskForm(title=""),
        state.TaskForm(prefix="[TOP-LEFT]"),
    ):
        assert not isinstance(wrong.task(registry), TaskSpec)
    task = state.TaskForm().task(registry)
    assert isinstance(task, TaskSpec)
    taken = state.TaskForm().task(Registry(tasks={task.id: task}, models={}, engines={}))
    assert isinstance(taken, list) and "already" in str(taken[0])


def test_the_wizard_for_plugins_writes_one_and_says_how_to_install_it(
    page_of: Any, until: Any, tmp_path: Path
) -> None:
    page: PluginsPage = page_of("plugins")
    wizard = page.new_plugin
    wizard.name.setText("Möbel & Licht")
    assert not wizard.write.isEnabled() and "mobel-licht" in wizard.note.text()
    wizard.name.setText("mobel-licht")
    wizard.folder.setText(str(tmp_path))
    wizard.write.click()
    until(lambda: not wizard.copy.isHidden())
    assert (tmp_path / "icl-mobel-licht" / "pyproject.toml").is_file()
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    wizard.folder.setText(str(blocked))
    wizard.write.click()
    until(lambda: page.note is not None)
    assert page.note is not None and "cannot be written" in page.note.label.text()
