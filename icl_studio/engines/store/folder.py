"""The store's folder: one folder an engine, named by its key, there completely or not at all.

::

    engines/
      onnx-tiny-float32-1f2e3d4c5b6a/   engine.json and the engine's files
      .building-<key>/                  being put together; a dead one is swept by the next build
      .building-<key>.lock              held by the process that builds this key
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from ...domain.problems import Problem
from ...errors import NotFound, StorageProblem, UserError
from .disk import lock, remove_tree, rename, settle, sha256_of, storage
from .key import engine_key, is_sealed, sealed
from .manifest import SCHEMA, Built, EngineFile, Manifest, ParityCase, Stamp, Structure, Weights
from .stale import Wanted, differences

MANIFEST = "engine.json"
BUILDING = ".building-"


class StoredEngine(NamedTuple):
    """An engine of the store; ``name`` is its folder's."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.manifest.files)


class EngineStore:
    """All compiled engines under ``root``, which need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def scan(self) -> tuple[list[StoredEngine], list[Problem]]:
        """Every sound engine, by name, and what is wrong with the others."""
        found, problems = [], []
        if not self.root.is_dir():
            return [], []
        with storage("listing the engines", self.root):
            folders = sorted(path for path in self.root.iterdir() if path.is_dir())
        for folder in folders:
            if folder.name.startswith("."):
                continue
            try:
                found.append(StoredEngine(folder, _read(folder)))
            except UserError as error:
                problems.append(Problem(where=folder.name, what=error.message, fix=error.fix))
        return found, problems

    def get(self, name: str) -> StoredEngine:
        """The engine called ``name``, in full or as far as it is unique; raises ``NotFound``."""
        if (self.root / name / MANIFEST).is_file() and Path(name).name == name:
            return StoredEngine(self.root / name, _read(self.root / name))
        engines, _ = self.scan()
        matches = [engine for engine in engines if name and name in engine.name]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(engine.name for engine in matches)
            raise NotFound(f"{name!r} may be any of {names}.", fix="Give more of the name.")
        near = get_close_matches(name, [engine.name for engine in engines], n=1)
        raise NotFound(
            f"There is no engine {name!r}.",
            fix=f"Did you mean {near[0]}?" if near else "Run `icl-studio engines list`.",
        )

    def find(self, model: str, wanted: Wanted, command: str | None = None) -> StoredEngine:
        """The newest engine of ``model`` that is what is ``wanted``.

        Raises :class:`NotFound` with the fields that differ, of every engine of that kind and
        model, when none is; with what is wrong with those that cannot even be read; and with
        the ``command`` that makes one.
        """
        engines, broken = self.scan()
        kind = [
            engine
            for engine in engines
            if (engine.manifest.model, engine.manifest.structure.engine) == (model, wanted.engine)
        ]
        fitting = [engine for engine in kind if not differences(engine.manifest, wanted)]
        if fitting:
            return max(fitting, key=lambda engine: engine.manifest.built.created)
        command = command or f"icl-studio engines export --model {model}"
        prefix = name_prefix(wanted.engine, model)
        unreadable = [problem for problem in broken if problem.where.startswith(prefix)]
        if not kind and not unreadable:
            raise NotFound(f"There is no {wanted.engine} engine of {model}.", fix=f"Run: {command}")
        problems = [
            Problem(where=engine.name, what=f"{difference}.")
            for engine in kind
            for difference in differences(engine.manifest, wanted)
        ]
        raise NotFound(
            f"No {wanted.engine} engine of {model} can be used here:",
            fix=f"Make a fresh one: {command}",
            problems=[*problems, *unreadable],
        )

    def verify(self, engine: StoredEngine) -> None:
        """Hash every file of ``engine``; raises :class:`StorageProblem` naming those that differ.

        To be called before anything of it is deserialised.
        """
        wrong = outward_damage(engine)
        known = {problem.where for problem in wrong}
        for file in engine.manifest.files:
            path = engine.folder / file.path
            with storage("checking an engine", path):
                if file.path not in known and sha256_of(path) != file.sha256:
                    wrong.append(Problem(where=file.path, what="is not what was built."))
        if wrong:
            raise StorageProblem(
                f"The engine {engine.name} is damaged and was not loaded:",
                fix=f"Run `icl-studio engines remove {engine.name}` and export it again.",
                problems=wrong,
            )

    def record_parity(self, engine: StoredEngine, parity: tuple[ParityCase, ...]) -> StoredEngine:
        """Write ``parity``, measured later than the build, into the manifest, in one step.

        Raises :class:`StorageProblem`; then the manifest is as before.
        """
        manifest = sealed(_read(engine.folder).model_copy(update={"parity": parity}))
        path = engine.folder / MANIFEST
        fresh = path.with_name(f".{MANIFEST}.{os.getpid()}")
        with storage("recording an engine's parity", path):
            try:
                fresh.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
                settle(fresh)
                fresh.replace(path)
                settle(engine.folder)
            finally:
                fresh.unlink(missing_ok=True)
        return StoredEngine(engine.folder, manifest)

    def remove(self, name: str) -> str:
        """Remove the engine called ``name`` and return its full name.

        Part of a name is enough, as in :meth:`get`; a damaged engine goes by its full name.
        It is out of sight in one step, then gone from the disk. Raises ``NotFound``.
        """
        folder = self.root / name
        whole = Path(name).name == name and name[:1] not in ("", ".") and folder.is_dir()
        if not whole:
            folder = self.get(name).folder
        grave = self.root / f"{BUILDING}removed-{folder.name}"
        with storage("removing an engine", folder):
            remove_tree(grave)
            rename(folder, grave)
            remove_tree(grave)
        return folder.name

    @contextmanager
    def building(self, model: str, structure: Structure, weights: Weights) -> Iterator[Building]:
        """A folder to build an engine in; nothing stays of it unless it is committed.

        Raises :class:`StorageProblem` when another process builds the same engine right now.
        """
        key = engine_key(structure, weights)
        partial = self.root / f"{BUILDING}{key[:12]}"
        with storage("preparing to build an engine", self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            held = lock(partial.with_name(f"{partial.name}.lock"))
        with held as ours:
            if not ours:
                raise StorageProblem(
                    f"Another process is building this engine already ({key[:12]}).",
                    fix="Wait for it, then run the command again.",
                )
            try:
                with storage("preparing to build an engine", partial):
                    remove_tree(partial)  # ours by the lock, left by a process that died
                    partial.mkdir()
                yield Building(self.root, partial, model, structure, weights)
            finally:
                remove_tree(partial)


class Building:
    """An engine that is being built in ``folder``."""

    def __init__(
        self, root: Path, folder: Path, model: str, structure: Structure, weights: Weights
    ) -> None:
        self.folder = folder
        self._root = root
        self._model = model
        self._structure = structure
        self._weights = weights

    def commit(
        self,
        built: Built,
        parity: tuple[ParityCase, ...],
        stamps: Mapping[str, Stamp] | None = None,
    ) -> StoredEngine:
        """Hash what lies in the folder, write the manifest and rename it into place.

        An engine of the same key is replaced. Raises :class:`StorageProblem`; then the store
        is as before.
        """
        with storage("saving an engine", self.folder):
            manifest = sealed(
                Manifest(
                    model=self._model,
                    structure=self._structure,
                    weights=self._weights,
                    files=tuple(_files(self.folder)),
                    built=built,
                    parity=parity,
                    stamps=dict(stamps or {}),
                )
            )
            path = self.folder / MANIFEST
            path.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
            for written in (*self.folder.rglob("*"), self.folder):
                settle(written)
            target = self._root / _folder_name(manifest)
            old = self._root / f"{BUILDING}replaced-{target.name}"
            remove_tree(old)
            _replace(self.folder, target, old)
            remove_tree(old)
            settle(self._root)
        return StoredEngine(target, manifest)


def _files(folder: Path) -> Iterator[EngineFile]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield EngineFile(path=name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _replace(new: Path, target: Path, old: Path) -> None:
    """Move ``new`` to ``target``, and what stood there to ``old``; back again if that fails."""
    standing = target.exists()
    if standing:
        rename(target, old)
    try:
        rename(new, target)
    except OSError:
        if standing:
            rename(old, target)
        raise


def _folder_name(manifest: Manifest) -> str:
    """Engine, model, precision, and enough of the key: readable and unique."""
    key = engine_key(manifest.structure, manifest.weights)
    structure = manifest.structure
    return f"{name_prefix(structure.engine, manifest.model)}{structure.dtype}-{key[:12]}"


def outward_damage(engine: StoredEngine) -> list[Problem]:
    """Files of ``engine`` that are missing or of another size than was recorded.

    Quick enough to ask whenever an engine is chosen; only :meth:`EngineStore.verify` hashes.
    """
    wrong = []
    for file in engine.manifest.files:
        path = engine.folder / file.path
        with storage("checking an engine", path):
            if not path.is_file():
                wrong.append(Problem(where=file.path, what="is missing."))
            elif path.stat().st_size != file.bytes:
                what = f"has {path.stat().st_size} bytes, {file.bytes} were recorded."
                wrong.append(Problem(where=file.path, what=what))
    return wrong


def name_prefix(engine: str, model: str) -> str:
    """How the folders of engines of this kind and model begin, damaged ones too."""
    return f"{engine}-{_slug(model)}-"


def _slug(model: str) -> str:
    """A model's name as part of a folder's."""
    return (re.sub(r"[^\w.-]+", "-", model).strip("-.") or "model")[:40]


def _read(folder: Path) -> Manifest:
    """The manifest in ``folder``; raises :class:`StorageProblem` unless it is whole and ours."""
    path = folder / MANIFEST
    fix = f"Run `icl-studio engines remove {folder.name}` and export it again."
    with storage("reading an engine's manifest", path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise StorageProblem(f"{path} is damaged: {where}: {first['msg']}.", fix=fix) from error
    if manifest.schema_version > SCHEMA:
        raise StorageProblem(f"{path} was written by a newer ICL Studio.", fix="Update ICL Studio.")
    if manifest.schema_version < SCHEMA:
        raise StorageProblem(f"{path} was written by an older ICL Studio.", fix=fix)
    if not is_sealed(manifest):
        raise StorageProblem(f"{path} was changed after the engine was built.", fix=fix)
    return manifest
