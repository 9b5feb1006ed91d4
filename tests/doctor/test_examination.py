"""The doctor's other checks, and its report as a whole."""

from __future__ import annotations

import json
import os
from importlib import metadata
from pathlib import Path

import pytest

from icl_studio.cli.main import main
from icl_studio.doctor import gpu
from icl_studio.doctor.check import Check
from icl_studio.doctor.home import check_folders, check_settings
from icl_studio.doctor.software import check_engines, check_onnx_twins, check_packages, check_python
from icl_studio.engines.protocol import EngineSpec
from icl_studio.paths import user_folders
from icl_studio.settings import Settings


def test_python_and_packages_of_this_environment_are_in_order() -> None:
    assert check_python().state == "ok"
    assert check_packages().state == "ok"


def test_a_missing_and_a_misfitting_package_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["pluggy>=99", "no-such-package", "ray>=2; extra == 'ray'", "rich>=14"]
    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    check = check_packages()
    assert check.state == "fail"
    assert "no-such-package is missing" in check.what and "pluggy is" in check.what
    assert "ray" not in check.what and "rich" not in check.what


def pretend_installed(folder: Path, *names: str) -> None:
    for name in names:
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n", encoding="utf-8")


def test_two_builds_of_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    pretend_installed(tmp_path, "onnxruntime", "onnxruntime-gpu")
    check = check_onnx_twins()
    assert check is not None and check.state == "warn" and "overwrite" in check.what
    assert "uninstall -y onnxruntime onnxruntime-gpu" in check.fix


def test_engines_are_found_without_being_imported() -> None:
    torch = EngineSpec(id="torch", title="t", factory="a:b", requires=("torch",))
    other = EngineSpec(id="other", title="o", factory="a:b", requires=("no_such_module",))
    both = check_engines([torch, other])
    assert both.state == "ok" and "other (lacks no_such_module)" in both.what
    assert check_engines([other]).state == check_engines([]).state == "fail"


def test_settings_that_cannot_be_read_do_not_stop_the_doctor() -> None:
    folders = user_folders()
    folders.config.mkdir(parents=True)
    folders.settings_file.write_text('{"model": }', encoding="utf-8")
    settings, check = check_settings(folders)
    assert settings == Settings() and check.state == "fail" and check.fix
    folders.settings_file.write_text('{"colour": "red"}', encoding="utf-8")
    assert check_settings(folders)[1].state == "warn"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    checks = check_folders(user_folders(), Settings(sets_folder=locked / "sets"))
    assert [check.state for check in checks if check.name == "sets folder"] == ["fail"]


def test_looking_leaves_no_trace(home: Path) -> None:
    assert all(check.state != "fail" for check in check_folders(user_folders(), Settings()))
    assert not home.exists()


def test_the_report_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "probe_torch", lambda: gpu.TorchProbe())
    code = main(["doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    checks = [Check.model_validate(check) for check in report["checks"]]
    assert {"python", "torch", "gpu", "plugins", "engines", "model"} <= {c.name for c in checks}
    assert report["ok"] == (not any(c.state == "fail" for c in checks)) == (code == 0)
