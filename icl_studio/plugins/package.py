"""A plugin's distribution as files, a folder or a wheel, read without running any of it."""

from __future__ import annotations

import configparser
import os
import re
import tomllib
import zipfile
import zlib
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

from ..domain.problems import Frozen
from ..errors import PluginProblem
from ..hookspecs import ENTRY_POINT_GROUP

_SKIPPED = {".git", ".hg", ".tox", ".venv", "venv", "node_modules", "__pycache__", "dist", "build"}
MAX_FILES = 20_000
MAX_READ = 2_000_000
UNREADABLE = (OSError, zipfile.BadZipFile, RuntimeError, zlib.error, EOFError)
"""What reading a broken link or a damaged, encrypted or oddly packed zip member raises."""
_ROOTS = ("", "src/", "lib/", "python/")


class Package(Frozen):
    """What a distribution declares, and every file in it by posix path.

    ``pyproject`` is empty for a wheel. ``root`` is the folder, or the wheel file.
    """

    root: Path
    wheel: bool
    files: tuple[str, ...]
    name: str = ""
    version: str = ""
    requires: tuple[str, ...] = ()
    entry_points: Mapping[str, str] = {}
    pyproject: Mapping[str, Any] = {}

    def read(self, file: str, limit: int = MAX_READ) -> bytes:
        """At most ``limit`` bytes of one file; raises :class:`PluginProblem` naming it."""
        try:
            if self.wheel:
                with zipfile.ZipFile(self.root) as archive, archive.open(file) as stream:
                    return stream.read(limit)
            with (self.root / file).open("rb") as stream:
                return stream.read(limit)
        except UNREADABLE as error:
            raise PluginProblem(
                f"{file} in {self.root} cannot be read: {error}.",
                fix="Remove that file from the plugin, or put a readable one in its place.",
            ) from error

    def unpack(self, folder: Path) -> None:
        """Put a wheel's files into ``folder``; raises :class:`PluginProblem`."""
        try:
            with zipfile.ZipFile(self.root) as archive:
                archive.extractall(folder)  # zipfile keeps names inside the folder
        except UNREADABLE as error:
            raise PluginProblem(
                f"{self.root} cannot be unpacked: {error}.", fix="Build or download it again."
            ) from error

    def module_file(self, module: str) -> str | None:
        """The file of a dotted module name, None where it is not in this package."""
        path = module.replace(".", "/")
        for root in _ROOTS:
            for tail in (".py", "/__init__.py"):
                if f"{root}{path}{tail}" in self.files:
                    return f"{root}{path}{tail}"
        return None

    def import_root(self, module: str) -> str | None:
        """The folder that must be on ``sys.path`` to import ``module``, "" for the top."""
        file = self.module_file(module)
        if file is None:
            return None
        return next(root for root in _ROOTS if file.startswith(root + module.split(".")[0])) or ""


def open_package(path: Path) -> Package:
    """Read what ``path`` (a folder with pyproject.toml, or a .whl) declares and holds.

    Raises :class:`PluginProblem` for what is neither, or is damaged. Runs nothing.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == ".whl" and path.is_file():
        return _wheel(path)
    if not path.exists():
        raise PluginProblem(f"There is nothing at {path}.", fix="Name a plugin's folder or wheel.")
    raise PluginProblem(
        f"{path} is neither a plugin's folder nor a wheel.",
        fix="Name the folder with pyproject.toml in it, or the .whl file that `python -m build` "
        "makes.",
    )


def requirement_name(text: str) -> str:
    """The normalized distribution name in a requirement: ``ICL_Studio>=1`` is ``icl-studio``."""
    found = re.match(r"\s*([A-Za-z0-9._-]+)", text)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def _folder(path: Path) -> Package:
    file = path / "pyproject.toml"
    try:
        pyproject = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PluginProblem(
            f"{path} has no pyproject.toml.",
            fix="Name a distribution's folder; `icl-studio plugins new NAME` writes one.",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PluginProblem(f"{file} cannot be read: {error}.", fix="Correct that file.") from error
    project = _table(pyproject.get("project"))
    groups = _table(project.get("entry-points"))
    requires = project.get("dependencies")
    return Package(
        root=path,
        wheel=False,
        files=_files(path),
        name=str(project.get("name", "")),
        version=str(project.get("version", "")),
        requires=tuple(map(str, requires)) if isinstance(requires, list) else (),
        entry_points={k: str(v) for k, v in _table(groups.get(ENTRY_POINT_GROUP)).items()},
        pyproject=pyproject,
    )


def _files(path: Path) -> tuple[str, ...]:
    found: list[str] = []
    # Links are listed but not followed: they may lead out of the folder, or in a circle.
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(d for d in folders if d not in _SKIPPED and not d.endswith(".egg-info"))
        found += [(Path(folder) / name).relative_to(path).as_posix() for name in sorted(names)]
        if len(found) > MAX_FILES:
            raise PluginProblem(
                f"{path} holds more than {MAX_FILES} files.", fix="Name the plugin's own folder."
            )
    return tuple(found)


def _wheel(path: Path) -> Package:
    try:
        with zipfile.ZipFile(path) as archive:
            files = tuple(name for name in archive.namelist() if not name.endswith("/"))
            info = _dist_info(files)
            metadata = HeaderParser().parsestr(
                archive.read(f"{info}/METADATA").decode("utf-8", "replace")
            )
            declared = f"{info}/entry_points.txt"
            text = archive.read(declared).decode("utf-8", "replace") if declared in files else ""
    except (*UNREADABLE, KeyError, ValueError) as error:
        raise PluginProblem(
            f"{path} is not a sound wheel: {error}.", fix="Build or download it again."
        ) from error
    return Package(
        root=path,
        wheel=True,
        files=files,
        name=str(metadata.get("Name", "")),
        version=str(metadata.get("Version", "")),
        requires=tuple(map(str, metadata.get_all("Requires-Dist") or ())),
        entry_points=_entry_points(path, text),
    )


def _dist_info(files: tuple[str, ...]) -> str:
    folders = {PurePosixPath(name).parts[0] for name in files if "/" in name}
    infos = [folder for folder in folders if folder.endswith(".dist-info")]
    if len(infos) != 1:
        raise ValueError(f"it has {len(infos)} .dist-info folders")
    return infos[0]


def _entry_points(path: Path, text: str) -> dict[str, str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise PluginProblem(
            f"{path}: entry_points.txt cannot be read: {error}.", fix="Build the wheel again."
        ) from error
    return dict(parser[ENTRY_POINT_GROUP]) if parser.has_section(ENTRY_POINT_GROUP) else {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
