"""Models from the Hugging Face hub: everything is checked before the first byte of weights.

A model that is in the hub's cache already is used without network. The order of checks
follows what stops people most (sdnext #4043, OneTrainer #891: "401 although a token is
set"): offline, existence, token, licence, kind of model, disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.model import ModelSpec
from ..errors import ModelUnavailable
from .folder import COMPONENTS, INDEX, check_folder, check_pipeline_class, read_json
from .hub_errors import told
from .weights import PICKLES

if TYPE_CHECKING:
    from huggingface_hub import HfApi, ModelInfo

    from .locate import DownloadProgress

_SMALL_FILES = ("tokenizer/", "tokenizer_2/", "scheduler/")
SPARE_BYTES = 500_000_000
"""Left free beside a download, so that the machine can still breathe."""


@dataclass(frozen=True)
class Download:
    """What fetching a model from the hub takes: its files with their sizes in bytes."""

    repository: str
    files: Mapping[str, int]

    @property
    def size(self) -> int:
        return sum(self.files.values())


def cached_model(repository: str) -> Path | None:
    """The folder of ``repository`` in the hub's cache if it is whole there; asks no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(repository, local_files_only=True, allow_patterns=[INDEX])
        check_folder(Path(found))
    except (LocalEntryNotFoundError, HFValidationError, ModelUnavailable):
        return None
    return Path(found)


def fetch_model(spec: ModelSpec, progress: DownloadProgress | None = None) -> Path:
    """The folder of a hub model, from the cache or downloaded.

    Raises :class:`ModelUnavailable` for: offline, hub not reached, no such repository, no
    token, refused token, licence not accepted, not a FLUX.1 diffusers model, pickles only,
    too little disk, download interrupted. Interrupted downloads continue where they stopped.
    """
    from huggingface_hub import constants

    folder = cached_model(spec.source)
    if folder is not None:
        return folder
    plan = plan_download(spec)
    check_disk(plan, Path(constants.HF_HUB_CACHE))
    with told(spec.source, during="download"):
        _fetch(plan, progress)
    folder = cached_model(spec.source)
    if folder is None:
        raise ModelUnavailable(
            f"{spec.source} was downloaded but is not whole.", fix="Run the command again."
        )
    return folder


def check_allowed(spec: ModelSpec) -> None:
    """Raise what would forbid :func:`fetch_model`; fetches nothing but ``model_index.json``."""
    from huggingface_hub import constants

    if cached_model(spec.source) is None:
        check_disk(plan_download(spec), Path(constants.HF_HUB_CACHE))


def fetch_file(repository: str, name: str, progress: DownloadProgress | None = None) -> Path:
    """One file of a hub repository, from the cache or downloaded; raises as :func:`fetch_model`."""
    from huggingface_hub import (
        constants,
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        try_to_load_from_cache,
    )

    with told(f"{repository}/{name}"):
        cached = try_to_load_from_cache(repository, name)
        if isinstance(cached, str):
            return Path(cached)
        size = get_hf_file_metadata(hf_hub_url(repository, name)).size or 0
    check_disk(Download(repository, {name: size}), Path(constants.HF_HUB_CACHE))
    with told(f"{repository}/{name}", during="download"):
        _fetch(Download(repository, {name: size}), progress)
        return Path(hf_hub_download(repository, name, local_files_only=True))


def plan_download(spec: ModelSpec) -> Download:
    """What would be downloaded for ``spec``; raises everything that forbids it."""
    from huggingface_hub import HfApi, hf_hub_download

    api, repository = HfApi(), spec.source
    with told(repository):
        info = api.model_info(repository, files_metadata=True)
    _check_access(api, repository, info)
    files = {entry.rfilename: entry.size or 0 for entry in info.siblings or ()}
    if INDEX not in files:
        raise ModelUnavailable(
            f"{repository} holds no diffusers model (no {INDEX}).",
            fix="Name the repository that holds the model in diffusers' layout.",
        )
    with told(repository):  # a kilobyte: it tells what kind of model this is
        index = read_json(Path(hf_hub_download(repository, INDEX)))
    check_pipeline_class(index, repository)
    return Download(repository, needed_files(repository, files))


def needed_files(repository: str, files: Mapping[str, int]) -> dict[str, int]:
    """The files of a repository that diffusers reads, out of all of them (name to size).

    Leaves out pickles, single-file checkpoints beside the folders, other precisions
    (``*.fp16.safetensors``) and pictures. Raises :class:`ModelUnavailable` where a component
    has no safetensors.
    """
    needed = {INDEX: files[INDEX]}
    needed |= {name: size for name, size in files.items() if name.startswith(_SMALL_FILES)}
    for component in COMPONENTS:
        own = {n: s for n, s in files.items() if n.startswith(f"{component}/")}
        weights = {n: s for n, s in own.items() if _is_plain_weight(n)}
        if not any(name.endswith(".safetensors") for name in weights):
            pickled = any(Path(name).suffix in PICKLES for name in own)
            why = "only pickles, which can run any code when read" if pickled else "no weights"
            raise ModelUnavailable(
                f"{repository} has {why} in {component}.",
                fix="Name a repository whose weights are safetensors files.",
            )
        needed |= weights | {n: s for n, s in own.items() if n.endswith("/config.json")}
    return needed


def check_disk(plan: Download, cache: Path) -> None:
    """Raise :class:`ModelUnavailable` if what is still to be fetched does not fit."""
    place = next((folder for folder in (cache, *cache.parents) if folder.is_dir()), None)
    if place is None:  # on Windows, a drive that is not there
        raise ModelUnavailable(
            f"The disk of the hub's cache {cache} is not there.",
            fix="Connect it, or set HF_HOME to a folder that exists.",
        )
    blobs = cache / f"models--{plan.repository.replace('/', '--')}" / "blobs"
    here = sum(f.stat().st_size for f in blobs.iterdir()) if blobs.is_dir() else 0
    needed, free = max(0, plan.size - here) + SPARE_BYTES, shutil.disk_usage(place).free
    if needed > free:
        raise ModelUnavailable(
            f"{plan.repository} needs {_gb(needed)} on the disk of {place}, {_gb(free)} are free: "
            f"{_gb(needed - free)} are missing.",
            fix="Free that much, or set HF_HOME to a folder on a larger disk.",
        )


@contextmanager
def _reporting(progress: DownloadProgress | None, done: int, total: int) -> Iterator[type]:
    """A stand-in for tqdm that adds up bytes over all files and tells ``progress``."""
    counted = done

    class Report:
        def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
            self.update(initial)

        def __enter__(self) -> Report:
            return self

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None: ...

        def update(self, n: float | None = 1) -> None:
            nonlocal counted
            counted = min(total, counted + int(n or 0))
            if progress is not None:
                progress(counted, total)

        def __getattr__(self, name: str) -> object:
            # set_postfix_str and its like: nothing is shown here.
            return lambda *_, **__: None

    yield Report


def _fetch(plan: Download, progress: DownloadProgress | None) -> None:
    """Download the files of ``plan`` one after the other (each in parallel chunks)."""
    from huggingface_hub import hf_hub_download

    done = 0
    for name, size in plan.files.items():
        with _reporting(progress, done, plan.size) as report:
            # No revision: the download also notes which commit "main" is, and cached_model
            # finds it there.
            hf_hub_download(plan.repository, name, tqdm_class=report)
        done += size
        if progress is not None:
            progress(done, plan.size)


def _check_access(api: HfApi, repository: str, info: ModelInfo) -> None:
    """Refuse early where the licence is not accepted; the answer names the page to open."""
    if info.gated or info.private:
        with told(repository, gated=bool(info.gated)):
            api.auth_check(repository)


def _is_plain_weight(name: str) -> bool:
    """``model.safetensors``, its shards and their index; not ``model.fp16.safetensors``."""
    stem = name.rpartition("/")[2]
    if stem.endswith(".safetensors.index.json"):
        return stem.count(".") == 3
    return stem.endswith(".safetensors") and stem.count(".") == 1


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
