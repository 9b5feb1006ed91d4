"""``plugins check`` reads a plugin without running it, and names what would harm."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from plugin_sources import GOOD

from icl_studio.errors import PluginProblem
from icl_studio.plugins.check import CheckReport, check_plugin
from icl_studio.plugins.scaffold import template_folder

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "icl-mine"
version = "1.0"
dependencies = ["ICL_Studio >= 0.1"]
[project.entry-points.icl_studio]
mine = "icl_mine.plugin"
"""
MARK = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A sound plugin's folder that leaves a mark when it is run."""
    folder = tmp_path / "mein plügin 🦊"
    (folder / "icl_mine").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "icl_mine" / "__init__.py").write_text(MARK, encoding="utf-8")
    (folder / "icl_mine" / "plugin.py").write_text(MARK + GOOD, encoding="utf-8")
    return folder


def errors(report: CheckReport) -> str:
    return "\n".join(f"{f.where}: {f.what} {f.fix}" for f in report.findings if f.level == "error")


def test_a_sound_plugin_is_accepted_and_nothing_of_it_ran(plugin: Path):
    report = check_plugin(plugin)
    assert report.accepted
    assert report.findings == ()
    assert (report.name, report.version) == ("icl-mine", "1.0")
    assert report.entry_points == {"mine": "icl_mine.plugin"}
    assert report.loaded is None
    assert not list(plugin.rglob("ran"))


def test_with_run_it_is_loaded_in_a_process_of_its_own(plugin: Path):
    report = check_plugin(plugin, run=True)
    assert report.accepted, errors(report)
    [loaded] = report.loaded
    assert loaded.provides == ("task good-task",)
    assert loaded.distribution == "icl-mine"
    assert list(plugin.rglob("ran"))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os; os._exit(9)", "ended the interpreter (code 9)"),
        ("raise ValueError('no luck')", "no luck"),
        (GOOD.replace("good-task", "font-design"), "icl-tasks"),
        ("import sys; sys.modules['torch'] = sys\n" + GOOD, "loads torch"),
        ("print('{\"plugins\": []}')\n" + GOOD, ""),
    ],
)
def test_what_shows_only_when_it_runs_is_found_with_run(plugin: Path, source: str, said: str):
    (plugin / "icl_mine" / "plugin.py").write_text(source + "\nICL_STUDIO_API = 1\n", "utf-8")
    report = check_plugin(plugin, run=True)
    assert said in errors(report)
    assert report.accepted == (said == "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("icl_studio]\nmine", "other]\nmine"), "no entry point of the group icl_studio"),
        (('"icl_mine.plugin"', '"icl_mine.plugins"'), "'icl_mine.plugins', which is not in"),
        (('name = "icl-mine"\n', ""), "gives no name"),
        (("[project]", "[tool.hatch.build.hooks.custom]\n[project]"), "tool.hatch.build.hooks"),
        (("hatchling.build", "my_backend"), "build-backend my_backend"),
        (('"hatchling.build"', '"hatchling.build"\nbackend-path = ["."]'), "build-backend"),
        (
            ("[project]", '[tool.setuptools.cmdclass]\nx = "y"\n[project]'),
            "tool.setuptools.cmdclass",
        ),
    ],
)
def test_a_wrong_declaration_is_named(plugin: Path, change: tuple[str, str], said: str):
    text = PYPROJECT.replace(*change)
    assert text != PYPROJECT
    (plugin / "pyproject.toml").write_text(text, encoding="utf-8")
    assert said in errors(check_plugin(plugin))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (GOOD.replace("ICL_STUDIO_API = 1", ""), "ICL_STUDIO_API is missing"),
        (GOOD.replace("API = 1", "API = 9"), "ICL_STUDIO_API is 9"),
        (GOOD.replace("API = 1", "API = int(1)"), "not a plain number"),
        (GOOD.replace("studio_tasks", "studio_task"), "Did you mean icl_studio_tasks?"),
        (GOOD.replace("@hookimpl", ""), "lacks @hookimpl"),
        (GOOD.replace("def icl", "async def icl"), "asynchronous"),
        ("ICL_STUDIO_API = 1", "implements no hook"),
        ("def broken(:", "plugin.py:1: cannot be parsed"),
        ("import torch\n" + GOOD, "imports torch"),
        ("if True:\n    from diffusers import FluxPipeline\n" + GOOD, "imports diffusers"),
    ],
)
def test_a_wrong_module_is_named_by_line_without_being_run(plugin: Path, source: str, said: str):
    (plugin / "icl_mine" / "plugin.py").write_text(source, encoding="utf-8")
    report = check_plugin(plugin)
    assert said in errors(report)
    assert not report.accepted


@pytest.fixture
def object_plugin(plugin: Path) -> Path:
    """A plugin whose entry point names an object of its module."""
    text = PYPROJECT.replace("icl_mine.plugin", "icl_mine.plugin:thing")
    (plugin / "pyproject.toml").write_text(text, encoding="utf-8")
    return plugin


def test_an_entry_point_that_names_an_object_is_warned_of(object_plugin: Path):
    report = check_plugin(object_plugin)
    assert report.accepted
    [finding] = report.findings
    assert finding.level == "warning"
    assert "'thing'" in finding.what
    assert "icl_mine.plugin" in finding.fix and "--run" in finding.fix


@pytest.mark.parametrize(
    ("source", "said"),
    [("import torch\n", "imports torch"), ("def broken(:", "plugin.py:1: cannot be parsed")],
)
def test_the_module_of_such_an_object_is_read_all_the_same(
    object_plugin: Path, source: str, said: str
):
    (object_plugin / "icl_mine" / "plugin.py").write_text(source, encoding="utf-8")
    assert said in errors(check_plugin(object_plugin))


def test_heavy_imports_inside_a_function_are_fine(plugin: Path):
    with (plugin / "icl_mine" / "plugin.py").open("a", encoding="utf-8") as stream:
        stream.write("\ndef later():\n    import torch\n    return torch\n")
    assert check_plugin(plugin).accepted


def test_more_than_the_public_api_is_warned_of(plugin: Path):
    with (plugin / "icl_mine" / "plugin.py").open("a", encoding="utf-8") as stream:
        stream.write("\nfrom icl_studio.domain.layout import Layout as L\n")
    report = check_plugin(plugin)
    assert report.accepted
    assert "icl_studio.domain.layout" in report.findings[0].what


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("setup.py", b"", "runs code during installation"),
        ("icl_mine/weights.pt", b"", "may hold a pickle"),
        ("icl_mine/weights.PKL", b"", "may hold a pickle"),
        ("icl_mine/start.pth", b"", "hidden code"),
        ("icl_mine/a.safetensors", b"\x80\x04\x95 a pickle in disguise", "no safetensors file"),
        ("icl_mine/a.safetensors", b"", "no safetensors file"),
    ],
)
def test_a_forbidden_file_is_named(plugin: Path, name: str, data: bytes, said: str):
    (plugin / name).write_bytes(data)
    text = errors(check_plugin(plugin))
    assert said in text
    assert name in text


def test_a_real_safetensors_file_is_fine(plugin: Path):
    (plugin / "icl_mine" / "a.safetensors").write_bytes(b"\x02" + bytes(7) + b"{}")
    assert check_plugin(plugin).accepted


def wheel(path: Path, *, entry: str = "mine = icl_mine.plugin", **more: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("icl_mine/__init__.py", "")
        archive.writestr("icl_mine/plugin.py", GOOD)
        archive.writestr(
            "icl_mine-1.0.dist-info/METADATA",
            "Metadata-Version: 2.4\nName: icl-mine\nVersion: 1.0\nRequires-Dist: icl-studio>=0.1\n",
        )
        archive.writestr("icl_mine-1.0.dist-info/entry_points.txt", f"[icl_studio]\n{entry}\n")
        for name, text in more.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("run", [False, True])
def test_a_sound_wheel_is_accepted(tmp_path: Path, run: bool):
    report = check_plugin(wheel(tmp_path / "icl_mine-1.0-py3-none-any.whl"), run=run)
    assert report.accepted, errors(report)
    assert report.findings == ()
    if run:
        assert report.loaded[0].provides == ("task good-task",)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"../evil.py": ""}, "written outside its folder"),
        ({"/etc/evil": ""}, "written outside its folder"),
        ({"evil.pth": "import os"}, "hidden code"),
        ({"entry": "mine = no.such"}, "not in the package"),
    ],
)
def test_a_wrong_wheel_is_named(tmp_path: Path, more: dict, said: str):
    assert said in errors(check_plugin(wheel(tmp_path / "a.whl", **more)))


@pytest.mark.parametrize("text", [b"", b"PK\x03\x04 torn", b"not a zip"])
def test_a_torn_wheel_is_refused(tmp_path: Path, text: bytes):
    (tmp_path / "a.whl").write_bytes(text)
    with pytest.raises(PluginProblem, match="not a sound wheel"):
        check_plugin(tmp_path / "a.whl")


@pytest.mark.parametrize("name", ["icl_mine/plugin.py", "icl_mine/a.safetensors"])
def test_a_broken_link_in_a_plugin_is_said(plugin: Path, name: str):
    (plugin / name).unlink(missing_ok=True)
    try:
        (plugin / name).symlink_to(plugin / "gone")
    except OSError:
        pytest.skip("this system does not let us make links")
    with pytest.raises(PluginProblem, match=f"{Path(name).name}.*cannot be read"):
        check_plugin(plugin)


@pytest.mark.parametrize("run", [False, True])
@pytest.mark.parametrize(
    "member", ["icl_mine/plugin.py", "icl_mine/__init__.py", "icl_mine-1.0.dist-info/METADATA"]
)
def test_an_encrypted_member_of_a_wheel_is_said(tmp_path: Path, member: str, run: bool):
    path = wheel(tmp_path / "a.whl")
    data = bytearray(path.read_bytes())
    name = member.encode()
    # The flag of encryption, in the local header (30 bytes before) and in the directory (46).
    first, second = data.index(name), data.rindex(name)
    data[first - 30 + 6] |= 1
    data[second - 46 + 8] |= 1
    path.write_bytes(data)
    if member.endswith("__init__.py") and not run:
        assert check_plugin(path).accepted  # nothing in it needs to be read
        return
    with pytest.raises(PluginProblem, match="encrypted"):
        check_plugin(path, run=run)


def test_what_is_no_plugin_at_all_is_refused(tmp_path: Path):
    with pytest.raises(PluginProblem, match=r"no pyproject\.toml"):
        check_plugin(tmp_path)
    with pytest.raises(PluginProblem, match="nothing at"):
        check_plugin(tmp_path / "none")
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    with pytest.raises(PluginProblem, match="neither"):
        check_plugin(tmp_path / "a.txt")
    (tmp_path / "pyproject.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(PluginProblem, match="cannot be read"):
        check_plugin(tmp_path)


def test_the_example_is_accepted_without_a_finding(tmp_path: Path):
    copy = shutil.copytree(template_folder(), tmp_path / "example")
    report = check_plugin(copy, run=True)
    assert report.findings == ()
    assert report.loaded[0].provides == ("task comic-strip",)
