"""Torch and GPU: from what is installed and what the driver says to one sentence and a fix."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from icl_studio.doctor.gpu import (
    NvidiaDriver,
    TorchBuild,
    TorchProbe,
    judge,
    nvidia_driver,
    probe_torch,
    torch_build,
)

CPU = TorchBuild("2.13.0+cpu")
CUDA = TorchBuild("2.13.0+cu130", cuda="13.0")
CARD = ("NVIDIA GeForce RTX 4090",)


def gpu(build: TorchBuild, driver: NvidiaDriver | None, probe: TorchProbe | None = None):
    return judge(build, driver, probe or TorchProbe())[-1]


def test_a_cpu_torch_beside_an_nvidia_card_gets_the_command_that_mends_it() -> None:
    check = gpu(CPU, NvidiaDriver(CARD, "580.65", (13, 0)))
    assert check.state == "warn" and "RTX 4090" in check.what and "CPU only" in check.what
    uninstall, install = check.fix.splitlines()
    assert uninstall.endswith("-m pip uninstall -y torch")
    assert sys.executable in install
    assert '--index-url https://download.pytorch.org/whl/cu130 "torch>=2.9,<2.14"' in install


def test_an_older_driver_gets_a_build_that_it_can_run() -> None:
    assert "/cu126" in gpu(CPU, NvidiaDriver(CARD, "560.94", (12, 6))).fix
    assert "Update the NVIDIA driver first" in gpu(CPU, NvidiaDriver(CARD, "470", (11, 4))).fix


def test_a_driver_too_old_for_the_installed_build() -> None:
    check = gpu(CUDA, NvidiaDriver(CARD, "551.23", (12, 4)))
    assert "too old" in check.what and "12.4" in check.what and "13.0" in check.what
    assert "/cu126" in check.fix


def test_a_gpu_that_works() -> None:
    probe = TorchProbe(devices=({"name": CARD[0], "bytes": 24 * 2**30},))
    check = gpu(CUDA, NvidiaDriver(CARD, "580", (13, 0)), probe)
    assert check.state == "ok" and "24 GiB" in check.what


def test_a_gpu_that_torch_cannot_use_says_why() -> None:
    probe = TorchProbe(error="CUDA error: all CUDA-capable devices are busy or unavailable")
    check = gpu(CUDA, NvidiaDriver(CARD, "580", (13, 0)), probe)
    assert check.state == "warn" and "busy or unavailable" in check.what and check.fix


def test_no_gpu_at_all_is_not_a_fault() -> None:
    assert gpu(CPU, None).state == "ok"
    assert gpu(CPU, None, TorchProbe(mps=True)).state == "ok"


def test_no_torch_and_a_broken_torch_stop_the_main_job() -> None:
    assert judge(None, None, TorchProbe())[0].state == "fail"
    broken = judge(CPU, None, TorchProbe(error="torch cannot be loaded: DLL missing"))
    assert [check.state for check in broken] == ["fail"]


def test_the_build_is_read_without_importing_torch_and_agrees_with_it() -> None:
    import torch

    build = torch_build()
    assert build is not None
    assert (build.version, build.cuda) == (str(torch.__version__), torch.version.cuda)
    assert len(probe_torch().devices) == (torch.cuda.device_count() if torch.version.cuda else 0)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for nvidia-smi is a shell script")
def test_nvidia_smi_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\n"
        'if [ -n "$1" ]; then echo "NVIDIA RTX 6000 Ada, 48GB, 560.35.03"; exit; fi\n'
        'echo "| NVIDIA-SMI 560.35.03  Driver Version: 560.35.03  CUDA Version: 12.6 |"\n',
        encoding="utf-8",
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert nvidia_driver() == NvidiaDriver(("NVIDIA RTX 6000 Ada, 48GB",), "560.35.03", (12, 6))
    monkeypatch.setenv("PATH", "/nowhere")
    assert nvidia_driver() is None
