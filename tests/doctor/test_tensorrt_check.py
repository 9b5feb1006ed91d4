"""Which TensorRT is here: asked of itself, judged against the cards that are there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from icl_studio.doctor.tensorrt import TensorrtProbe, judge_tensorrt, probe_tensorrt
from icl_studio.engines.hardware import Gpu

RTX = Gpu(name="NVIDIA GeForce RTX 4090", target="sm_89", memory_mb=24564, driver="580.65.06")
HOPPER = Gpu(name="NVIDIA H200", target="sm_90", memory_mb=143771, driver="580.65.06")
FOUND = TensorrtProbe("tensorrt_rtx", "1.7.1", ("sm_86", "sm_89", "sm_120"))


@pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None, reason="the extra is not installed"
)
def test_the_installed_tensorrt_answers_for_itself_and_is_not_imported_here() -> None:
    code = (
        "import sys\n"
        "from icl_studio.doctor.tensorrt import probe_tensorrt\n"
        "probe = probe_tensorrt()\n"
        "assert not {'tensorrt_rtx', 'tensorrt'} & set(sys.modules), 'imported'\n"
        "assert probe.module == 'tensorrt_rtx' and not probe.error, probe\n"
        "assert probe.version and {'sm_86', 'sm_89', 'sm_120'} <= set(probe.targets), probe\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_that_cannot_be_loaded_is_told_with_what_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tensorrt_rtx", "tensorrt"):
        broken = tmp_path / f"{name}.py"
        broken.write_text("raise OSError('libnvinfer.so is missing')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check = judge_tensorrt(probe_tensorrt(), ())
    assert check is not None and check.state == "warn"
    assert "TensorRT-RTX is installed" in check.what and "libnvinfer.so" in check.what
    assert "--force-reinstall" in check.fix and "icl-studio[tensorrt]" in check.fix


def test_without_a_card_it_says_what_can_be_built_and_that_running_needs_one() -> None:
    check = judge_tensorrt(FOUND, ())
    assert check is not None and check.state == "ok"
    assert "sm_86, sm_89, sm_120" in check.what and "needs a card" in check.what
    only_here = judge_tensorrt(TensorrtProbe("tensorrt", "11.4"), ())
    assert only_here is not None and "there is none here" in only_here.what


def test_a_card_that_it_serves_and_one_that_it_does_not() -> None:
    served = judge_tensorrt(FOUND, (RTX, HOPPER))
    assert served is not None and served.state == "ok"
    assert "RTX 4090 (sm_89)" in served.what and "H200" not in served.what
    foreign = judge_tensorrt(FOUND, (HOPPER,))
    assert foreign is not None and foreign.state == "warn"
    assert "does not serve NVIDIA H200 (sm_90)" in foreign.what and "torch" in foreign.fix
    at_hand = judge_tensorrt(TensorrtProbe("tensorrt", "11.4"), (HOPPER,))
    assert at_hand is not None and at_hand.state == "ok"


def test_where_it_is_not_installed_only_a_machine_with_a_card_is_told_how() -> None:
    assert judge_tensorrt(None, ()) is None
    check = judge_tensorrt(None, (RTX,))
    assert check is not None and "icl-studio[tensorrt]" in check.what
