"""One picture of many finished sheets: what a sweep is looked at with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ..errors import NotFound, QueueProblem
from ..sets import files
from ..sets.pictures import open_picture
from ..sets.record import SHEET_FILE
from .job import Job

_LABEL = 20
_GAP = 8
MAX_SIDE = 30_000


def write_grid(jobs: Sequence[Job], file: Path, width: int) -> int:
    """Write the sheets of the done ones of ``jobs`` to ``file``; how many there were.

    ``width`` in pixels is that of one sheet. With two swept axes the last one runs across.
    Raises :class:`NotFound` without a finished set, :class:`QueueProblem` for a picture that
    would be too large or a file that exists, and :class:`StorageProblem`.
    """
    done = [job for job in jobs if job.state == "done" and job.folder is not None]
    if not done:
        raise NotFound("None of these jobs is done yet.", fix="Run: icl-studio queue run")
    if file.exists():
        raise QueueProblem(f"{file} exists already.", fix="Give another name.")
    if Image.registered_extensions().get(file.suffix.lower()) not in ("PNG", "JPEG", "WEBP"):
        raise QueueProblem(f"{file.name} is no name of a picture.", fix="End it in .png or .jpg.")
    columns = _columns(done)
    canvases = [job.request.layout.canvas for job in done]
    height = max(round(width * c.height / c.width) for c in canvases) + _LABEL
    rows = math.ceil(len(done) / columns)
    size = (columns * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP)
    if max(size) > MAX_SIDE:
        raise QueueProblem(f"The grid would have {size[0]}x{size[1]} pixels.", fix="Use --width.")
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for n, job in enumerate(done):
        x = _GAP + n % columns * (width + _GAP)
        y = _GAP + n // columns * (height + _GAP)
        assert job.folder is not None
        sheet = open_picture(job.folder / SHEET_FILE).convert("RGB")
        sheet.thumbnail((width, height - _LABEL), Image.Resampling.LANCZOS)
        picture.paste(sheet, (x, y + _LABEL))
        draw.text((x, y), label(job), fill="black", font=font)
    data = BytesIO()
    picture.save(data, Image.registered_extensions()[file.suffix.lower()])
    with files.storage("writing a grid", file):
        files.make_folders(file.absolute().parent)
        files.write_new(file, data.getvalue())
    return len(done)


def label(job: Job) -> str:
    """What was swept over, or the seed."""
    swept = job.origin.get("sweep") or {"seed": job.seed}
    return ", ".join(f"{name} {value}" for name, value in swept.items())


def _columns(jobs: Sequence[Job]) -> int:
    """As many as the last swept axis has values; without a sweep, a square."""
    swept = [job.origin.get("sweep") or {} for job in jobs]
    if swept[0]:
        last = list(swept[0])[-1]
        return len({str(values.get(last)) for values in swept})
    return math.ceil(math.sqrt(len(jobs)))
