"""Disabled plugins, safe mode, and what happens after a plugin took the program down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from plugin_sources import GOOD, info

from icl_studio.cli.main import main
from icl_studio.paths import user_folders
from icl_studio.plugins import guard
from icl_studio.plugins.guard import LoadGuard
from icl_studio.plugins.registry import gather
from icl_studio.settings import save_setting

LOUD = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n" + GOOD
LOAD = """
from icl_studio.cli.main import main
from icl_studio.paths import user_folders
from icl_studio.plugins import load_registry
from icl_studio.settings import Settings
registry = load_registry(user_folders(), Settings())
print(*[f"{p.name}={p.state}" for p in registry.plugins])
"""


def start(site: Path, program: str = LOAD) -> subprocess.Popen[str]:
    """Another start of the program, with the same user folders and plugins."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL, text=True
    )


def test_a_disabled_plugin_is_listed_but_not_imported(install, registry):
    file = install("loud", LOUD)
    save_setting(user_folders(), "disabled_plugins", ["loud"])
    found = registry()
    assert info(found, "loud").state == "disabled"
    assert "plugins enable loud" in info(found, "loud").fix
    assert not file.with_suffix(".ran").exists()
    assert "good-task" not in found.tasks


def test_safe_mode_imports_only_our_own(install, registry):
    file = install("loud", LOUD)
    found = registry(safe_mode=True)
    assert info(found, "loud").state == "disabled"
    assert "safe mode" in info(found, "loud").error
    assert not file.with_suffix(".ran").exists()
    assert len(found.tasks) == 10
    assert "tiny" in found.models


@pytest.mark.parametrize("place", ["import", "hook"])
def test_a_plugin_that_kills_the_program_is_left_out_at_the_next_start(
    place, install, registry, site, capsys
):
    kill = "import os; os._exit(7)"
    source = f"{kill}\n{GOOD}" if place == "import" else GOOD.replace("return", f"{kill}; return")
    file = install("killer", source)
    install("good-one", GOOD)
    first = start(site)
    assert first.wait(60) == 7
    found = registry()
    killer = info(found, "killer")
    assert killer.state == "broken"
    assert "ended while this plugin was being loaded" in killer.error
    assert "plugins enable killer" in killer.fix
    assert "--safe-mode" in killer.fix
    assert info(found, "good-one").state == "ok"
    assert any("killer" in problem.where for problem in found.problems)
    # Every command says so, not only the list.
    assert main(["tasks", "--json"]) == 0
    assert "--safe-mode" in capsys.readouterr().err
    # It stays out until the user says otherwise.
    assert info(registry(), "killer").state == "broken"
    file.write_text(GOOD.replace("good-task", "mended-task"), encoding="utf-8")
    assert LoadGuard(user_folders().cache).trust("killer")
    found = registry()
    assert info(found, "killer").state == "ok"
    assert "mended-task" in found.tasks


def test_a_new_version_of_a_suspect_gets_a_new_trial(install, registry, site):
    install("killer", "import os; os._exit(7)")
    start(site).wait(60)
    assert info(registry(), "killer").state == "broken"
    [old] = site.glob("plugin_killer-*.dist-info")
    metadata = old / "METADATA"
    metadata.write_text(metadata.read_text(encoding="utf-8").replace("1.0", "1.1"), "utf-8")
    old.rename(old.with_name("plugin_killer-1.1.dist-info"))
    (site / "plugin_killer.py").write_text(GOOD + "# mended", encoding="utf-8")
    assert info(registry(), "killer").state == "ok"


def test_a_program_that_is_loading_right_now_accuses_nobody(install, registry, site):
    file = install(
        "slow",
        f"import time\nif {os.getpid()} != __import__('os').getpid():\n"
        f"    open(__file__ + '.started', 'w').close()\n    time.sleep(60)\n{GOOD}",
    )
    other = start(site)
    try:
        for _ in range(600):
            if Path(f"{file}.started").exists():
                break
            time.sleep(0.05)
        assert info(registry(), "slow").state == "ok"
    finally:
        other.kill()
        other.wait(10)
    # Killed while it was loading: that is what a crash looks like.
    assert info(registry(), "slow").state == "broken"


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_while_loading_accuses_nobody(install, registry, site):
    file = install(
        "slow",
        f"import time\nif {os.getpid()} != __import__('os').getpid():\n"
        f"    open(__file__ + '.started', 'w').close()\n    time.sleep(60)\n{GOOD}",
    )
    other = start(site)
    for _ in range(600):
        if Path(f"{file}.started").exists():
            break
        time.sleep(0.05)
    other.send_signal(signal.SIGINT)
    assert other.wait(20) != 0
    assert info(registry(), "slow").state == "ok"


def test_a_plugin_that_raises_is_broken_but_no_suspect(install, registry):
    install("bad", "raise ValueError")
    registry()
    assert "raised ValueError" in info(registry(), "bad").error


def test_a_cache_that_cannot_be_written_stops_no_plugin(install, registry, home):
    install("good")
    home.mkdir()
    (home / "cache").write_text("a file where the folder should be", encoding="utf-8")
    assert info(registry(), "good").state == "ok"


@pytest.mark.parametrize("text", ["", "not json", "[1]", json.dumps({"name": 5}), "\x00"])
def test_a_leftover_that_says_nothing_accuses_nobody(text, install, registry, home):
    install("good")
    folder = home / "cache" / "plugins"
    folder.mkdir(parents=True)
    (folder / "loading-1-a.json").write_text(text, encoding="utf-8")
    (folder / "suspects.json").write_text(text, encoding="utf-8")
    assert info(registry(), "good").state == "ok"
    assert not list(folder.glob("loading-*"))


@pytest.mark.parametrize("failure", [None, OSError("the disk is full")], ids=["no locks", "full"])
def test_on_a_disk_that_cannot_guard_no_marker_is_left(
    failure: OSError | None, install, registry, home, monkeypatch
):
    def lock(stream: object) -> bool:
        if failure:
            raise failure
        return False

    monkeypatch.setattr(guard, "_lock", lock)
    install("good")
    assert info(registry(), "good").state == "ok"
    assert list((home / "cache" / "plugins").iterdir()) == []


def test_a_foreign_plugin_under_one_of_our_names_is_guarded_all_the_same(install, registry, home):
    count = f"__import__('glob').glob({str(home / 'cache' / 'plugins' / 'loading-*')!r})"
    note = f"__import__('pathlib').Path(__file__ + '.seen').write_text(str(len({count})))"
    file = install("other", GOOD.replace("return [", f"{note}; return ["), entry_point="icl-tiny")
    [point] = [p for p in entry_points(group="icl_studio") if p.dist.name == "other-dist"]
    found = gather([point], guard=LoadGuard(home / "cache"))
    assert not info(found, "icl-tiny").own
    assert Path(f"{file}.seen").read_text(encoding="utf-8") == "1"
    assert info(registry(), "icl-tasks").own
