"""The page Queue on a real queue: thousands of jobs, lists that are dropped, runs that fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.request import SetRequest, build_request
from icl_studio.gui.queue.page import QueuePage
from icl_studio.gui.queue.table import PAGE, Column, JobTable
from icl_studio.gui.queue.telling import headline, mend_for
from icl_studio.paths import UserFolders
from icl_studio.queue import control
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.history import Estimate
from icl_studio.queue.job import NewJob
from icl_studio.queue.store import Progress, Store
from icl_studio.queue.turns import Worker
from icl_studio.settings import write_json
from icl_studio.testing import FakeBehaviour, write_fake_model

TEXTS = CaptionParts(summary="A fox travels", panels=("on a beach", "in a wood", "at home"))


@pytest.fixture
def request_of(tmp_path: Path) -> Callable[..., SetRequest]:
    from icl_tasks.film_storyboard import TASK

    def build(**behaviour: Any) -> SetRequest:
        located = write_fake_model(tmp_path / "modell-ü", FakeBehaviour(**behaviour))
        spec = located.spec.model_copy(update={"id": str(located.folder)})
        return build_request(TASK, spec, TEXTS, seed=7, steps=2)

    return build


@pytest.fixture
def queued(folders: UserFolders, request_of: Any) -> Callable[..., tuple[str, ...]]:
    """Queues ``n`` jobs before the window is opened."""

    def add(n: int, **behaviour: Any) -> tuple[str, ...]:
        request = request_of(**behaviour)
        jobs = [
            NewJob(request=request.with_seed(seed), out=folders.sets) for seed in range(1, n + 1)
        ]
        with Database(queue_file(folders)) as database:
            return Store(database).add(jobs)

    return add


@pytest.fixture
def queue(fake_studio: Any, page_of: Any, until: Any) -> Callable[[], QueuePage]:
    def open_() -> QueuePage:
        page: QueuePage = page_of("queue")
        until(lambda: page.model.counts)
        return page

    return open_


def states(page: QueuePage, folders: UserFolders) -> list[str]:
    with Database(queue_file(folders)) as database:
        return [row.state for row in Store(database).page()]


def ids(folders: UserFolders) -> list[str]:
    with Database(queue_file(folders)) as database:
        return [row.id for row in Store(database).page()]


def drop(page: QueuePage, file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    place, action = QPointF(QPoint(5, 5)), Qt.DropAction.CopyAction
    none = Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(place, action, data, Qt.MouseButton.LeftButton, none))


def notes(page: QueuePage) -> str:
    return "\n".join(note.label.text() for note in page.window().notices.all())


def test_the_table_of_jobs_is_a_sound_qt_model(
    qtmodeltester: Any, qapp: Any, folders: UserFolders, queued: Any
) -> None:
    some = queued(5)
    table = JobTable()
    qtmodeltester.check(table)
    with Database(queue_file(folders)) as database:
        rows = Store(database).page()
    table.take(5, {0: rows})
    table.take_progress({some[0]: Progress("denoise", 1, 2, 3.0, None)})
    qtmodeltester.check(table)
    table.take(2, {0: rows[:2]})
    qtmodeltester.check(table)
    table.deleteLater()


def test_ten_thousand_jobs_are_read_a_page_at_a_time(queue: Any, queued: Any, until: Any) -> None:
    queued(10_000)
    page = queue()
    until(lambda: page.model.table.rowCount() == 10_000)
    assert page.model.table.pages() == [0]
    page.view.scrollToBottom()
    until(lambda: 9_999 // PAGE in page.model.table.pages())
    last = page.model.table.index(9_999, Column.SET)
    assert last.data() == "A fox travels"
    before = time.thread_time()
    for row in range(0, 10_000, 37):
        page.view.scrollTo(page.model.table.index(row, 0))
        page.window().grab()
        if time.thread_time() - before > 5:
            break
    assert len(page.model.table.pages()) <= 9


def test_ctrl_enter_runs_what_waits_and_the_rows_say_how_far_it_is(
    queue: Any, queued: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    queued(3, seconds={"denoise": 0.3})
    page = queue()
    seen: list[str] = []
    page.model.table.dataChanged.connect(
        lambda *_: seen.append(str(page.model.table.index(0, Column.PROGRESS).data()))
    )
    qtbot.keyClick(page.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    until(lambda: page.model.counts["done"] == 3)
    assert any("of" in words for words in seen)
    assert page.headline.text().startswith("3 of 3 jobs")
    assert len(list(folders.sets.rglob("set.json"))) == 3


def test_a_failure_is_a_sentence_and_the_button_that_mends_it(
    queue: Any, queued: Any, until: Any, folders: UserFolders
) -> None:
    queued(1, trouble="out-of-memory")
    page = queue()
    page.primary()
    until(lambda: page.model.counts.get("failed"))
    until(lambda: page.model.table.rowCount() == 1)
    page.view.selectRow(0)
    until(lambda: page.failure is not None)
    assert "fake device is full" in page.failure.label.text()
    assert "Make its panels smaller" in page.failure.label.text()
    assert page.failure.button.text() == "Change it"
    page.failure.button.click()
    until(lambda: page.window().current == "create")
    create = page.window().page("create")
    until(lambda: create.summary.toPlainText() == "A fox travels")


def test_a_worker_that_dies_is_told_with_what_it_did(queue: Any, queued: Any, until: Any) -> None:
    queued(1, trouble="crash", at="save")
    page = queue()
    page.primary()
    until(lambda: page.model.counts.get("quarantined"))
    until(lambda: page.model.table.row(0) and page.model.table.row(0).state == "quarantined")
    row = page.model.table.row(0)
    assert row is not None and row.crashes == 3
    mend = mend_for(row)
    assert mend is not None and mend.act == "retry"


def press(page: Any, row: int, tool: str, until: Any) -> None:
    """Choose a row and press a tool for it, once the table has heard of what was done before."""

    def ready() -> bool:
        page.view.selectRow(row)
        return bool(page.tools[tool].isEnabled())

    until(ready)
    page.tools[tool].click()


def test_actions_on_what_is_selected_and_their_undo(
    queue: Any, queued: Any, until: Any, folders: UserFolders
) -> None:
    queued(4)
    page = queue()
    until(lambda: page.model.table.rowCount() == 4)
    press(page, 1, "pause", until)
    until(lambda: states(page, folders) == ["waiting", "paused", "waiting", "waiting"])
    until(lambda: page.model.can_undo)
    press(page, 1, "cancel", until)
    until(lambda: states(page, folders)[1] == "cancelled")
    until(lambda: len(page.model._undo) == 2)
    page._undo()
    until(lambda: states(page, folders)[1] == "paused")  # as it was, not let loose
    page._undo()
    until(lambda: states(page, folders) == ["waiting"] * 4)
    press(page, 2, "cancel", until)
    until(lambda: states(page, folders)[2] == "cancelled")
    until(lambda: page.model.can_undo)
    page._undo()
    until(lambda: states(page, folders) == ["waiting"] * 4)
    press(page, 0, "duplicate", until)
    until(lambda: page.model.table.rowCount() == 5)
    assert not page.tools["retry"].isEnabled()


def test_a_retry_is_taken_back_while_no_worker_has_taken_the_job(
    queue: Any, queued: Any, until: Any, folders: UserFolders
) -> None:
    queued(2)
    with Database(queue_file(folders)) as database:
        control.cancel(Store(database), ids(folders))
    page = queue()
    page.chips["all"].click()
    until(lambda: page.model.table.rowCount() == 2)
    page.view.selectAll()
    until(lambda: page.tools["retry"].isEnabled())
    page.tools["retry"].click()
    until(lambda: page.model.can_undo)
    assert states(page, folders) == ["waiting", "waiting"]
    with Database(queue_file(folders)) as database:  # a worker of another program is quicker
        claim = Claims(database).claim(Worker("elsewhere"), affinity=False)
        assert claim is not None
    page._undo()
    until(lambda: page.said.text())
    assert "1 job has been taken by a worker since and cannot be taken back" in page.said.text()
    assert states(page, folders) == ["running", "cancelled"]
    assert not page.undo.isVisible()


@pytest.mark.parametrize(("row", "order"), [(0, [2, 0, 1, 3]), (-1, [0, 1, 3, 2])])
def test_rows_are_dragged_to_another_place(
    queue: Any, queued: Any, until: Any, folders: UserFolders, row: int, order: Sequence[int]
) -> None:
    before = queued(4)
    page = queue()
    until(lambda: page.model.table.rowCount() == 4)
    table = page.model.table
    data = table.mimeData([table.index(2, 0), table.index(2, 1)])
    table.dropMimeData(data, Qt.DropAction.MoveAction, row, 0, QModelIndex())
    until(lambda: ids(folders) == [before[n] for n in order])
    until(lambda: page.model.can_undo)
    page.model.undo()
    until(lambda: ids(folders) == list(before))


def test_alt_and_an_arrow_move_a_row_and_it_stays_selected(
    queue: Any, queued: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    before = queued(3)
    page = queue()
    until(lambda: page.model.table.rowCount() == 3)
    page.view.selectRow(2)
    qtbot.keyClick(page.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    until(lambda: ids(folders) == [before[0], before[2], before[1]])
    until(lambda: [job.id for job in page.view.jobs()] == [before[2]])


def test_a_waiting_job_is_changed_on_create_and_keeps_its_place(
    queue: Any, queued: Any, until: Any, folders: UserFolders
) -> None:
    some = queued(2)
    page = queue()
    until(lambda: page.model.table.rowCount() == 2)
    page.view.selectRow(0)
    page.tools["edit"].click()
    until(lambda: page.window().current == "create")
    create = page.window().page("create")
    until(lambda: create.model.draft.job == some[0])
    create.model.type_text("summary", "A wolf travels")
    until(lambda: "wolf" in create.model.judgement.caption)
    create.primary()
    until(lambda: page.window().current == "queue")
    with Database(queue_file(folders)) as database:
        assert [row.summary for row in Store(database).page()] == [
            "A wolf travels",
            "A fox travels",
        ]


def test_a_dropped_list_is_shown_with_its_problems_before_it_is_accepted(
    queue: Any, until: Any, folders: UserFolders, tmp_path: Path, request_of: Any
) -> None:
    model = request_of().model
    write_json(folders.settings_file, {"model": model})
    file = tmp_path / "Liste 🎬.csv"
    head = "task,summary,panel1,panel2,panel3\n"
    good = "film-storyboard,a fox,one,two,three\n"
    file.write_text(head + good + good.replace("two", "") + good, encoding="utf-8")
    page = queue()
    drop(page, file)
    until(page.report.isVisible)
    assert "row 3" in page.report.list.item(0).text()
    assert page.report.add.text() == "Add 2 good sets"
    assert page.model.table.rowCount() == 0
    file.write_text(head + good * 3, encoding="utf-8")
    page.report.reload.click()
    until(lambda: page.report.add.text() == "Add 3 sets")
    page.primary()
    until(lambda: page.model.table.rowCount() == 3)
    assert not page.report.isVisible()
    until(lambda: page.model.can_undo)
    page._undo()
    until(lambda: page.model.counts["cancelled"] == 3)


@pytest.mark.parametrize("content", [b"just some words\n", b"\xff\xfe\x00bin\x80ary", b""])
def test_a_dropped_file_that_is_no_list_is_said_and_changes_nothing(
    queue: Any, until: Any, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    page = queue()
    drop(page, file)
    until(lambda: notes(page) or page.report.isVisible())
    assert not page.report.isVisible() or not page.report.add.isEnabled()
    assert page.model.table.rowCount() == 0


def test_changes_of_another_program_appear_by_themselves(
    queue: Any, queued: Any, until: Any, folders: UserFolders
) -> None:
    some = queued(2)
    page = queue()
    until(lambda: page.model.table.rowCount() == 2)
    with Database(queue_file(folders)) as database:
        control.cancel(Store(database), [some[0]])
    until(lambda: page.model.table.rowCount() == 1)


def test_the_queue_can_be_paused_and_says_so(queue: Any, queued: Any, until: Any) -> None:
    queued(1)
    page = queue()
    page.pause.click()
    until(lambda: page.pause.text() == "Go on")
    page.pause.click()
    until(lambda: page.pause.text() == "Pause")


def test_the_headline_sums_up_and_does_not_promise_what_it_does_not_know() -> None:
    at = datetime(2026, 11, 29, 22, 0)
    counts: Any = {"done": 37, "waiting": 160, "running": 1, "failed": 2}
    said = headline(counts, Estimate(3600, 30, 160, 0), 60, at)
    assert said == "37 of 200 jobs · 2 failed · done about 23:01"
    assert headline(counts, Estimate(0, 0, 160, 160), 0, at).endswith("160 not timed yet")
    assert headline({}, None, 0, at) == ""
