"""From a data set to a task file or a plugin; LoRA files of every naming style described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from training_samples import sheet, write_sheets

from icl_studio.cli.main import main
from icl_studio.errors import AdapterRejected
from icl_studio.training.lorafile import lora_info


def run(capsys: Any, *arguments: object) -> tuple[int, dict[str, Any]]:
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def lora(random_flux: Path, tmp_path: Path) -> Path:
    from icl_engines.testing import write_random_lora

    return write_random_lora(tmp_path / "mine.safetensors", random_flux, rank=2)


def test_a_task_is_found_from_sheets_and_captions(tmp_path, home, capsys):
    data = write_sheets(tmp_path / "data", 6, (512, 256))
    code, told = run(capsys, "tasks", "new", "foxes", "--from-dataset", data)
    assert code == 0 and told["seams_seen"] == 1
    code, shown = run(capsys, "tasks", "foxes")
    task = shown["task"]
    assert code == 0 and shown["caption_form"].startswith("‹summary›; [LEFT] ‹panel 1›; [RIGHT]")
    assert [panel["name"] for panel in task["layout"]["panels"]] == ["LEFT", "RIGHT"]
    width, height = task["layout"]["canvas"]
    assert width / height == pytest.approx(2, abs=0.1) and width % 64 == height % 64 == 0
    code, checked = run(capsys, "dataset", "check", data, "--task", "foxes", "--model", "tiny")
    assert code == 0 and checked["usable"] == 6
    assert run(capsys, "tasks", "new", "foxes", "--from-dataset", data)[0] == 2


def test_a_prefix_that_opens_every_caption_is_no_panel(tmp_path, home, capsys):
    data = write_sheets(tmp_path / "data", 4)
    for path in data.glob("*.txt"):
        path.write_text(f"[FOX-SHOTS] {path.read_text('utf-8')}", encoding="utf-8")
    code, told = run(capsys, "tasks", "new", "foxes", "--from-dataset", data)
    assert code == 0 and told["task"]["caption"]["prefix"] == "[FOX-SHOTS]"


@pytest.mark.parametrize("spoil", ["no captions", "no markers", "no seams"])
def test_what_cannot_be_found_out_is_said(spoil: str, tmp_path, home, capsys):
    data = write_sheets(tmp_path / "data", 4)
    for path in data.glob("*.txt"):
        if spoil == "no captions":
            path.unlink()
        elif spoil == "no markers":
            path.write_text("a fox and another fox", encoding="utf-8")
    if spoil == "no seams":
        for path in data.glob("*.png"):
            sheet(1).crop((0, 0, 100, 100)).save(path)
    code, told = run(capsys, "tasks", "new", "foxes", "--from-dataset", data)
    assert code == 2 and told["error"]["fix"]
    assert not list((home / "tasks").glob("*")) if (home / "tasks").exists() else True


def test_a_plugin_around_the_task_is_accepted(tmp_path, home, capsys):
    data = write_sheets(tmp_path / "data", 4)
    code, told = run(
        capsys, "tasks", "new", "fox-pairs", "--from-dataset", data, "--plugin", tmp_path / "out"
    )
    assert code == 0 and told["path"].endswith("icl-fox-pairs")
    code, report = run(capsys, "plugins", "check", told["path"])
    assert code == 0, report


@pytest.mark.parametrize(
    ("style", "told"),
    [
        ("peft", "PEFT (diffusers)"),
        ("peft-base-model", "PEFT's own saving"),
        ("kohya", "kohya"),
        ("bfl", "Black Forest Labs"),
        ("comfy", "ComfyUI"),
        ("comfy-up-down", "ComfyUI"),
    ],
)
def test_every_naming_style_is_described(style: Any, told: str, random_flux, tmp_path):
    from icl_engines.testing import write_random_lora

    path = write_random_lora(tmp_path / "a.safetensors", random_flux, style=style, rank=3, alpha=6)
    found = lora_info(path)
    assert (found.kind, found.style, found.base, found.width) == ("LoRA", told, "FLUX.1", 64)
    assert set(found.ranks) == {3} and found.alphas and not found.unknown
    assert found.family is None  # of no width that we know


def test_a_foreign_lora_needs_a_family_and_is_kept_once(lora, home, capsys):
    code, told = run(capsys, "lora", "register", lora, "--task", "couple-profile")
    assert code == 2 and "--family" in told["error"]["fix"]
    words = ("lora", "register", lora, "--task", "couple-profile", "--family", "custom")
    assert run(capsys, *words)[0] == 0
    assert run(capsys, *words)[0] == 0  # the same file again
    lora.write_bytes(lora.read_bytes()[:-4] + b"\x00\x00\x80?")
    code, told = run(capsys, *words)
    assert code == 2 and "--name" in told["error"]["fix"]
    assert run(capsys, *words, "--name", "other")[0] == 0
    code, task = run(capsys, "tasks", "couple-profile-tuned")
    sources = {a["family"]: a["source"] for a in task["task"]["adapters"]}
    assert sources["custom"] == "other.safetensors" and "flux.1" in sources


def test_what_is_no_lora_is_refused(random_flux: Path, tmp_path: Path):
    model = random_flux / "transformer" / "diffusion_pytorch_model.safetensors"
    with pytest.raises(AdapterRejected, match="holds no LoRA"):
        lora_info(model)
    pickle = tmp_path / "a.pt"
    pickle.write_bytes(b"\x80\x04")
    with pytest.raises(AdapterRejected, match="pickle"):
        lora_info(pickle)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(model.read_bytes()[:5000])
    with pytest.raises(AdapterRejected):
        lora_info(cut)
