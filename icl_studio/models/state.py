"""What stands where: is a model here, is it whole, how big is it, is there a hub token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..domain.model import ModelSpec
from ..errors import ModelUnavailable
from ..paths import UserFolders
from .folder import check_folder
from .locate import Kind, kind_of, present_folder


@dataclass(frozen=True)
class ModelState:
    """A model as it stands on this machine; ``problem`` is why it cannot be used as it is."""

    spec: ModelSpec
    kind: Kind
    folder: Path | None
    bytes: int
    problem: str = ""

    @property
    def present(self) -> bool:
        return self.folder is not None and not self.problem


def state_of(spec: ModelSpec, folders: UserFolders) -> ModelState:
    """The state of ``spec``, found without network and without reading weights."""
    folder = present_folder(spec, folders)
    if folder is None:
        return ModelState(spec, kind_of(spec), None, 0)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    try:
        check_folder(folder)
    except ModelUnavailable as error:
        return ModelState(spec, kind_of(spec), folder, size, str(error))
    return ModelState(spec, kind_of(spec), folder, size)


def token_state() -> str:
    """Where this machine's hub token comes from, or "" without one. The token is not shown."""
    import os

    from huggingface_hub import constants, get_token

    if get_token() is None:
        return ""
    named = [n for n in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") if os.environ.get(n)]
    return f"environment variable {named[0]}" if named else str(constants.HF_TOKEN_PATH)
