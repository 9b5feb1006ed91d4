"""From the LoRA a user or a task names to its file on this machine."""

from __future__ import annotations

import difflib
from pathlib import Path

from ..domain.model import AdapterUse
from ..engines.protocol import AdapterFile
from ..errors import AdapterRejected, NotFound
from ..paths import UserFolders, expanded, resource
from .find import HUB_ID
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


def in_folder(folder: Path, source: str) -> Path | None:
    """The file that ``source``, a path or a name without suffix, means in ``folder``."""
    named = expanded(source)
    for candidate in (folder / named, folder / f"{named}{SUFFIX}"):
        try:
            if candidate.is_file():
                return candidate
        except OSError:  # a text that is far too long for a name
            continue
    return None


def _on_disk(source: str, folders: UserFolders) -> Path | None:
    for place in (Path.cwd(), resource("adapters"), folders.adapters):
        found = in_folder(place, source)
        if found is not None:
            return found.absolute()
    return None


def _from_hub(source: str, progress: DownloadProgress | None) -> Path | None:
    parts = source.split("/")
    repository = "/".join(parts[:2])
    if len(parts) < 3 or not source.endswith(SUFFIX) or not HUB_ID.fullmatch(repository):
        return None
    if Path(parts[0]).is_dir():  # a path with a slip of the pen in it: the hub is not asked
        return None
    from .hub import fetch_file

    return fetch_file(repository, "/".join(parts[2:]), progress)


def _not_found(source: str, folders: UserFolders) -> NotFound:
    known = [path.stem for path in known_adapters(folders)]
    near = difflib.get_close_matches(Path(source).stem, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return NotFound(
        f"There is no LoRA file {source}.",
        fix=f"{hint}Give a path, a file in {folders.adapters}, or a hub file "
        f"(owner/repository/file{SUFFIX}).",
    )
