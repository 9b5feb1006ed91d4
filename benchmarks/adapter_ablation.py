"""How many sets an adapter needs, and whether captions must be joint: a table and a plot.

    python benchmarks/adapter_ablation.py --task sandstorm-visual-effect --n 48

On one paired task, which the base model's joint training never saw: data sets of 5, 20, 50 and 100
sets (each holds the smaller ones), and one of ``--sets`` sets with the captions of the panels
alone: every panel is told whole, and nothing tells what they share. All else is the same:
recipe, seeds, held-out requests (joint ones). Appends to ``docs/adapters-measured.md``, or replaces
what it wrote there before. What is finished is kept in ``--work``; the same command goes on.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from measuring import Measured, Studio, gain, percent, points, rows
from tuning import ABLATION, ROOT, Tuned, add_options, describe, recipe_of, tune

from icl_studio.evaluate.intervals import Estimate
from icl_studio.training.recipe import Recipe
from icl_tiny.captions import join_caption
from icl_tiny.captions.describe import describe as described
from icl_tiny.captions.shots import panel_text
from icl_tiny.datasets import drawn_sets, write_data_set
from icl_tiny.world import LAYOUTS, Shot
from icl_tiny.world.sampling import PAIRED

SIZES = (5, 20, 50, 100)
FIGURES = {"adherence": "as asked", "consistency": "agree", "diversity": "differ"}
NONE = Estimate(0.0, None, None, 0, 0)
COLOURS = {"adherence": "#2b6cb0", "consistency": "#b7791f", "diversity": "#2f855a"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=PAIRED, default=PAIRED[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    add_options(parser, sets=100)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "ablation")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "adapters-measured.md")
    parser.add_argument(
        "--plot", type=Path, default=ROOT / "docs" / "images" / "adapter-ablation.svg"
    )
    args = parser.parse_args()
    studio, recipe = Studio(args.work, args.model, args.threads), recipe_of(args)
    sizes = sorted({*args.sizes, args.sets})
    tuned = {f"{n} sets": joint(studio, args.task, n, recipe) for n in sizes}
    alone = f"{args.sets} sets, panel captions alone"
    tuned[alone] = panels_alone(studio, args.task, args.sets, recipe)
    with studio.working():
        base = studio.measure(args.task, args.n, args.seed, "base")
        found = {
            name: studio.measure(args.task, args.n, args.seed, one.file.stem, (one.use,))
            for name, one in tuned.items()
        }
    args.plot.parent.mkdir(parents=True, exist_ok=True)
    curve = [(0, base), *((n, found[f"{n} sets"]) for n in sizes)]
    args.plot.write_text(plot(args.task, curve), encoding="utf-8")
    command = shlex.join(["python", "benchmarks/adapter_ablation.py", *sys.argv[1:]])
    text = "".join(section(args, recipe, command, base, found, alone))
    write_section(args.page, text)
    print(args.page)


def joint(studio: Studio, task: str, n: int, recipe: Recipe) -> Tuned:
    """The adapter tuned on ``n`` sets with joint captions."""
    data = studio.work / "data" / f"{task}-{n}-{recipe.seed}"
    if not data.is_dir():
        write_data_set(task, n, data, recipe.seed)
    return tune(studio, task, data, recipe, f"{task}-{n}-joint")


def panels_alone(studio: Studio, task: str, n: int, recipe: Recipe) -> Tuned:
    """The adapter tuned on the same ``n`` sheets, each panel told whole and nothing in common."""
    data = studio.work / "data" / f"{task}-{n}-{recipe.seed}-alone"
    if not data.is_dir():
        spare = data.with_name(f".{data.name}.partial")
        shutil.rmtree(spare, ignore_errors=True)
        write_data_set(task, n, spare, recipe.seed)
        rng = random.Random(f"panel captions/{task}/{recipe.seed}")
        for number, (collage, _, _) in enumerate(drawn_sets(task, n, recipe.seed), 1):
            texts = [
                panel_text(rng, shot, described(rng, shot.creature))
                for shot in collage.panels
                if isinstance(shot, Shot)
            ]
            caption = join_caption(LAYOUTS[task], "two pictures", tuple(texts), ";")
            (spare / f"{number:04}.txt").write_text(f"{caption}\n", encoding="utf-8")
        spare.rename(data)
    return tune(studio, task, data, recipe, f"{task}-{n}-alone")


def section(
    args: argparse.Namespace,
    recipe: Recipe,
    command: str,
    base: Measured,
    found: dict[str, Measured],
    alone: str,
) -> Iterator[str]:
    """What the page says of it."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    plain = found[f"{args.sets} sets"]
    yield ABLATION
    yield (
        f"\nWritten by `{command}` on {day}: {args.task}, {args.n} held-out requests, seed "
        f"{args.seed}, every adapter with the same recipe ({describe(recipe)}). Data sets of one "
        "seed are nested. *Panel captions alone*: the same sheets, but every panel told whole by "
        "itself and nothing said of the set; the requests stay joint. Gains over the base model in "
        "points, paired by request.\n\n"
    )
    header = ["data", *(name for title in FIGURES.values() for name in (title, "gain"))]
    lines = [["none (base)", *(v for about in FIGURES for v in (percent(base.figure(about)), ""))]]
    for name, measured in found.items():
        cells = []
        for about in FIGURES:
            cells += [percent(measured.figure(about)), points(gain(base, measured, about))]
        lines.append([name, *cells])
    yield rows(header, lines)
    yield f"\nJoint captions over panel captions alone, {args.sets} sets: "
    told = (
        f"{title} {points(gain(found[alone], plain, about))}" for about, title in FIGURES.items()
    )
    yield "; ".join(told) + ".\n"
    yield f"\n![Figures by the number of sets]({relative(args.plot, args.page)})\n"


def relative(path: Path, page: Path) -> str:
    """``path`` as a link on ``page``."""
    return Path(os.path.relpath(path.resolve(), page.parent.resolve())).as_posix()


def write_section(page: Path, text: str) -> None:
    """Put the section at the page's end, instead of one that stands there."""
    page.parent.mkdir(parents=True, exist_ok=True)
    before = page.read_text(encoding="utf-8") if page.is_file() else "# Adapters, measured\n"
    page.write_text(before.partition(ABLATION)[0].rstrip() + "\n" + text, encoding="utf-8")


def plot(task: str, curve: list[tuple[int, Measured]]) -> str:
    """An SVG: one line a figure with its intervals, the number of sets evenly spaced."""
    width, height, left, top, bottom = 640, 360, 60, 40, 50
    step = (width - left - 30) / max(1, len(curve) - 1)

    def y(value: float) -> float:
        return top + (1 - value) * (height - top - bottom)

    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{left}" y="20">{task}: per cent by the number of sets</text>',
    ]
    for tenth in range(0, 11, 2):
        line = y(tenth / 10)
        pieces.append(
            f'<line x1="{left}" x2="{width - 20}" y1="{line:.1f}" y2="{line:.1f}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{line + 4:.1f}" text-anchor="end">{tenth * 10}</text>'
        )
    for k, (sets, _) in enumerate(curve):
        label = "base" if sets == 0 else str(sets)
        x = left + 10 + k * step
        pieces.append(f'<text x="{x:.1f}" y="{height - 28}" text-anchor="middle">{label}</text>')
    for row, (about, title) in enumerate(FIGURES.items()):
        estimates = [measured.figure(about) or NONE for _, measured in curve]
        # A little apart from each other, so that intervals do not hide one another.
        xs = [left + 10 + k * step + 4 * (row - 1) for k in range(len(curve))]
        colour = COLOURS[about]
        line = " ".join(f"{x:.1f},{y(e.value):.1f}" for x, e in zip(xs, estimates, strict=True))
        pieces.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, one in zip(xs, estimates, strict=True):
            low = one.value if one.low is None else one.low
            high = one.value if one.high is None else one.high
            pieces.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}" '
                f'stroke="{colour}"/><circle cx="{x:.1f}" cy="{y(one.value):.1f}" r="4" '
                f'fill="{colour}"/>'
            )
        place = left + 10 + row * 120
        pieces.append(f'<text x="{place}" y="{height - 8}" fill="{colour}">{title}</text>')
    return "".join(pieces) + "</svg>\n"


if __name__ == "__main__":
    main()
