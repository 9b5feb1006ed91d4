"""Recipes: the paper's defaults, presets, clear refusals, and whether it fits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icl_studio.api import Size
from icl_studio.errors import NotFound, RequestInvalid, UserError
from icl_studio.training.memory import Shape, check_fits, estimate, shape_of
from icl_studio.training.recipe import PRESETS, TELLS, Recipe, explain, make_recipe

WIDTH = 3072
DOUBLE = (
    [(WIDTH, 6 * WIDTH)] * 2 + [(WIDTH, WIDTH)] * 8 + [(WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)] * 2
)
SINGLE = [(WIDTH, 3 * WIDTH)] + [(WIDTH, WIDTH)] * 3 + [(WIDTH, 4 * WIDTH), (5 * WIDTH, WIDTH)]
FLUX_DEV = Shape(
    width=WIDTH,
    doubles=19,
    singles=38,
    block_weights=19 * sum(a * b for a, b in DOUBLE) + 38 * sum(a * b for a, b in SINGLE),
    other_weights=60_000_000,
    linears=tuple(DOUBLE * 19 + SINGLE * 38),
)


def test_the_defaults_are_the_papers():
    recipe = make_recipe()
    assert (recipe.rank, recipe.alpha, recipe.learning_rate) == (16, 16.0, 1e-4)
    assert (recipe.batch, recipe.steps, recipe.ema, recipe.dropout) == (4, 5000, 0.99, 0.05)
    assert recipe.sample_every == 250


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_recipe_and_is_told(preset: str):
    recipe = make_recipe(preset)
    assert TELLS[preset]
    assert recipe.batch == 4


def test_a_file_is_laid_over_the_preset_and_options_over_both(tmp_path: Path):
    file = tmp_path / "rezept ü.json"
    file.write_text('{"rank": 4, "steps": 7}', encoding="utf-8-sig")
    recipe = make_recipe("tiny", file, steps=9, seed=None)
    assert (recipe.rank, recipe.steps, recipe.learning_rate) == (4, 9, 5e-3)


def test_a_mistyped_key_is_refused_with_the_nearest_one_and_all_at_once(tmp_path: Path):
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps({"rnak": 4, "lr": 1e-3, "batch": 0, "xyzzy": 1}), encoding="utf-8")
    with pytest.raises(RequestInvalid) as told:
        make_recipe(None, file)
    text = str(told.value)
    for part in ("rnak", "'rank'", "'learning_rate'", "batch", "xyzzy"):
        assert part in text


@pytest.mark.parametrize("content", ["[1]", "{", "\x00"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, content: str):
    file = tmp_path / "recipe.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(RequestInvalid):
        make_recipe(None, file)


def test_an_absent_file_and_an_unknown_preset(tmp_path: Path):
    with pytest.raises(NotFound):
        make_recipe(None, tmp_path / "x.json")
    with pytest.raises(NotFound, match="24gb"):
        make_recipe("24GB ")


def test_every_value_is_explained():
    assert all(text for _, _, text in explain(make_recipe()))
    assert [key for key, _, _ in explain(make_recipe())] == list(Recipe.model_fields)


def test_the_digest_changes_with_any_value():
    assert make_recipe().digest == make_recipe().digest != make_recipe(seed=1).digest


def test_flux_adapters_have_the_size_of_the_released_files():
    """172 MB in float16 at rank 16 (reference: ali-vilab/In-Context-LoRA)."""
    assert 170e6 < FLUX_DEV.adapter(16) * 2 < 174e6
    assert 11.7e9 < FLUX_DEV.block_weights + FLUX_DEV.other_weights < 12.1e9


@pytest.mark.parametrize(("preset", "gigabytes"), [("24gb", 24), ("16gb", 16), ("12gb", 12)])
def test_the_presets_are_estimated_to_fit_their_cards(preset: str, gigabytes: int):
    """With the film storyboard's canvas and 512 text tokens; 0.7 GB are left to the desktop."""
    recipe = make_recipe(preset)
    canvas = Size(*(round(side * recipe.scale / 16) * 16 for side in (1024, 1536)))
    need = estimate(FLUX_DEV, recipe, canvas, 512, device="cuda")
    assert need.total < (gigabytes - 0.7) * 2**30
    check_fits(need, gigabytes * 2**30, recipe)


def test_what_does_not_fit_is_refused_with_what_would_help():
    recipe = make_recipe()
    need = estimate(FLUX_DEV, recipe, Size(1024, 1536), 512, device="cuda")
    with pytest.raises(UserError) as told:
        check_fits(need, 24 * 2**30, recipe)
    assert "checkpointing" in told.value.fix and "fp8" in told.value.fix
    check_fits(need, None, recipe)


def test_the_shape_is_read_from_headers(random_flux: Path):
    shape = shape_of(random_flux)
    assert (shape.width, shape.doubles, shape.singles) == (64, 1, 2)
    assert len(shape.linears) == 14 + 2 * 6
