"""From the name a user typed to a model's spec; nothing is downloaded here."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..domain.model import ModelSpec
from ..errors import NotFound
from ..paths import expanded
from .folder import check_folder, spec_of_folder

if TYPE_CHECKING:
    from ..plugins import Registry

HUB_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")
"""``owner/repository``, as the hub names models."""


def find_model(name: str, registry: Registry) -> ModelSpec:
    """The model called ``name``: a registered id, a local folder, or a hub id.

    A folder wins over a hub id of the same spelling. A hub id that no plugin knows is taken
    for a FLUX.1 model until its files are here; then they decide (:mod:`.folder`). Raises
    :class:`NotFound`, and :class:`ModelUnavailable` for a folder that is not a FLUX model.
    """
    if name in registry.models:
        return registry.models[name]
    folder = expanded(name)
    if _exists(folder) or _looks_like_a_path(name):
        check_folder(folder)
        return spec_of_folder(folder)
    if HUB_ID.fullmatch(name):
        return _hub_spec(name, registry)
    known = list(registry.models)
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise NotFound(
        f"There is no model called {name!r}.",
        fix=f"{hint}Known models: {', '.join(known) or 'none'}. A diffusers folder or a hub id "
        "(owner/repository) can be named as well.",
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a text that is far too long for a name
        return False


def _looks_like_a_path(name: str) -> bool:
    return (
        name.startswith((".", "~", "/", "\\"))
        or "\\" in name
        or name.count("/") > 1
        or name.endswith((".safetensors", ".ckpt", ".bin", ".pt", "/"))
        or bool(re.match(r"[A-Za-z]:", name))
    )


def _hub_spec(name: str, registry: Registry) -> ModelSpec:
    for spec in registry.models.values():
        if spec.source.lower() == name.lower():
            return spec
    from .hub import cached_model

    folder = cached_model(name)
    if folder is not None:
        return spec_of_folder(folder).model_copy(update={"id": name, "title": name, "source": name})
    return ModelSpec(id=name, title=name, source=name, family="flux.1")
