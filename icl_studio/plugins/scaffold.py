"""``plugins new``: the example distribution, copied with another name in it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from ..errors import PluginProblem, StorageProblem
from ..paths import resource
from .discovery import OWN_PLUGINS

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
MAX_NAME = 40
EXAMPLE = "comic-strip"
RESERVED = frozenset({"studio", "tasks", "engines", "tiny"})
"""``icl-<name>`` and ``icl_<name>`` of these are ours: installed, they would replace them."""
_SKIPPED = {"__pycache__", ".pytest_cache", "dist", "build"}


def template_folder() -> Path:
    """The example plugin: in a wheel among the resources, in a checkout under ``plugins``."""
    packed = resource("plugin-example")
    return packed if packed.is_dir() else Path(__file__).parents[2] / "plugins" / "example"


def new_plugin(name: str, parent: Path) -> Path:
    """Write a complete plugin called ``name`` into ``parent/icl-<name>`` and return that.

    Raises :class:`PluginProblem` for a name that cannot be an entry point, a module and a
    task id at once (with the nearest that can), for the names of our own packages, and
    where the folder exists;
    :class:`StorageProblem` where it cannot be written.
    """
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise PluginProblem(
            f"{name!r} cannot be a plugin's name: it takes small letters a-z, digits and single "
            f"hyphens, starts with a letter and has at most {MAX_NAME} characters.",
            fix=f"Use {nearest_name(name)!r}.",
        )
    if name in RESERVED or name in OWN_PLUGINS:
        raise PluginProblem(
            f"{name!r} is a name of ICL Studio's own; a plugin so called would replace a part "
            "of it when installed.",
            fix=f"Use {nearest_name(name)!r}.",
        )
    folder = parent / f"icl-{name}"
    if folder.exists():
        raise PluginProblem(f"{folder} already exists.", fix="Choose another name or --to folder.")
    source = template_folder()
    try:
        for file in sorted(source.rglob("*")):
            place = file.relative_to(source)
            if file.is_dir() or _SKIPPED.intersection(place.parts):
                continue
            target = folder / _renamed(place.as_posix(), name)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = _renamed(file.read_text(encoding="utf-8"), name)
            target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageProblem(
            f"{folder} cannot be written: {error.strerror or error}.",
            fix="Choose another folder with --to.",
        ) from error
    return folder


def nearest_name(text: str) -> str:
    """The valid plugin name nearest to ``text``: ``Möbel & Licht`` becomes ``mobel-licht``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    name = name if name[:1].isalpha() else f"task-{name}".rstrip("-")
    taken = name == "task" or name in RESERVED or name in OWN_PLUGINS
    return f"my-{name}" if taken else name[:MAX_NAME].rstrip("-")


def _renamed(text: str, name: str) -> str:
    words = name.replace("-", " ")
    for old, new in (
        (EXAMPLE, name),
        (EXAMPLE.replace("-", "_"), name.replace("-", "_")),
        (EXAMPLE.replace("-", " ").capitalize(), words.capitalize()),
    ):
        text = text.replace(old, new)
    return text
