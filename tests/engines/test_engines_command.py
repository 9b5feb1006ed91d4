"""``icl-studio engines`` as a user meets it; exports here are small or refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from icl_studio.cli.main import main
from icl_studio.engines.hardware import this_machine
from icl_studio.engines.store import (
    AdapterInterface,
    Built,
    EngineStore,
    ParityCase,
    Profile,
    StoredEngine,
    Structure,
    Weights,
)


@pytest.fixture
def stored(home: Path) -> StoredEngine:
    structure = Structure(
        engine="onnx",
        components=("transformer",),
        graph="a" * 64,
        versions={"torch": "2.13.0"},
        dtype="float32",
        profile=Profile(batch=(1, 4), image_tokens=(16, 9072), text_tokens=(16, 512)),
        adapters=AdapterInterface(targets=("proj_out",), max_rank=128),
    )
    with EngineStore(home / "engines").building("tiny", structure, Weights(files={})) as building:
        (building.folder / "model.onnx").write_bytes(b"graph")
        built = Built(created="2026-11-23T00:00:00+00:00", machine=this_machine(), seconds=2)
        parity = (ParityCase(image_tokens=96, text_tokens=64, relative_l2=3e-6),)
        return building.commit(built, parity)


def test_an_empty_list_says_how_to_make_an_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines", "list"]) == 0
    assert "engines export --model" in capsys.readouterr().out


def test_list_and_show_for_machines(
    stored: StoredEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engines", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["engines"]
    assert (row["name"], row["engine"], row["bytes"]) == (stored.name, "onnx", 5)
    assert main(["engines", "show", "onnx-tiny", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["manifest"]["structure"]["versions"] == {"torch": "2.13.0"}


def test_show_for_people_tells_how_far_it_is_from_torch(
    stored: StoredEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engines", "show", stored.name]) == 0
    assert "transformer 3.0e-06 relative, 96 image tokens" in capsys.readouterr().out


def test_a_damaged_engine_is_named_and_can_be_removed(
    stored: StoredEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engines", "verify", stored.name]) == 0
    (stored.folder / "model.onnx").write_bytes(b"GRAPH")
    assert main(["engines", "verify", stored.name]) == 2
    assert "is not what was built" in capsys.readouterr().err
    assert main(["engines", "remove", stored.name]) == 0
    assert not stored.folder.exists()


def test_an_unknown_engine_is_a_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines", "show", "nothing"]) == 2
    assert "no engine 'nothing'" in capsys.readouterr().err


def test_what_the_exporter_refuses_comes_back_from_its_process(
    random_flux: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["engines", "export", "--model", str(random_flux), "--max-rank", "1"]
    assert main(command) == 2
    assert "--max-rank of 2 or more" in capsys.readouterr().err
    assert EngineStore(home / "engines").scan() == ([], [])


def test_a_lora_to_be_baked_in_that_is_not_there_is_said_before_anything_starts(
    random_flux: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["engines", "export", "--model", str(random_flux), "--fuse-lora", "nowhere:0.5"]
    assert main(command) == 2
    assert "nowhere" in capsys.readouterr().err
    assert not (home / "engines").exists()


def test_an_exporter_that_dies_is_told_with_its_last_words(random_flux: Path, home: Path) -> None:
    from icl_engines.testing import random_flux_model
    from icl_studio.engines.exporting import ExportJob, run_export
    from icl_studio.engines.protocol import EngineSpec
    from icl_studio.errors import WorkerDied

    spec = EngineSpec(id="broken", title="x", factory="a:b", exporter="icl_no_such_module:export")
    model = random_flux_model(random_flux)
    job = ExportJob(engine=spec, model=model, store=home / "engines", max_rank=8)
    with pytest.raises(WorkerDied, match="No module named 'icl_no_such_module'"):
        run_export(job, lambda _: None)


@pytest.mark.skipif(os.name == "nt", reason="Windows kills without a signal")
def test_a_child_that_the_system_kills_is_told_as_killed_whatever_it_said_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from icl_studio.engines.child import run_child
    from icl_studio.errors import WorkerDied

    (tmp_path / "icl_killed.py").write_text(
        "import os, sys\nsys.stderr.write('a warning\\n')\nos.kill(os.getpid(), 9)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkerDied, match="when memory runs out") as died:
        run_child("icl_killed", "{}", lambda _: None, "The export")
    assert died.value.exit_code == -9 and "a warning" in died.value.tail


CHILD = """
import os, time
from pathlib import Path
from icl_studio.engines.child import serve
def work(job, say):
    try:
        say(str(os.getpid()))
        time.sleep(600)
    finally:
        Path(os.environ["ICL_TIDIED"]).write_text("tidied")
if __name__ == "__main__":
    serve(work)
"""
PARENT = """
from icl_studio.engines.child import run_child
run_child("icl_slow_child", "{}", lambda pid: print(pid, flush=True), "The export")
"""


def test_a_child_whose_parent_was_killed_tidies_up_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "icl_slow_child.py").write_text(CHILD, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("ICL_TIDIED", str(tmp_path / "tidied"))
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 120
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie":
        assert time.monotonic() < end, "the child goes on for nobody"
        time.sleep(0.05)
    assert (tmp_path / "tidied").is_file()
