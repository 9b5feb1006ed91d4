"""The user's folders and settings: can they be written, is there room, are they sound."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from ..domain.problems import UserError
from ..paths import HOME_VARIABLE, UserFolders
from ..sets.files import nearest, probe
from ..settings import Settings, load_settings, sets_root
from .check import Check, fail, in_full, ok, warn

LITTLE, TOO_LITTLE = 5_000_000_000, 100_000_000


def check_settings(folders: UserFolders) -> tuple[Settings, Check]:
    """The settings (the defaults if they cannot be read), and what is wrong with them."""
    try:
        settings, problems = load_settings(folders)
    except UserError as error:
        return Settings(), fail("settings", in_full(error), error.fix)
    if problems:
        told = " ".join(str(problem) for problem in problems)
        return settings, warn("settings", told, f"Mend {folders.settings_file}.")
    if not folders.settings_file.exists():
        return settings, ok("settings", "No settings file; everything is at its default.")
    return settings, ok("settings", f"{folders.settings_file} is in order.")


def check_folders(folders: UserFolders, settings: Settings) -> list[Check]:
    """Sets must be writable and have room; the other folders should be writable."""
    sets = sets_root(settings, folders)
    checks = [_check_writable("sets folder", sets, vital=True), _check_room(sets)]
    named = {
        "settings folder": folders.config,
        "data folder": folders.data,
        "cache folder": folders.cache,
        "log folder": folders.logs,
    }
    others = [_check_writable(name, folder, vital=False) for name, folder in named.items()]
    wrong = [check for check in others if check.state != "ok"]
    fine = ok("user folders", f"Settings, data, cache and logs can be written ({folders.data}).")
    return checks + (wrong or [fine])


def check_hub_cache() -> Check:
    """Room where the hub's models go: FLUX.1 takes 34 GB."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    try:
        free = shutil.disk_usage(nearest(cache)).free
    except OSError as error:
        return warn("model disk", f"{cache}: {error.strerror}.", "Set HF_HOME to another folder.")
    what = f"{free / 1e9:.0f} GB are free for downloaded models ({cache})."
    if free < 35e9:
        return ok("model disk", f"{what} FLUX.1-dev takes 34 GB; HF_HOME moves the folder.")
    return ok("model disk", what)


def _check_writable(name: str, folder: Path, *, vital: bool) -> Check:
    """Write a file as near to ``folder`` as anything exists; it leaves no trace."""
    judge = fail if vital else warn
    place = folder
    try:
        place = nearest(folder)
        probe(place)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return judge(name, f"The disk of {place} is full.", "Free some space.")
        return judge(
            name,
            f"{place} cannot be written: {error.strerror or error}.",
            f"Change its permissions, or set {HOME_VARIABLE} to a folder of your own.",
        )
    return ok(name, f"{folder} can be written.")


def _check_room(folder: Path) -> Check:
    fix = f"Free some space on the disk of {folder}, or set sets_folder to another."
    try:
        free = shutil.disk_usage(nearest(folder)).free
    except OSError as error:
        return fail("disk", f"{folder}: {error.strerror}.", fix)
    what = f"{free / 1e9:.1f} GB are free for sets."
    if free < TOO_LITTLE:
        return fail("disk", what, fix)
    return warn("disk", what, fix) if free < LITTLE else ok("disk", what)
