"""Settings: what is unknown is kept and ignored, what is wrong is named, nothing is lost."""

from __future__ import annotations

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from icl_studio.errors import StorageProblem, UserError
from icl_studio.paths import user_folders
from icl_studio.sets import files
from icl_studio.sets.locks import locked
from icl_studio.settings import Settings, load_settings, save_setting


@pytest.fixture
def file(home: Path) -> Path:
    home.mkdir()
    return home / "settings.json"


def test_without_a_file_all_is_default():
    settings, problems = load_settings(user_folders())
    assert settings == Settings()
    assert (settings.model, settings.engine, problems) == ("tiny", "auto", [])


def test_a_setting_is_kept_and_none_goes_back_to_the_default(file: Path):
    save_setting(user_folders(), "model", "FLUX 🦊")
    assert load_settings(user_folders())[0].model == "FLUX 🦊"
    assert "🦊" in file.read_text(encoding="utf-8")
    save_setting(user_folders(), "model", None)
    assert load_settings(user_folders())[0].model == "tiny"
    assert json.loads(file.read_text(encoding="utf-8")) == {}


def test_a_path_is_kept_as_text(file: Path, tmp_path: Path):
    save_setting(user_folders(), "sets_folder", tmp_path / "Bilder ü")
    assert load_settings(user_folders())[0].sets_folder == tmp_path / "Bilder ü"


def test_an_unknown_key_is_named_ignored_and_kept(file: Path):
    file.write_text('{"modell": "x", "from_the_future": [1], "model": "a"}', encoding="utf-8")
    settings, problems = load_settings(user_folders())
    assert settings.model == "a"
    assert [problem.where for problem in problems] == ["from_the_future", "modell"]
    assert "model" in problems[1].fix
    save_setting(user_folders(), "engine", "torch")
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept == {"modell": "x", "from_the_future": [1], "model": "a", "engine": "torch"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{\n "model": "a",\n "engine" "b"\n}', "line 3, column 11"),
        (b"[]", "not a JSON object"),
        (b"\xff{}", "not UTF-8"),
        (b'{"model": 5}', "model: "),
        (b'{"disabled_plugins": "one"}', "disabled_plugins: "),
        (b'{"model": ""}', "model: "),
    ],
)
def test_a_wrong_file_is_named_and_left_as_it_is(text: bytes, said: str, file: Path):
    file.write_bytes(text)
    for use in (
        lambda: load_settings(user_folders()),
        lambda: save_setting(user_folders(), "engine", "torch"),
    ):
        with pytest.raises(UserError) as refused:
            use()
        assert str(file) in str(refused.value)
        assert said in str(refused.value)
        assert refused.value.fix
    assert file.read_bytes() == text


def test_an_unsuitable_value_changes_nothing(file: Path):
    save_setting(user_folders(), "model", "a")
    before = file.read_bytes()
    with pytest.raises(UserError, match="model"):
        save_setting(user_folders(), "model", "")
    with pytest.raises(UserError, match="Did you mean 'model'"):
        save_setting(user_folders(), "modl", "b")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="folder permissions do not bind root, nor work so on Windows",
)
def test_a_read_only_folder_is_said_so(file: Path):
    file.parent.chmod(0o500)
    try:
        with pytest.raises(StorageProblem, match="Access is not permitted"):
            save_setting(user_folders(), "model", "a")
    finally:
        file.parent.chmod(0o700)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path):
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(StorageProblem, match="A file is in the way"):
        save_setting(user_folders(), "model", "a")


def test_two_who_save_at_once_lose_nothing(file: Path):
    """The one who comes second reads the file only when the first has written it."""
    with ThreadPoolExecutor(1) as pool, locked(file.parent, file.name):
        other = pool.submit(save_setting, user_folders(), "engine", "torch")
        with pytest.raises(TimeoutError):
            other.result(timeout=0.3)
        file.write_text('{"model": "a"}', encoding="utf-8")
    saved = other.result(timeout=20)
    assert (saved.model, saved.engine) == ("a", "torch")
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes, and no links for everyone")
def test_a_linked_file_stays_a_link_and_keeps_its_mode(file: Path, tmp_path: Path):
    shared = tmp_path / "dotfiles" / "studio.json"
    shared.parent.mkdir()
    shared.write_text("{}", encoding="utf-8")
    shared.chmod(0o640)
    file.symlink_to(shared)
    save_setting(user_folders(), "model", "a")
    assert file.is_symlink()
    assert json.loads(shared.read_text(encoding="utf-8")) == {"model": "a"}
    assert shared.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in shared.parent.iterdir()] == ["studio.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")
def test_a_folder_that_cannot_be_synced_is_no_failure(file: Path, monkeypatch: pytest.MonkeyPatch):
    """The new file stands already: to call that a failure would be wrong."""

    def fails(folder: Path) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(files, "fsync_folder", fails)
    assert save_setting(user_folders(), "model", "a").model == "a"
