"""From a model's spec to its folder on this machine, downloading where it must."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from ..domain.model import ModelSpec
from ..engines.protocol import LocatedModel
from ..errors import ModelUnavailable
from ..paths import UserFolders, expanded, resource
from .find import HUB_ID
from .folder import check_folder

RESOURCE = "resource:"
DownloadProgress = Callable[[int, int], None]
"""Called with bytes done and bytes in all while a model is downloaded."""

Kind = Literal["embedded", "folder", "hub"]


def locate(
    spec: ModelSpec, folders: UserFolders, progress: DownloadProgress | None = None
) -> LocatedModel:
    """The folder of ``spec``, whole and checked.

    Hub models are downloaded to the hub's own cache, shared with other programs; token,
    licence and disk are checked before the first byte. Raises :class:`ModelUnavailable`.
    """
    kind = kind_of(spec)
    if kind == "hub":
        from .hub import fetch_model

        folder = fetch_model(spec, progress)
    else:
        folder = present_folder(spec, folders) or _missing(spec, kind)
    check_folder(folder)
    return LocatedModel(spec=spec, folder=folder)


def check_access(spec: ModelSpec, folders: UserFolders) -> None:
    """Raise :class:`ModelUnavailable` unless :func:`locate` could give ``spec`` right now.

    Of a hub model existence, token, licence, kind and disk; no weights are fetched.
    """
    if kind_of(spec) == "hub":
        from .hub import check_allowed

        check_allowed(spec)
        return
    check_folder(present_folder(spec, folders) or _missing(spec, kind_of(spec)))


def kind_of(spec: ModelSpec) -> Kind:
    """Where a model comes from: our own resources, a folder, or the hub."""
    if spec.source.startswith(RESOURCE):
        return "embedded"
    if HUB_ID.fullmatch(spec.source) and not expanded(spec.source).is_dir():
        return "hub"
    return "folder"


def present_folder(spec: ModelSpec, folders: UserFolders) -> Path | None:
    """The folder of ``spec`` if the model is on this machine; asks no network.

    A relative folder in a plugin's spec is looked up in ``models`` among the user's data too.
    """
    if kind_of(spec) == "hub":
        from .hub import cached_model

        return cached_model(spec.source)
    if spec.source.startswith(RESOURCE):
        places = [resource(*spec.source.removeprefix(RESOURCE).split("/"))]
    else:
        named = expanded(spec.source)
        places = [named.absolute(), folders.data / "models" / named]
    return next((folder for folder in places if folder.is_dir()), None)


def _missing(spec: ModelSpec, kind: Kind) -> Path:
    if kind == "embedded":
        raise ModelUnavailable(
            f"The embedded model {spec.id!r} is missing from this installation.",
            fix="Install ICL Studio again.",
        )
    raise ModelUnavailable(
        f"The folder of model {spec.id!r} is not there: {spec.source}.",
        fix="Bring the folder back, or name another model with --model.",
    )
