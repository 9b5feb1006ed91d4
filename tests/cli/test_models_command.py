"""``icl-studio models``: what there is, where it is, under which licence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icl_engines.testing import write_random_flux
from icl_studio.cli.main import main


@pytest.fixture(autouse=True)
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_says_what_is_here_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    report = as_json(capsys, "models")
    models = {model["id"]: model for model in report["models"]}
    assert models["flux.1-dev"]["gated"] and not models["flux.1-dev"]["present"]
    assert "Non-Commercial" in models["flux.1-dev"]["licence"]
    assert models["tiny"]["kind"] == "embedded"
    assert report["hub_token"] is None
    assert main(["models", "list"]) == 0
    assert "hf auth login" in capsys.readouterr().out


def test_show_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_random_flux(tmp_path / "mödel")
    model = as_json(capsys, "models", "show", str(folder))["model"]
    assert model["present"] and model["folder"] == str(folder) and model["bytes"] > 10_000
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"short")
    assert main(["models", "show", str(folder)]) == 2
    assert "diffusion_pytorch_model" in capsys.readouterr().err


def test_show_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "tinny"]) == 2
    assert "Did you mean tiny" in capsys.readouterr().err


def test_show_lists_what_the_embedded_model_knows_by_fact(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = as_json(capsys, "models", "show", "tiny")["model"]
    assert "crimson" in model["facts"]["colour"]["red"]
    assert {"body", "hat", "action", "position"} <= set(model["facts"])
    assert "creature" in model["vocabulary"]
    assert main(["models", "show", "tiny"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (colours,) = [line for line in lines if line.startswith("colour ")]
    assert "red, orange" in colours


def test_words_that_the_embedded_model_does_not_know_are_told_with_what_it_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = ["--summary", "a red astronaut wavin", "--panel", "jumping on a beach"]
    texts += ["--panel", "sleeping on the moon"] * 2
    assert main(["make", "film-storyboard", *texts, "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "does not know 'astronaut', 'wavin'; it knows 'waving'" in told
    assert "panels 2 and 3 have the same text" in told
    texts[1] = "a red creature " + "and a beach " * 170
    assert main(["make", "film-storyboard", *texts, "--dry-run"]) == 2
    assert "tokens; the model reads 128" in " ".join(capsys.readouterr().err.split())
