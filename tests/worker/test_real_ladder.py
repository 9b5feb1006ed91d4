"""The ladder on a real worker with the real torch engine, whose device pretends to be small."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from icl_engines.testing import random_flux_model
from icl_engines.testing.starved import STARVED_ENGINE, starve
from icl_engines.torch_engine.fit import part_bytes
from icl_studio.domain.events import Event, Failed, Finished, Notice
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.paths import UserFolders
from icl_studio.sets.library import Library
from icl_studio.sets.pictures import open_picture
from icl_studio.sets.verify import psnr
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob

pytestmark = pytest.mark.slow
MakeJob = Callable[..., GenerateJob]
LATENTS = 8 * 16  # of the pair's sheet


def sheet(job: GenerateJob) -> Image.Image:
    return open_picture(Library(job.out).get(job.id).folder / "sheet.png")


def test_every_rung_of_the_torch_engine(
    random_flux: Path, tmp_path: Path, folders: UserFolders, make_job: MakeJob
) -> None:
    def model(name: str, **limits: int) -> LocatedModel:
        """The same weights in a folder of their own, on a device of these limits."""
        located = random_flux_model(tmp_path / name)
        shutil.copytree(random_flux, located.folder)
        starve(located, **limits)
        return located

    def jobs(model: LocatedModel, count: int = 1, **changes: object) -> list[GenerateJob]:
        options = EngineOptions(device="cpu")
        more = {"engine": STARVED_ENGINE, "options": options, "steps": 2, **changes}
        return [make_job(model, seed=seed, **more) for seed in range(count)]

    def notices(events: list[Event]) -> str:
        return " ".join(event.message for event in events if isinstance(event, Notice))

    large = max(part_bytes(random_flux, name, torch.float32) for name in ("transformer", "vae"))
    with WorkerClient(folders) as client:
        (plain,) = jobs(model("genug"))
        assert "memory" not in notices(list(client.generate([plain])))

        (phased,) = jobs(model("phasen", weights=large))
        events = list(client.generate([phased]))
        assert isinstance(events[-1], Finished) and "one after the other" in notices(events)
        assert sheet(phased).tobytes() == sheet(plain).tobytes()

        (tiled,) = jobs(model("kacheln", latents=LATENTS - 1))
        events = list(client.generate([tiled]))
        assert isinstance(events[-1], Finished) and "in tiles" in notices(events)
        assert Library(tiled.out).get(tiled.id).record.receipt.measures == ("tiles",)
        assert psnr(sheet(tiled), sheet(plain))[0] > 15  # of a VAE with random weights

        batch = jobs(model("stapel", batch=2), count=3)
        events = list(client.generate(batch, batch=3))
        assert sum(isinstance(event, Finished) for event in events) == 3
        assert "A batch of 3 did not fit" in notices(events)

        (nothing,) = jobs(model("nichts", weights=1000))
        (failed,) = (e for e in client.generate([nothing]) if isinstance(e, Failed))
        assert failed.error == "OutOfMemory" and failed.mendable and failed.fix
