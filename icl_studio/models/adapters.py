"""From the LoRA a user or a task names to its file on this machine."""

from __future__ import annotations

import difflib
from pathlib import Path

from ..domain.model import AdapterUse
from ..engines.protocol import AdapterFile
from ..errors import AdapterRejected, NotFound
from ..paths import UserFolders, resource
from .locate import DownloadProgress
from .weights import PICKLES, read_header

SUFFIX = ".safetensors"


def resolve_adapter(
    use: AdapterUse, folders: UserFolders, progress: DownloadProgress | None = None
) -> AdapterFile:
    """The file of ``use``: a path, a name in the resources or the user's adapters folder, or a
    hub file ``owner/repository/file.safetensors``; ``.safetensors`` may be left out of a name.

    Raises :class:`NotFound` with where it was looked for, :class:`AdapterRejected` for a pickle
    or a damaged file, :class:`~icl_studio.errors.ModelUnavailable` for the hub's refusals.
    Whether it fits a model is the engine's to judge.
    """
    path = _on_disk(use.source, folders) or _from_hub(use.source, progress)
    if path is None:
        raise _not_found(use.source, folders)
    if path.suffix.lower() in PICKLES:
        raise AdapterRejected(
            f"{path.name} is a pickle, which can run any code when read.",
            fix="Get the LoRA as a .safetensors file.",
        )
    try:
        read_header(path)
    except ValueError as error:
        raise AdapterRejected(f"The LoRA {path} {error}.", fix="Fetch the file again.") from error
    except OSError as error:
        raise AdapterRejected(
            f"The LoRA {path} cannot be read: {error.strerror}.", fix="Check its permissions."
        ) from error
    return AdapterFile(path=path, weight=use.weight)


def known_adapters(folders: UserFolders) -> list[Path]:
    """LoRA files that can be named without a folder: ours, then the user's."""
    places = (resource("adapters"), folders.adapters)
    return [path for place in places for path in sorted(place.glob(f"**/*{SUFFIX}"))]


def _on_disk(source: str, folders: UserFolders) -> Path | None:
    named = Path(source).expanduser()
    for place in (Path.cwd(), resource("adapters"), folders.adapters):
        for candidate in (place / named, place / f"{named}{SUFFIX}"):
            if candidate.is_file():
                return candidate.absolute()
    return None


def _from_hub(source: str, progress: DownloadProgress | None) -> Path | None:
    parts = source.split("/")
    if len(parts) < 3 or not source.endswith(SUFFIX) or parts[0] in ("", ".", "..", "~"):
        return None
    from .hub import fetch_file

    return fetch_file("/".join(parts[:2]), "/".join(parts[2:]), progress)


def _not_found(source: str, folders: UserFolders) -> NotFound:
    known = [path.stem for path in known_adapters(folders)]
    near = difflib.get_close_matches(Path(source).stem, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return NotFound(
        f"There is no LoRA file {source}.",
        fix=f"{hint}Give a path, a file in {folders.adapters}, or a hub file "
        f"(owner/repository/file{SUFFIX}).",
    )
