"""Adapters that ship: a file in the resources is the task's own on that family, none is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from icl_studio.cli.main import main
from icl_studio.domain.model import AdapterSource
from icl_studio.paths import resource, user_folders
from icl_studio.plugins import load_registry
from icl_studio.plugins.shipped import with_shipped_adapters
from icl_studio.sets.record import read_record
from icl_studio.settings import Settings
from icl_tasks.plugin import TASKS

TASK = "sandstorm-visual-effect"
FILE = f"tiny/{TASK}.safetensors"
SPEC = next(task for task in TASKS if task.id == TASK)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A resources folder whose only adapter is a random one of rank 2 for `TASK` on `tiny`."""
    resources = tmp_path / "mit ümlaut"
    for module in ("icl_studio.plugins.shipped", "icl_studio.models.adapters"):
        monkeypatch.setattr(f"{module}.resource", lambda *parts: resources.joinpath(*parts))
    path = resources / "adapters" / FILE
    path.parent.mkdir(parents=True)
    config = json.loads(resource("models", "tiny", "transformer", "config.json").read_text("utf-8"))
    width = config["num_attention_heads"] * config["attention_head_dim"]
    name = "transformer.single_transformer_blocks.0.attn.to_q"
    torch.manual_seed(0)
    tensors = {
        f"{name}.lora_A.weight": torch.randn(2, width) / width,
        f"{name}.lora_B.weight": torch.randn(width, 2),
    }
    save_file(tensors, path)
    return path


def test_a_shipped_file_is_the_tasks_own_adapter_on_its_family(shipped: Path) -> None:
    registry = load_registry(user_folders(), Settings())
    assert registry.task(TASK).adapter_for("tiny") == AdapterSource(family="tiny", source=FILE)
    flux = registry.task(TASK).adapter_for("flux.1")
    assert flux == SPEC.adapter_for("flux.1") is not None
    others = [task for task in registry.tasks.values() if task.id != TASK]
    assert len(others) == 9 and not any(task.adapter_for("tiny") for task in others)


def test_a_task_that_has_its_own_keeps_it(shipped: Path) -> None:
    own = AdapterSource(family="tiny", source="mine.safetensors")
    mine = SPEC.model_copy(update={"adapters": (own,)})
    assert with_shipped_adapters(mine) == mine


def test_where_nothing_ships_tasks_are_as_they_were(shipped: Path) -> None:
    shipped.unlink()
    registry = load_registry(user_folders(), Settings())
    assert [task for task in registry.tasks.values() if task.id == TASK] == [SPEC]


def test_a_task_of_a_users_file_gets_no_adapter_of_ours(shipped: Path) -> None:
    folder = user_folders().tasks
    folder.mkdir(parents=True)
    mine = SPEC.model_copy(update={"id": "mine", "adapters": ()})
    (shipped.parent / "mine.safetensors").write_bytes(shipped.read_bytes())
    (folder / "mine.json").write_text(mine.model_dump_json(), encoding="utf-8")
    assert load_registry(user_folders(), Settings()).task("mine").adapters == ()


@pytest.mark.slow
def test_it_is_used_by_default_named_everywhere_and_left_out_on_request(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tasks", TASK]) == 0
    assert FILE in capsys.readouterr().out
    words = ["make", TASK, "--summary", "a red creature", "--panel", "standing", "--panel", "sand"]
    words += ["--model", "tiny", "--steps", "1", "--seed", "5", "--json"]
    assert main([*words, "--out", str(tmp_path / "with")]) == 0
    assert main([*words, "--no-lora", "--out", str(tmp_path / "without")]) == 0
    (used,), (plain,) = (
        [read_record(path.parent) for path in (tmp_path / name).glob("*/set.json")]
        for name in ("with", "without")
    )
    assert [use.source for use in used.request.adapters] == [FILE]
    (receipt,) = used.receipt.adapters
    assert receipt.file.endswith(f"{TASK}.safetensors") and len(receipt.sha256) == 64
    assert plain.request.adapters == () and plain.receipt.adapters == ()
