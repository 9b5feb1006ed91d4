"""The bad inputs that users really give, through the front door and the embedded model.

Every one must end with exit code 2, one message that says what, where and what to do next,
no traceback, and nothing left behind.
"""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest

from icl_engines.testing import write_random_flux, write_random_lora
from icl_studio.cli.main import main
from icl_studio.paths import resource

SUMMARY = "A round red creature with a blue top hat goes on holiday"
PANELS = ("standing on the left of a beach", "jumping in a forest", "waving in a city at night")
TINY = resource("models", "tiny")


def panels(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--panel", text)]


def storyboard(*more: str) -> list[str]:
    return ["make", "film-storyboard", "--summary", SUMMARY, *panels(*PANELS), *more]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--summary", SUMMARY, *panels("a", "b")], "exactly 3 panel texts"),
        (["--summary", SUMMARY], "exactly 3 panel texts"),
        (panels(*PANELS), "summary: is empty"),
        (["--summary", SUMMARY, *panels("a", "", "c")], "panel 2: is empty"),
        (["--summary", "word " * 2000, *panels(*PANELS)], "tokens"),
        (["--summary", SUMMARY, *panels("a", "b [SCENE-3] c", "d")], "'[SCENE-3]'"),
        (["--summary", SUMMARY, *panels("a", "b [LEFT] c", "d")], "'[LEFT]'"),
        (["--summary", SUMMARY, *panels(*PANELS), "--seed", "-1"], "seed"),
        (["--summary", SUMMARY, *panels(*PANELS), "--steps", "0"], "steps"),
        (["--summary", SUMMARY, *panels(*PANELS), "--guidance", "nan"], "guidance"),
        (["--summary", SUMMARY, *panels(*PANELS), "--model", "no-such-model"], "no-such-model"),
        (["--summary", SUMMARY, *panels(*PANELS), "--engine", "warp"], "warp"),
        (["--summary", SUMMARY, *panels(*PANELS), "--lora", "nowhere.safetensors"], "nowhere"),
    ],
)
def test_a_request_that_does_not_fit_is_refused_at_once(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sets"
    assert main(["make", "film-storyboard", *arguments, "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not out.exists()


def test_a_mistyped_task_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make", "film-storybord", "--summary", "x"]) == 2
    assert "film-storyboard" in capsys.readouterr().err


def test_a_layout_of_65000_pixels_is_reported_and_stops_nothing_else(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "tasks").mkdir(parents=True)
    task = {
        "id": "huge",
        "title": "Huge",
        "layout": {"rows": 1, "cols": 2, "panel": [32512, 65024]},
        "caption": {"openings": ["[LEFT]", "[RIGHT]"]},
    }
    (home / "tasks" / "huge.json").write_text(json.dumps(task), encoding="utf-8")
    assert main(["tasks", "--json"]) == 0
    assert "huge" not in json.loads(capsys.readouterr().out)
    assert main(["make", "huge", "--summary", "x", *panels("a", "b")]) == 2
    assert "huge" in capsys.readouterr().err
    assert main(["plugins", "list"]) == 0
    told = capsys.readouterr()
    assert "8192" in told.out + told.err


def write_bad_loras(folder: Path) -> dict[Path, str]:
    """LoRA files that only the model can refuse, each with a word of the reason."""
    wide = write_random_flux(folder / "wide", seed=1)
    width = write_random_lora(folder / "other width.safetensors", wide)
    foreign = folder / "stable-diffusion.safetensors"
    _write_stable_diffusion_lora(foreign)
    shutil.rmtree(wide)
    return {width: "width", foreign: "lora_unet_down_blocks"}


@pytest.mark.parametrize(("damage", "reason"), [("cut", "bytes are there"), ("pickle", "pickle")])
def test_a_damaged_lora_is_refused_before_a_worker_starts(
    damage: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lora = write_random_lora(tmp_path / "style.safetensors", TINY)
    content = lora.read_bytes()[:-1000] if damage == "cut" else pickle.dumps({"lora": [1, 2, 3]})
    lora.write_bytes(content)
    out = tmp_path / "sets"
    assert main(storyboard("--lora", str(lora), "--out", str(out))) == 2
    told = capsys.readouterr().err
    assert "style.safetensors" in told.replace("\n", "")
    assert reason in told
    assert not out.exists()


def _write_stable_diffusion_lora(path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    stem = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    save_file(
        {
            f"{stem}.lora_down.weight": np.ones((4, 320), np.float32),
            f"{stem}.lora_up.weight": np.ones((320, 4), np.float32),
            f"{stem}.alpha": np.full((), 4, np.float32),
        },
        path,
    )


def test_refused_adapters_say_why_and_the_next_sheet_is_unchanged(
    home: Path, tmp_path: Path
) -> None:
    """One worker: a sheet, every bad adapter, the same sheet again, bit for bit."""
    from PIL import Image, ImageChops

    from icl_studio.domain.events import Failed, Finished
    from icl_studio.domain.model import AdapterUse
    from icl_studio.domain.request import build_request
    from icl_studio.generate.planning import Place, plan
    from icl_studio.generate.running import run
    from icl_studio.paths import user_folders
    from icl_studio.plugins import load_registry
    from icl_studio.settings import Settings

    folders, settings = user_folders(), Settings()
    registry = load_registry(folders, settings)
    bad = write_bad_loras(tmp_path)
    task = registry.task("film-storyboard")
    example = task.example_for("tiny")
    assert example is not None
    lists: list[tuple[AdapterUse, ...]] = [()]
    for path in bad:
        lists += [(AdapterUse(source=str(path)),), ()]
    requests = [
        build_request(task, registry.model("tiny"), example.parts, adapters=a, seed=3, steps=2)
        for a in lists
    ]
    ends = run(plan(requests, registry, folders, Place(tmp_path / "sets")), folders)
    assert len(ends.made) == len(bad) + 1
    assert all(isinstance(end, Finished) for _, end in ends.made)
    first, *others = (Image.open(Path(end.folder) / "sheet.png") for _, end in ends.made)
    assert all(ImageChops.difference(first, other).getbbox() is None for other in others)
    for (_, failed), (path, reason) in zip(ends.failed, bad.items(), strict=True):
        assert isinstance(failed, Failed)
        assert failed.mendable
        assert failed.error == "AdapterRejected"
        assert path.name in failed.message
        told = " ".join((failed.message, failed.fix, *map(str, failed.problems)))
        assert reason in told
