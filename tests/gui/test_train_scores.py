"""The card of a finished adapter: evaluated against its base by real workers, or told why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from icl_studio.evaluate.kept import Scores, kept_reports
from icl_studio.evaluate.report import Figure, Report
from icl_studio.gui.train import scoring
from icl_studio.gui.train.page import TrainPage
from icl_studio.gui.train.scores import ScoresCard
from icl_studio.gui.train.scoring import Scored
from icl_studio.paths import UserFolders
from icl_studio.settings import write_json

CAPTIONS = {
    "film-storyboard": "[MOVIE-SHOTS] a fox; [SCENE-1] runs [SCENE-2] rests [SCENE-3] sleeps",
    "couple-profile": "a fox in two pictures; [LEFT] standing; [RIGHT] jumping",
}
SIZES = {"film-storyboard": (64, 96), "couple-profile": (64, 32)}
METRIC = """
from icl_studio.api import hookimpl
from icl_studio.testing import FAKE_METRIC

ICL_STUDIO_API = 1


@hookimpl
def icl_studio_metrics():
    return [FAKE_METRIC]
"""


@pytest.fixture
def metric(fake_studio: Any, tmp_path: Path) -> None:
    """The fake metric, found by entry point as any plugin's: it knows storyboards only."""
    info = tmp_path / "plugins" / "icl_studio_storyboard_metric-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Name: icl-studio-storyboard-metric\nVersion: 1\n", encoding="utf-8"
    )
    entry = "[icl_studio]\nstoryboard-metric = icl_studio_storyboard_metric\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    (info.parent / "icl_studio_storyboard_metric.py").write_text(METRIC, encoding="utf-8")


@pytest.fixture
def tuned(
    fake_studio: Callable[..., Path],
    folders: UserFolders,
    page_of: Any,
    until: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., TrainPage]:
    """The page with a run of two steps that has ended; evaluations are of three sets."""
    monkeypatch.setattr(scoring, "SETS", 3)

    def train(task: str = "film-storyboard", **behaviour: Any) -> TrainPage:
        data = tmp_path / "daten ü"
        data.mkdir()
        for number in range(2):
            noise = Image.effect_noise(SIZES[task], 80 + number).convert("RGB")
            noise.save(data / f"{number}.png")
            (data / f"{number}.txt").write_text(CAPTIONS[task], encoding="utf-8")
        model = fake_studio(**behaviour)
        write_json(folders.settings_file, {"model": str(model), "engine": "fake"})
        page: TrainPage = page_of("train")
        page.model.wish(task=task, changes={"steps": 2, "batch": 1, "buckets": False})
        page._wished()
        page.receive(data)
        until(lambda: page.start.isEnabled())
        page.primary()
        until(lambda: page.model.run is not None and page.model.run.scored is not None)
        return page

    return train


def said(card: ScoresCard) -> str:
    return " | ".join(one.text() for one in card.findChildren(QLabel) if not one.isHidden())


def test_an_adapter_is_evaluated_with_one_click_and_stands_beside_its_base(
    metric: None, tuned: Any, until: Any, folders: UserFolders
) -> None:
    page = tuned()
    card = page.run.scores
    assert card.evaluate.isEnabled() and "Not evaluated yet" in said(card)
    card.evaluate.click()
    assert not card.evaluate.isEnabled(), "clicked twice in one breath"
    until(lambda: page.model.run.scored.job is not None)
    until(lambda: page.model.run.scored.whole)
    until(lambda: card.evaluate.isHidden())
    scores = page.model.run.scored.scores
    assert scores.base.adapters == () and scores.tuned.adapters[0].endswith(":1")
    assert (scores.tuned.n, scores.base.n) == (3, 3)
    for text in ("Base", "Adapter", "Adherence", "Consistency", "Diversity", "0.889", " – "):
        assert text in said(card), said(card)
    assert "3 sets each" in said(card) and "too close to tell" in said(card)
    assert len(kept_reports(folders)) == 2


def test_a_base_that_was_evaluated_is_not_evaluated_again(
    metric: None, tuned: Any, until: Any
) -> None:
    page = tuned()
    studio, run = page.studio, page.model.run
    found = studio.registry, studio.folders, studio.settings, run.folder, run.record
    first = scoring.plan(*found)
    assert first[0].request.ask.adapters == () and len(first) == 2
    page.run.scores.evaluate.click()
    until(lambda: page.model.run.scored.whole)
    (again,) = scoring.plan(*found)
    assert again.request.ask.adapters[0].source == str(run.record.result)


def test_a_task_that_the_metric_cannot_read_is_told_in_the_card(
    metric: None, tuned: Any, until: Any
) -> None:
    page = tuned("couple-profile")
    card = page.run.scores
    card.evaluate.click()
    until(lambda: "no requests for 'couple-profile'" in card.note.text())
    page.model.refresh()
    until(lambda: not page.model._reading)
    assert "no requests" in card.note.text() and card.evaluate.isEnabled()
    assert page.model.run.scored.job is None


def test_a_model_that_no_metric_reads_disables_the_button_and_says_why(tuned: Any) -> None:
    card = tuned("couple-profile").run.scores
    assert not card.evaluate.isEnabled()
    assert "No metric reads" in card.note.text() and "No metric reads" in card.evaluate.toolTip()


def test_an_evaluation_that_fails_says_so_and_is_tried_again(
    metric: None, tuned: Any, until: Any, tmp_path: Path
) -> None:
    page = tuned()
    trouble = tmp_path / "modell-ü" / "metric-trouble.txt"
    trouble.write_text("user-error", encoding="utf-8")
    card = page.run.scores
    card.evaluate.click()
    until(lambda: page.model.run.scored.failed)
    until(lambda: "The evaluation failed: The fake metric refuses" in card.note.text())
    trouble.unlink()
    until(lambda: card.evaluate.isEnabled())
    card.evaluate.click()
    until(lambda: page.model.run.scored.whole)


def figure(value: float, low: float | None, high: float | None) -> Figure:
    return Figure(value=value, low=low, high=high, n=9, sets=3, metric="fake")


def report(*figures: Figure, adapters: tuple[str, ...] = ()) -> Report:
    """A report whose overall figures these are, in the order adherence, consistency."""
    names = ("adherence", "consistency", "diversity")
    return Report.model_validate(
        {
            **{"task": "t", "n": 3, "asked": 3, "seed": 0, "model": "m", "engine": "e"},
            **{"steps": 4, "requests": "r", "metrics": {}, "seconds": {}, "folder": "."},
            **{group: {} for group in ("adherence", "consistency", "diversity", "whole")},
            "adapters": adapters,
            "overall": dict(zip(names, figures, strict=False)),
        }
    )


def test_what_the_intervals_say_stands_in_a_word(qtbot: Any) -> None:
    host, card = QWidget(), ScoresCard()
    qtbot.addWidget(host)
    QVBoxLayout(host).addWidget(card)
    base = report(figure(0.4, 0.3, 0.5), figure(0.9, 0.8, 0.95), figure(0.5, None, None))
    tuned = report(figure(0.7, 0.6, 0.8), figure(0.6, 0.5, 0.7), figure(0.5, 0.4, 0.6))
    card.show_scored(Scored(Scores(tuned, base)))
    assert [row.verdict for row in Scores(tuned, base).rows] == ["better", "worse", None]
    words = [cell.text() for cell in card.cells]
    assert words.count("better") == words.count("worse") == 1 and "0.300 – 0.500" in words
    assert card.evaluate.isHidden() and not card.isHidden()
    card.show_scored(Scored(Scores(tuned, None)))
    assert "The base has not been evaluated" in card.note.text()
    assert not card.evaluate.isHidden() and "0.300 – 0.500" not in card.cells
    card.show_scored(Scored(of_base=True))
    card.show_progress("denoise", 1, 3)
    assert card.note.text() == "Base: drawing sets, 1 of 3"
    card.show_scored(Scored())
    card.show_progress("judge", 2, 3)
    assert card.note.text() == "Adapter: judging sets, 2 of 3"
    card.show_scored(None)
    assert card.isHidden()


def test_the_adapter_is_handed_to_create_with_its_task_and_model(tuned: Any, until: Any) -> None:
    page = tuned("couple-profile")
    record = page.model.run.record
    window = page.window()
    page.run.scores.use.click()
    until(lambda: window.current == "create")
    create = window.page("create")
    until(lambda: create.model.draft.adapters)
    draft = create.model.draft
    assert [use.source for use in draft.adapters] == [str(record.result)]
    assert (draft.task, draft.model) == ("couple-profile", record.model)
    create.model.undo()
    assert create.model.draft.adapters is None, "taken back as everything is"
