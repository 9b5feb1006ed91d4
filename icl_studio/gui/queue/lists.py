"""Shot lists that were dropped: checked as a whole, shown, and queued when they are accepted."""

from __future__ import annotations

from pathlib import Path

from ...generate.asking import Wishes, changed_request
from ...generate.stored import read_request
from ...paths import UserFolders
from ...plugins import Registry
from ...queue.job import NewJob
from ...queue.store import Store
from ...settings import Settings
from ...shotlists.checking import Checked, Defaults, Wanted, check_list, is_stored_request


def check_file(file: Path, registry: Registry, folders: UserFolders, settings: Settings) -> Checked:
    """``file`` as a shot list, or as the one request that it stores; call it in a thread.

    Raises the ``UserError`` of a file that is neither.
    """
    if is_stored_request(file):
        request = changed_request(read_request(file), registry, folders, Wishes())
        return Checked((Wanted(request, 1, origin={"file": file.name}),), (), 1, 0)
    defaults = Defaults(None, settings.model, settings.engine)
    return check_list(file, registry, folders, defaults)


def queue_list(
    store: Store, checked: Checked, name: str, out: Path, set_name: str
) -> tuple[str, ...]:
    """Queue the good rows of a list under a group of its own; the jobs' ids."""
    group, taken, n = name[:100], store.groups(), 2
    while group in taken:
        group, n = f"{name[:100]}-{n}", n + 1
    return store.add(
        [
            NewJob(
                request=wanted.request,
                out=out.absolute(),
                set_name=set_name,
                group=group,
                priority=wanted.priority,
                not_before=wanted.hold,
                origin=wanted.origin,
            )
            for wanted in checked.sets
        ]
    )
