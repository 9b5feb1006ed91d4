"""Where user data lies, and where read-only resources are found.

``ICL_STUDIO_HOME`` moves everything a user owns into one folder; without it the operating
system's usual places are used (platformdirs).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

APP = "icl-studio"
HOME_VARIABLE = "ICL_STUDIO_HOME"
SAFE_MODE_VARIABLE = "ICL_STUDIO_SAFE_MODE"
DEBUG_VARIABLE = "ICL_STUDIO_DEBUG"


@dataclass(frozen=True)
class UserFolders:
    """Folders of one user; none of them need exist."""

    config: Path
    data: Path
    cache: Path
    logs: Path
    sets: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.json"

    @property
    def tasks(self) -> Path:
        """JSON files here are tasks without a plugin."""
        return self.data / "tasks"

    @property
    def adapters(self) -> Path:
        """LoRA files here can be named without a folder."""
        return self.data / "adapters"

    @property
    def deleted_sets(self) -> Path:
        """What was deleted, and where it stood (icl_studio.sets.trash)."""
        return self.data / "deleted-sets.json"

    @property
    def engines(self) -> Path:
        """Compiled engines, each for one model and one machine (icl_studio.engines.store)."""
        return self.data / "engines"

    @property
    def engine_times(self) -> Path:
        """How long engines took on this machine (icl_studio.engines.times)."""
        return self.data / "engine-times.json"


def user_folders(home: Path | None = None) -> UserFolders:
    """The user's folders: under ``home``, else ``$ICL_STUDIO_HOME``, else the system's own."""
    named = os.environ.get(HOME_VARIABLE)
    if home is None and named:
        home = expanded(named)
    if home is not None:
        home = expanded(home).absolute()
        return UserFolders(
            config=home, data=home, cache=home / "cache", logs=home / "logs", sets=home / "sets"
        )
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(APP, appauthor=False)
    return UserFolders(
        config=dirs.user_config_path,
        data=dirs.user_data_path,
        cache=dirs.user_cache_path,
        logs=dirs.user_log_path,
        sets=dirs.user_pictures_path / "ICL Studio",
    )


def switched_on(variable: str) -> bool:
    """Whether an environment variable of ours says yes; 0, false, no and off say no."""
    return os.environ.get(variable, "").strip().lower() not in ("", "0", "false", "no", "off")


def expanded(text: str | Path) -> Path:
    """``text`` as a path with ``~`` put in; a ``~name`` of nobody is taken as it stands."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def resource(*parts: str) -> Path:
    """A read-only file or folder that ships with ICL Studio; it need not exist.

    A wheel holds the resources inside the package; a checkout (and an editable install of
    it, where force-included files are missing) has them beside the package.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "_resources", package.parent / "resources"):
        if root.is_dir():
            return root.joinpath(*parts)
    return (package / "_resources").joinpath(*parts)
