"""The report as one HTML file: figures with their intervals, and the sheets, worst first.

Self-contained (pictures inside, no script, nothing fetched) and escaped throughout: captions come
from anywhere.
"""

from __future__ import annotations

import base64
import errno
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from ..engines.metrics import Score
from ..sets.files import nearest, probe, storage
from ..sets.pictures import open_picture
from .report import Figure, JudgedSet, Report, table

LONGEST = 640
"""Longest side of a sheet on the page, in pixels; larger ones are scaled down."""

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#1c1a20;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse}th,td{padding:.2rem .7rem;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}tr+tr td{border-top:1px solid #e6e3ea}
.set{display:flex;gap:1.2rem;margin:1.4rem 0;padding-top:1.4rem;border-top:2px solid #e6e3ea;
flex-wrap:wrap}.set img{max-width:100%;height:auto;image-rendering:auto}
.wrong{background:#ffe3e0}.small{color:#66616e;font-size:.85rem}
code{background:#f3f1f6;padding:.1rem .3rem}
@media(prefers-color-scheme:dark){body{background:#17151b;color:#ece9f1}.wrong{background:#5a2320}
code{background:#2a2730}tr+tr td,.set{border-color:#38343f}.small{color:#a29cac}}
"""


def write_page(path: Path, report: Report, judged: Sequence[JudgedSet], command: str) -> None:
    """Write the page to ``path``; its folder is made. Raises ``StorageProblem``.

    ``judged`` is shown in the order given; ``command`` is what makes the same figures again.
    """
    text = "".join(_page(report, judged, command))
    with storage("writing the report", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check_page(path: Path) -> None:
    """Raise ``StorageProblem`` unless a page can be written to ``path``, before hours are spent."""
    with storage("looking whether the report can be written", path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "This is a folder, not a file", str(path))
        if path.exists():
            path.open("ab").close()
        else:
            folder = path.parent.absolute()
            for place in (folder, *folder.parents):
                if place.is_file():
                    raise NotADirectoryError(errno.ENOTDIR, "A file is in the way", str(place))
            probe(nearest(folder))


def _page(report: Report, judged: Sequence[JudgedSet], command: str) -> Iterator[str]:
    title = escape(f"{report.task} on {report.model}: {report.n} sets")
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
    yield from _facts(report, command)
    for name, group in table(report).items():
        yield f"<h2>{escape(name.capitalize())}</h2>"
        yield from _figures(group)
    yield from _metrics(report)
    yield f"<h2>The {len(judged)} sets, worst first</h2>"
    for one in judged:
        yield from _set(one)
    yield "</body></html>\n"


def _facts(report: Report, command: str) -> Iterator[str]:
    facts = [
        f"seed {report.seed}, {report.steps} steps, engine {report.engine}",
        f"LoRA: {', '.join(report.adapters) or 'none'}",
        f"requests: {report.requests}",
    ]
    if report.stopped or report.n < report.asked:
        why = "stopped" if report.stopped else "sets failed"
        facts.append(f"{why}: {report.n} of {report.asked} sets were judged")
    yield "<p>" + "<br>".join(escape(fact) for fact in facts)
    yield f"<br>again: <code>{escape(command)}</code></p>"


def _figures(group: Mapping[str, Figure]) -> Iterator[str]:
    yield "<table><tr><th></th><th>mean</th><th>95 % interval</th><th>chance</th><th>scores</th>"
    yield "<th>sets</th></tr>"
    for name, figure in group.items():
        cells = (
            number(figure.value),
            f"{number(figure.low)} to {number(figure.high)}",
            number(figure.chance),
            str(figure.n),
            str(figure.sets),
        )
        yield f"<tr><td>{escape(name)}</td>"
        yield "".join(f'<td class="n">{escape(cell)}</td>' for cell in cells) + "</tr>"
    yield "</table>"


def _metrics(report: Report) -> Iterator[str]:
    yield "<h2>The metrics themselves</h2><table>"
    for name, facts in report.metrics.items():
        yield f"<tr><td>{escape(name)}</td><td>"
        yield "<br>".join(f"{escape(key)}: {escape(plain(fact))}" for key, fact in facts.items())
        yield "</td></tr>"
    yield "</table>"


def plain(fact: object) -> str:
    """What a metric reports of itself, for people: groups apart by ";", as "drawn: right 1.000"."""
    if isinstance(fact, dict):
        groups = any(isinstance(value, dict) for value in fact.values())
        between, mark = ("; ", ": ") if groups else (", ", " ")
        return between.join(f"{key}{mark}{plain(value)}" for key, value in fact.items())
    return number(fact) if isinstance(fact, float) else str(fact)


def _set(one: JudgedSet) -> Iterator[str]:
    draft = one.drawn.draft
    yield f'<div class="set"><div>{_picture(one.drawn.sheet)}'
    yield f'<p class="small">{escape(one.folder.name)}, seed {one.seed}, '
    yield f"goodness {number(one.goodness)}</p></div><div><p>{escape(draft.summary)}</p><ol>"
    for index, text in enumerate(draft.panels):
        yield f"<li>{escape(text)}"
        rows = [s for s in _scores(one) if s.panel == index]
        yield from _rows(rows)
        yield "</li>"
    yield "</ol>"
    yield from _rows([score for score in _scores(one) if score.panel is None])
    yield "</div></div>"


def _scores(one: JudgedSet) -> list[Score]:
    return [score for scores in one.scores.values() for score in scores]


def _rows(scores: Sequence[Score]) -> Iterator[str]:
    if not scores:
        return
    yield '<table class="small"><tr><th></th><th>asked</th><th>read</th><th>score</th>'
    yield "<th>sure</th></tr>"
    for score in scores:
        wrong = ' class="wrong"' if score.share and score.value < 1 else ""
        cells = (f"{score.about}: {score.name}", score.asked or "", score.read or "")
        yield f"<tr{wrong}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f'<td class="n">{number(score.value)}</td><td class="n">{number(score.sure)}</td>'
        yield "</tr>"
    yield "</table>"


def _picture(sheet: Path) -> str:
    picture = open_picture(sheet).convert("RGB")
    picture.thumbnail((LONGEST, LONGEST))
    data = io.BytesIO()
    picture.save(data, "PNG")
    code = base64.b64encode(data.getvalue()).decode("ascii")
    width, height = picture.size
    size = f'width="{width}" height="{height}"'
    return f'<img alt="the sheet" {size} src="data:image/png;base64,{code}">'


def number(value: float | None) -> str:
    """A figure for people: three places, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"
