"""Where onnxruntime computes: asked of itself, judged against the cards that are there."""

from __future__ import annotations

import onnxruntime

from icl_studio.doctor.onnx import OnnxProbe, judge_onnx, probe_onnx
from icl_studio.engines.hardware import Gpu

CARD = Gpu(name="NVIDIA GeForce RTX 4090", target="sm_89", memory_mb=24564, driver="580.65.06")
BOTH = ("CUDAExecutionProvider", "CPUExecutionProvider")


def test_the_installed_onnxruntime_answers_for_itself() -> None:
    probe = probe_onnx()
    assert probe is not None and not probe.error
    assert probe.version == onnxruntime.__version__
    assert "CPUExecutionProvider" in probe.providers


def test_without_a_card_it_computes_on_the_cpu_whatever_it_was_built_for() -> None:
    check = judge_onnx(OnnxProbe("1.31.0", BOTH), ())
    assert check is not None and check.state == "ok"
    assert "computes on the CPU" in check.what


def test_a_card_that_onnxruntime_cannot_use_comes_with_the_command_that_mends_it() -> None:
    check = judge_onnx(OnnxProbe("1.31.0", ("CPUExecutionProvider",)), (CARD,))
    assert check is not None and check.state == "warn"
    assert "RTX 4090" in check.what and "icl-studio[onnx-gpu]" in check.fix


def test_the_providers_of_a_card_are_named_as_people_know_them() -> None:
    names = (*BOTH, "NvTensorRTRTXExecutionProvider")
    check = judge_onnx(OnnxProbe("1.31.0", names), (CARD,))
    assert check is not None and check.state == "ok"
    assert "by CUDA, TensorRT-RTX" in check.what


def test_an_onnxruntime_that_cannot_be_loaded_is_told_and_one_that_is_absent_is_not() -> None:
    check = judge_onnx(OnnxProbe(error="it cannot be loaded: no libstdc++"), ())
    assert check is not None and "no libstdc++" in check.what
    assert judge_onnx(None, (CARD,)) is None
