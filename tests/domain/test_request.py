"""A request holds everything that affects the pixels, and its digest nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.geometry import CanvasRule
from icl_studio.domain.model import AdapterUse, ModelSpec, Sampling
from icl_studio.domain.problems import RequestInvalid
from icl_studio.domain.request import MAX_SEED, SetRequest, build_request
from icl_tasks.film_storyboard import TASK

FLUX = ModelSpec(id="flux", title="FLUX", source="owner/repo", family="flux.1")
TINY = ModelSpec(
    id="tiny",
    title="tiny",
    source="resource:models/tiny",
    family="tiny",
    canvas=CanvasRule(canvas_multiple=16, panel_short_side=96),
)
PARTS = CaptionParts(summary="ein Fuchs 🦊", panels=("am Meer", "im Wald", "zu Hause"))
REQUEST = build_request(TASK, TINY, PARTS, seed=7, steps=4, guidance=3.5)

DIGEST = "675ef17018e4cdbc3ce8ffd640c754ce7313c1cabfcbf60ac298252ef0b04212"
"""sha256 of REQUEST. If this changes, sets that users have kept no longer find their request:
change it only together with ``schema_version``."""


def test_a_models_own_sampling_goes_before_the_tasks_and_a_users_before_both():
    schnell = FLUX.model_copy(update={"sampling": Sampling(steps=4, guidance=0.0)})
    assert build_request(TASK, schnell, PARTS).sampling == schnell.sampling
    assert build_request(TASK, FLUX, PARTS).sampling == TASK.sampling
    asked = build_request(TASK, schnell, PARTS, steps=9)
    assert asked.sampling == Sampling(steps=9, guidance=0.0)


def test_the_digest_is_the_one_it_has_always_been():
    assert REQUEST.digest == DIGEST


def test_the_digest_is_the_same_in_another_process_and_another_key_order():
    data = json.loads(REQUEST.model_dump_json())
    shuffled = json.dumps(dict(reversed(data.items())), ensure_ascii=False)
    program = (
        "import sys; from icl_studio.domain.request import SetRequest; "
        "sys.stdin.reconfigure(encoding='utf-8'); "
        "print(SetRequest.model_validate_json(sys.stdin.read()).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=shuffled,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.strip() == DIGEST


@pytest.mark.parametrize("change", [{"engine": "onnx"}, {"name": "take two"}])
def test_a_preference_and_a_label_are_outside_the_digest(change: dict):
    assert REQUEST.model_copy(update=change).digest == DIGEST


CHANGES = {
    "task": "other",
    "parts": {"summary": "S", "panels": ["a", "b", "c"]},
    "caption": "another caption",
    "layout": {"rows": 3, "cols": 1, "panel": [208, 96]},
    "model": "other",
    "adapters": [{"source": "a.safetensors", "weight": 0.5}],
    "seed": 8,
    "sampling": {"steps": 5, "guidance": 3.5},
    "exact": True,
}


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_that_affects_the_pixels_changes_the_digest(field: str):
    data = {**REQUEST.model_dump(mode="json"), field: CHANGES[field]}
    assert SetRequest.model_validate(data).digest != DIGEST


def test_every_field_is_either_a_pixel_field_or_known_not_to_be():
    assert set(SetRequest.model_fields) == {*CHANGES, "engine", "name", "schema_version"}


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_guidance_and_an_adapters_weight_change_the_digest(weight: float):
    one = REQUEST.model_copy(update={"adapters": (AdapterUse(source="a", weight=weight),)})
    two = REQUEST.model_copy(update={"adapters": (AdapterUse(source="a", weight=weight + 0.1),)})
    assert one.digest != two.digest


def test_json_gives_the_same_request_back():
    assert SetRequest.model_validate_json(REQUEST.model_dump_json()) == REQUEST


def test_another_seed_changes_nothing_else():
    other = REQUEST.with_seed(9)
    assert other.seed == 9
    assert other.with_seed(7) == REQUEST


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "unknown key"},
        {"schema_version": 2},
        {"seed": -1},
        {"seed": MAX_SEED + 1},
        {"seed": 1.5},
        {"sampling": {"steps": 20, "guidance": float("nan")}},
        {"sampling": {"steps": 20, "guidance": float("inf")}},
        {"sampling": {"steps": 20, "guidance": 3.5, "cfg": 7}},
        {"task": "Not An Id"},
        {"adapters": [{"source": "", "weight": 1.0}]},
        {"adapters": [{"source": "a", "weight": float("nan")}]},
    ],
    ids=str,
)
def test_a_wrong_request_is_refused(change: dict):
    with pytest.raises(ValidationError):
        SetRequest.model_validate({**REQUEST.model_dump(mode="json"), **change})


def test_the_canvas_is_the_models_own():
    assert REQUEST.layout.canvas == (192, 288)
    assert build_request(TASK, FLUX, PARTS, seed=1).layout.canvas == (1024, 1536)


def test_a_lora_of_another_family_is_never_handed_over():
    assert REQUEST.adapters == ()
    own = TASK.adapters[0]
    assert build_request(TASK, FLUX, PARTS, seed=1).adapters == (
        AdapterUse(source=own.source, weight=own.weight),
    )
    assert build_request(TASK, FLUX, PARTS, seed=1, adapters=()).adapters == ()


def test_a_seed_is_drawn_where_none_is_given():
    seeds = {build_request(TASK, TINY, PARTS).seed for _ in range(4)}
    assert len(seeds) > 1
    assert all(0 <= seed <= MAX_SEED for seed in seeds)


def test_every_problem_is_named_at_once():
    wide = FLUX.model_copy(update={"canvas": CanvasRule(max_side=1024)})
    with pytest.raises(RequestInvalid) as refused:
        build_request(TASK, wide, CaptionParts(summary="", panels=("a", "b [SCENE-1]")))
    where = [problem.where for problem in refused.value.problems]
    assert where == ["panels", "summary", "panel 2", "canvas 1024x1536"]


def test_wrong_numbers_are_named_by_key():
    with pytest.raises(RequestInvalid) as refused:
        build_request(TASK, TINY, PARTS, steps=0, guidance=float("nan"))
    assert {problem.where for problem in refused.value.problems} == {"steps", "guidance"}
