"""The whole way once with the real engine: FLUX's own classes at a random, small size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from icl_studio.cli.main import main
from icl_studio.sets.record import read_record

pytestmark = pytest.mark.slow


@pytest.fixture
def model(random_flux: Path, tmp_path: Path) -> Path:
    """The random FLUX under a name with spaces and umlauts, drawing small panels."""
    folder = tmp_path / "Mödell 🎨"
    shutil.copytree(random_flux, folder)
    rule = {"canvas_multiple": 16, "panel_short_side": 64}
    own = {"family": "tiny", "canvas": rule, "max_sequence_length": 512}
    (folder / "icl_studio.json").write_text(json.dumps(own), encoding="utf-8")
    return folder


def test_make_verify_and_make_again(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sets"
    # The family's adapters fit the embedded model itself, not another of other sizes.
    asked = ["make", "film-storyboard", "--example", "--no-lora", "--model", str(model)]
    asked += ["--steps", "2"]
    assert main([*asked, "--count", "2", "--out", str(out), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["sets"]
    record = read_record(Path(first["folder"]))
    assert record.receipt.engine == "torch" and record.receipt.device == "cpu"
    assert {"torch", "diffusers"} <= set(record.receipt.versions)
    assert any(name.startswith("transformer/") for name in record.receipt.model.files)
    assert {"load", "encode", "denoise", "decode"} <= set(record.receipt.seconds)
    with Image.open(first["sheet"]) as a, Image.open(second["sheet"]) as b:
        assert a.size == b.size == record.request.layout.canvas == (128, 192)
        assert a.tobytes() != b.tobytes()

    assert main(["verify", first["folder"]]) == 0
    assert capsys.readouterr().out.strip() == "identical"

    panel = first["panels"][2]["path"]
    assert main(["make", "--request", panel, "--out", str(out), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["sets"][0]
    assert read_record(Path(again["folder"])).request.digest == record.request.digest
    with Image.open(first["sheet"]) as a, Image.open(again["sheet"]) as b:
        assert a.tobytes() == b.tobytes()
