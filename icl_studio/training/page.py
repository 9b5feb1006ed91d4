"""The record of a run as one HTML page: loss plot, samples side by side, recipe. No script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from ..sets.files import replace_text, storage
from .job import SAMPLES
from .recipe import explain
from .record import Line, RunRecord, read_job, read_log, read_run

PAGE = "record.html"
WIDTH, HEIGHT = 860, 260
THUMB = 300
POINTS = 600
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:920px;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
.samples img{max-width:300px;display:block}.failed{color:#a4281c}svg{max-width:100%}
"""


def write_page(folder: Path) -> Path:
    """Write ``record.html`` into the run's ``folder``; everything it shows is inside the file.

    Raises ``NotFound``, ``StorageProblem``.
    """
    record, job, lines = read_run(folder), read_job(folder), read_log(folder)
    rows = "".join(
        f"<tr><td>{escape(key)}</td><td>{escape(value)}</td><td>{escape(what)}</td></tr>"
        for key, value, what in explain(job.recipe)
    )
    captions = [asked.caption for asked in job.samples]
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(record.task)}</title>'
        f"<style>{STYLE}</style><h1>{escape(record.task)} on {escape(record.model)}</h1>"
        f"{_state(record)}{_plot(lines)}<h2>Samples</h2>{_samples(folder, captions)}"
        f"<h2>Recipe</h2><table>{rows}</table>"
        f"<p>Data set of {record.examples} sheets, digest {escape(job.digest)}</p></html>\n"
    )
    path = folder / PAGE
    with storage("writing the page of a training run", path):
        replace_text(path, text)
    return path


def _state(record: RunRecord) -> str:
    mark = ' class="failed"' if record.state in ("failed", "interrupted") else ""
    words = f"{record.state}, {record.step} of {record.total} steps. {record.message} {record.fix}"
    return f"<p{mark}>{escape(words.strip())}</p>"


def _plot(lines: Sequence[Line]) -> str:
    """The loss as an inline SVG: every step faint, the running mean strong."""
    if len(lines) < 2:
        return "<p>No steps yet.</p>"
    thinned = [*lines[:: max(1, len(lines) // POINTS)], lines[-1]]
    top = max(line.smoothed for line in thinned) * 1.3
    low = min(0.0, min(line.smoothed for line in thinned))
    last = lines[-1].step

    def points(values: Sequence[float]) -> str:
        places = []
        for line, value in zip(thinned, values, strict=True):
            x = 50 + (WIDTH - 60) * line.step / last
            share = min(1.0, max(0.0, (value - low) / max(1e-12, top - low)))
            places.append(f"{x:.1f},{10 + (HEIGHT - 40) * (1 - share):.1f}")
        return " ".join(places)

    raw, mean = points([one.loss for one in thinned]), points([one.smoothed for one in thinned])
    bottom = HEIGHT - 30
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="loss over steps">'
        f'<path d="M50 10V{bottom}H{WIDTH - 10}" fill="none" stroke="#999"/>'
        f'<polyline points="{raw}" fill="none" stroke="#c8d3e0"/>'
        f'<polyline points="{mean}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
        f'<text x="4" y="18" font-size="12">{top:.3g}</text>'
        f'<text x="4" y="{bottom}" font-size="12">{low:.3g}</text>'
        f'<text x="{WIDTH - 60}" y="{HEIGHT - 10}" font-size="12">step {last}</text></svg>'
        f"<p>Loss {lines[-1].smoothed:.4g} (running mean), {lines[-1].loss:.4g} (last step), "
        f"{lines[-1].speed:.3g} sheets a second.</p>"
    )


def _samples(folder: Path, captions: Sequence[str]) -> str:
    """A row per step, a column per sample, pictures as small JPEGs inside the page."""
    found: dict[int, dict[int, Path]] = {}
    for path in sorted((folder / SAMPLES).glob("*-*.png")):
        step, _, number = path.stem.partition("-")
        if step.isdigit() and number.isdigit():
            found.setdefault(int(step), {})[int(number)] = path
    if not found:
        return "<p>None.</p>"
    numbers = sorted({number for row in found.values() for number in row})
    heads = "".join(
        f"<th>{escape(captions[n - 1] if n <= len(captions) else '')}</th>" for n in numbers
    )
    rows = "".join(
        f"<tr><td>{step}</td>"
        + "".join(f"<td>{_picture(row[n]) if n in row else ''}</td>" for n in numbers)
        + "</tr>"
        for step, row in sorted(found.items())
    )
    return f'<table class="samples"><tr><th>step</th>{heads}</tr>{rows}</table>'


def _picture(path: Path) -> str:
    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB")
            small.thumbnail((THUMB, THUMB))
    except (OSError, SyntaxError, ValueError):
        return "unreadable"
    data = BytesIO()
    small.save(data, "JPEG", quality=85)
    text = base64.b64encode(data.getvalue()).decode()
    return f'<img alt="{escape(path.name)}" src="data:image/jpeg;base64,{text}">'
