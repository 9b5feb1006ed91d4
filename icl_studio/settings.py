"""The user's settings: one frozen record, one JSON file.

A setting that this version does not know (a newer version's, or a slip of the pen) is
named, kept in the file and ignored. Requests refuse unknown keys; settings do not, because
a file shared by two versions must not stop either.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from .domain.problems import Frozen, Problem
from .domain.request import problems_of
from .errors import StorageProblem, UserError
from .paths import UserFolders, expanded
from .sets import files
from .sets.locks import locked
from .sets.naming import DEFAULT_SET_NAME


class Settings(Frozen):
    """What a user has chosen once and for all; every field has a default.

    ``device``, ``dtype`` and ``memory`` None let the engine choose; ``sets_folder`` None is the
    user's own sets folder; ``set_name`` is a naming template (docs/sets.md);
    ``disabled_plugins`` holds names of entry points and of task files.
    """

    model: str = Field(default="tiny", min_length=1)
    engine: str = Field(default="auto", min_length=1)
    device: str | None = None
    dtype: str | None = None
    memory: Literal["resident", "phases", "layers"] | None = None
    sets_folder: Path | None = None
    set_name: str = Field(default=DEFAULT_SET_NAME, min_length=1)
    disabled_plugins: tuple[str, ...] = ()


def load_settings(folders: UserFolders) -> tuple[Settings, list[Problem]]:
    """The settings on disk (defaults where there is no file) and what was ignored in them.

    Raises :class:`UserError` naming file and line for broken JSON, file and key for a value
    of the wrong kind, and :class:`StorageProblem` for a file that cannot be read.
    """
    file = folders.settings_file
    data = _read(file)
    return _settings(file, data), _unknown(data)


def sets_root(settings: Settings, folders: UserFolders) -> Path:
    """The folder of all sets; a relative one in the settings is relative to their own folder."""
    if settings.sets_folder is None:
        return folders.sets
    return folders.config / expanded(settings.sets_folder)


def save_setting(folders: UserFolders, key: str, value: Any) -> Settings:
    """Set one setting (None goes back to its default) and return all of them.

    Of two who save at once, one waits for the other. The file is replaced in one step; keys
    unknown to this version stay in it. Raises
    :class:`UserError` for an unknown key or an unsuitable value, and
    :class:`StorageProblem`; the file is then as it was.
    """
    if key not in Settings.model_fields:
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        raise UserError(
            f"There is no setting {key!r}.",
            fix=f"Did you mean {near[0]!r}?"
            if near
            else f"Known settings: {', '.join(Settings.model_fields)}.",
        )
    file = folders.settings_file
    with files.storage("saving a setting", file):
        files.make_folders(file.parent)
        with locked(file.parent, file.name):
            data = _read(file)
            data.pop(key, None)
            if value is not None:
                data[key] = json.loads(json.dumps(value, default=str))
            settings = _settings(file, data)
            write_json(file, data)
    return settings


def write_json(file: Path, data: Any) -> None:
    """Replace ``file`` by ``data`` in one step: whole or not at all, even on a crash.

    Raises :class:`StorageProblem` when the folder cannot be written or the disk is full.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    with files.storage("writing", file):
        files.make_folders(file.parent)
        files.replace_text(file, text)


def _read(file: Path) -> dict[str, Any]:
    """The JSON object in ``file``; empty when there is no such file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise UserError(
            f"The settings in {file} are not UTF-8 text (byte {error.start}).",
            fix="Save the file as UTF-8, or rename it to start with fresh settings.",
        ) from error
    except OSError as error:
        raise StorageProblem(
            f"The settings in {file} cannot be read: {error.strerror or error}.",
            fix="Make the file readable, or rename it to start with fresh settings.",
        ) from error
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"The settings in {file} are not valid JSON: line {error.lineno}, "
            f"column {error.colno}: {error.msg}.",
            fix="Mend that line, or rename the file to start with fresh settings.",
        ) from error
    if not isinstance(data, dict):
        raise UserError(
            f'The settings in {file} are not a JSON object like {{"model": "tiny"}}.',
            fix="Put the settings in curly braces, or rename the file to start afresh.",
        )
    return data


def _settings(file: Path, data: dict[str, Any]) -> Settings:
    known = {key: value for key, value in data.items() if key in Settings.model_fields}
    try:
        return Settings.model_validate(known)
    except ValidationError as error:
        raise UserError(
            f"The settings in {file} cannot be used.",
            problems=problems_of(error),
            fix="Correct these settings, or remove them for their defaults.",
        ) from error


def _unknown(data: dict[str, Any]) -> list[Problem]:
    found = []
    for key in sorted(data.keys() - Settings.model_fields.keys()):
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "Remove it if no other version needs it."
        found.append(Problem(where=key, what="is unknown to this version and ignored.", fix=fix))
    return found
