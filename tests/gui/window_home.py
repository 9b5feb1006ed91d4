"""A home that has something for every page of the window."""

from __future__ import annotations

from PIL import Image
from sets_shelf import fill
from window_engines import keep

from icl_studio.engines.store import EngineStore
from icl_studio.paths import UserFolders
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.store import Store
from icl_studio.sets.record import read_record
from icl_studio.settings import write_json

CAPTION = "a tall blue creature in two pictures; [LEFT] standing on the beach; [RIGHT] jumping"


def furnish(folders: UserFolders) -> None:
    """Sets, jobs, a sound and a stale engine, a data set; nothing of it needs a model.

    Somebody has been here before: there is no welcome, and no worker that loads ahead for it.
    """
    write_json(folders.data / "window" / "welcome.json", {"done": True})
    made = fill(folders.sets, 4)
    request = read_record(made[0]).request
    with Database(queue_file(folders)) as database:
        Store(database).add(
            [NewJob(request=request.with_seed(n), out=folders.sets) for n in range(3)]
        )
    keep(EngineStore(folders.engines))
    keep(EngineStore(folders.engines), pydantic="0.1")
    data = folders.data / "storyboards"
    data.mkdir(parents=True)
    for number in range(2):
        Image.effect_noise((64, 32), 80).convert("RGB").save(data / f"{number:04}.png")
        (data / f"{number:04}.txt").write_text(CAPTION, encoding="utf-8")
