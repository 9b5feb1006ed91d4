"""Which engines of the store nobody needs any more, and the remains of builds that were killed.

An engine is called stale by what can be seen without loading anything heavy: the releases that are
installed, the numbers of our own formats, and the model's weight files as they lie there now. What
only the engine's own package can tell (how it names its graph) is looked at when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from .disk import lock, remove_tree, sha256_of
from .folder import BUILDING, EngineStore, StoredEngine, outward_damage
from .stale import Difference, same_release

OURS = frozenset({"export", "build"})
"""Numbers of our own formats among an engine's versions; packages have such names too."""
FolderOf = Callable[[str], Path | None]
"""The folder of the model with this id; None where it is not on this machine."""
Formats = Mapping[str, str]
"""Our own formats by name, as ``EngineSpec.formats`` tells them."""


class Superfluous(NamedTuple):
    """Something that may go: ``name`` of the engine (or of what lies there), and why."""

    name: str
    bytes: int
    why: str


def stale_fields(
    engine: StoredEngine, model: Path | None, formats: Formats
) -> tuple[Difference, ...]:
    """In what ``engine`` differs from what is installed and from the weights in ``model``.

    ``formats`` are those that its kind writes today. A package that is not installed is no
    difference, nor is a format that nobody tells: engines are built for other machines too.
    """
    manifest = engine.manifest
    found = []
    for name, has in manifest.structure.versions.items():
        try:
            wants = formats.get(name, has) if name in OURS else version(name.replace("_", "-"))
        except PackageNotFoundError:
            continue
        if not same_release(has, wants):
            found.append(Difference(field=f"versions.{name}", has=has, wants=wants))
    for name, stamp in manifest.stamps.items() if model is not None else ():
        assert model is not None
        path = model / name
        if not path.is_file():
            found.append(Difference(field=f"weights.{name}", has="a file", wants="none"))
            continue
        stat = path.stat()
        if (stat.st_size, stat.st_mtime_ns) == (stamp.bytes, stamp.mtime_ns):
            continue
        now = sha256_of(path) if stat.st_size == stamp.bytes else "another size"
        if now != manifest.weights.files.get(name):
            has = manifest.weights.files.get(name, "none")[:12]
            found.append(Difference(field=f"weights.{name}", has=has, wants=now[:12]))
    return tuple(found)


def superfluous(
    store: EngineStore,
    folder_of: FolderOf,
    most_bytes: int | None = None,
    formats: Mapping[str, Formats] | None = None,
) -> list[Superfluous]:
    """What of ``store`` may go, each with its reason; nothing is changed.

    ``formats`` by the kind of engine.

    Damaged and stale engines, those that a newer one of the same purpose has replaced, the
    remains of killed builds, and then, oldest first, what is over ``most_bytes``.
    """
    engines, problems = store.scan()
    found = [
        Superfluous(problem.where, _size(store.root / problem.where), problem.what)
        for problem in problems
    ]
    folders = {model: folder_of(model) for model in {one.manifest.model for one in engines}}
    sound = []
    for engine in engines:
        known = (formats or {}).get(engine.manifest.structure.engine, {})
        damage = outward_damage(engine)
        differing = stale_fields(engine, folders[engine.manifest.model], known)
        if damage:
            why = f"damaged: {damage[0].where} {damage[0].what}"
            found.append(Superfluous(engine.name, engine.bytes, why))
        elif differing:
            found.append(Superfluous(engine.name, engine.bytes, f"stale: {differing[0]}"))
        else:
            sound.append(engine)
    kept: list[StoredEngine] = []
    for engine in sorted(sound, key=lambda one: one.manifest.built.created, reverse=True):
        newer = next((one for one in kept if _serves_as(one, engine)), None)
        if newer is None:
            kept.append(engine)
        else:
            found.append(Superfluous(engine.name, engine.bytes, f"replaced by {newer.name}"))
    found += [Superfluous(path.name, _size(path), "left by a build") for path in remains(store)]
    return found + list(_over(kept, most_bytes))


def remains(store: EngineStore) -> list[Path]:
    """Folders of builds that ended without an engine; one that is being built is not among them."""
    if not store.root.is_dir():
        return []
    found = []
    for folder in sorted(store.root.glob(f"{BUILDING}*/")):
        key = folder.name[-12:]
        with lock(store.root / f"{BUILDING}{key}.lock") as ours:
            if ours:
                found.append(folder)
    return found


def remove(store: EngineStore, found: Sequence[Superfluous]) -> None:
    """Remove what :func:`superfluous` found. Raises ``StorageProblem`` and ``NotFound``."""
    for one in found:
        if one.name.startswith(BUILDING):
            with lock(store.root / f"{BUILDING}{one.name[-12:]}.lock") as ours:
                if ours:  # else a build of it began in between
                    remove_tree(store.root / one.name)
        else:
            store.remove(one.name)


def _serves_as(newer: StoredEngine, older: StoredEngine) -> bool:
    """Whether ``newer`` takes everything that ``older`` does, made of the same weights."""
    new, old = newer.manifest.structure, older.manifest.structure
    same = ("engine", "graph", "dtype", "quantisation", "system", "components")
    ranges = (
        (new.profile.batch, old.profile.batch),
        (new.profile.image_tokens, old.profile.image_tokens),
        (new.profile.text_tokens, old.profile.text_tokens),
    )
    return (
        newer.manifest.model == older.manifest.model
        and newer.manifest.weights == older.manifest.weights
        and all(getattr(new, name) == getattr(old, name) for name in same)
        and set(new.targets) >= set(old.targets)
        and bool(new.targets) == bool(old.targets)
        and new.adapters.targets == old.adapters.targets
        and new.adapters.max_rank >= old.adapters.max_rank
        and all(mine[0] <= its[0] and its[1] <= mine[1] for mine, its in ranges)
    )


def _over(kept: Sequence[StoredEngine], most: int | None) -> list[Superfluous]:
    """The oldest of ``kept`` (newest first) beyond ``most`` bytes."""
    found, total = [], 0
    for engine in kept:
        total += engine.bytes
        if most is not None and total > most:
            why = f"the newer ones and this are more than {most / 1e9:g} GB"
            found.append(Superfluous(engine.name, engine.bytes, why))
    return found


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
