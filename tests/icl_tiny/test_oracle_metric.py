"""The oracle as a metric: held-out requests, and what it says of good, bad and repeated sets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from icl_studio.api import Draft, DrawnSet, MetricOptions, Score
from icl_studio.errors import NotFound, RequestInvalid
from icl_studio.paths import user_folders
from icl_studio.plugins import load_registry
from icl_studio.settings import Settings
from icl_tiny.oracle.metric import Oracle
from icl_tiny.oracle.requests import held_out_requests
from icl_tiny.world.held_out import is_held_out
from icl_tiny.world.layouts import LAYOUTS, draw_collage
from icl_tiny.world.sampling import from_plain

TASK = "film-storyboard"


@pytest.fixture(scope="module")
def draft() -> Draft:
    return held_out_requests(TASK, 1, 3)[0]


def saved(folder: Path, draft: Draft, *panels: Image.Image) -> DrawnSet:
    files = []
    for number, panel in enumerate(panels):
        files.append(folder / f"{number}.png")
        panel.save(files[-1])
    return DrawnSet(task=TASK, sheet=files[0], panels=tuple(files), draft=draft)


def as_asked(draft: Draft, task: str = TASK) -> list[Image.Image]:
    layout = LAYOUTS[task]
    sheet = draw_collage(layout, from_plain(dict(draft.truth or {})).panels)
    width, height = layout.panel
    corners = [layout.origin(index) for index in range(layout.count)]
    return [sheet.crop((x, y, x + width, y + height)) for x, y in corners]


def judged(folder: Path, draft: Draft, *panels: Image.Image) -> dict[str, dict[str, float]]:
    """The mean value of every score, by what it is about and its name."""
    found: dict[str, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for score in Oracle(MetricOptions()).judge(saved(folder, draft, *panels)):
        found[score.about][score.name].append(score)
    return {
        about: {name: sum(s.value for s in some) / len(some) for name, some in names.items()}
        for about, names in found.items()
    }


def test_a_set_drawn_as_asked_is_perfect(draft: Draft, tmp_path: Path) -> None:
    found = judged(tmp_path, draft, *as_asked(draft))
    assert set(found) == {"adherence", "consistency", "diversity", "whole"}
    for about, names in found.items():
        assert names == {name: pytest.approx(1, abs=0.02) for name in names}, about
    assert {"scene", "colour", "action"} <= set(found["adherence"])
    assert "colour" in found["consistency"] and "scene" not in found["consistency"]


def test_a_picture_repeated_is_consistent_but_not_diverse(draft: Draft, tmp_path: Path) -> None:
    first = as_asked(draft)[0]
    found = judged(tmp_path, draft, first, first, first)
    assert set(found["consistency"].values()) == {1.0}
    assert set(found["diversity"].values()) == {0.0}
    assert found["whole"]["same"] == 1


def test_noise_is_wrong_in_everything(draft: Draft, tmp_path: Path) -> None:
    from random import Random

    from icl_tiny.oracle.soften import noise_picture

    size = LAYOUTS[TASK].panel
    panels = [noise_picture(Random(seed), size) for seed in range(3)]
    found = judged(tmp_path, draft, *panels)
    for about in ("adherence", "consistency", "whole"):
        assert set(found[about].values()) == {0.0}, about
    shares = {name: value for name, value in found["diversity"].items() if name != "picture"}
    assert set(shares.values()) == {0.0}


def test_every_adherence_has_its_chance_and_what_was_read(draft: Draft, tmp_path: Path) -> None:
    scores = Oracle(MetricOptions()).judge(saved(tmp_path, draft, *as_asked(draft)))
    for score in scores:
        if score.about == "adherence":
            assert score.chance is not None and 0 < score.chance <= 0.5
            assert score.asked == score.read and score.sure is not None and score.sure > 0.9


@pytest.mark.parametrize("truth", [None, {}, {"layout": TASK, "panels": [{"kind": "ghost"}]}])
def test_a_set_of_unknown_truth_is_refused(truth: Any, draft: Draft, tmp_path: Path) -> None:
    strange = draft.model_copy(update={"truth": truth})
    with pytest.raises(RequestInvalid, match="does not know what is true"):
        Oracle(MetricOptions()).judge(saved(tmp_path, strange, *as_asked(draft)))


@pytest.mark.parametrize("task", list(LAYOUTS))
def test_requests_are_held_out_fit_their_task_and_follow_from_the_seed(task: str) -> None:
    registry = load_registry(user_folders(), Settings())
    drafts = held_out_requests(task, 3, seed=5)
    assert drafts == held_out_requests(task, 3, seed=5) != held_out_requests(task, 3, seed=6)
    assert drafts[:2] == held_out_requests(task, 2, seed=5)
    for one in drafts:
        parts = {"summary": one.summary, "panels": one.panels}
        spec = registry.task(task)
        assert spec.caption.problems(type(spec.examples[0].parts)(**parts)) == []
        panels = from_plain(json.loads(json.dumps(one.truth))).panels
        assert all(is_held_out(panel) for panel in panels)


def test_a_task_of_another_world_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no sets of the task 'comic-strip'"):
        held_out_requests("comic-strip", 1, 0)


def test_the_plugin_offers_it_and_nothing_of_it_loads_torch() -> None:
    metric = load_registry(user_folders(), Settings()).metric("oracle")
    assert metric.family == "tiny" and metric.requests
    code = (
        "import sys, icl_tiny.oracle.metric, icl_tiny.oracle.requests;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'diffusers', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
