"""The page ``docs/embedded-tasks.md``: a sheet of each of the ten tasks, and its figures.

    python benchmarks/embedded_tasks.py --n 48 --seed 0

draws ``--n`` held-out sets a task with the embedded model, reads them back with the oracle,
measures the oracle itself on drawn panels, through the model's autoencoder and on noise, and writes
the page and one small JPEG a task. What is finished is kept in ``--work``; the same command goes
on.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measuring import Measured, Studio, percent, read_json, rows, say, write_json
from PIL import Image

from icl_studio.domain.model import AdapterUse
from icl_studio.sets.record import member, read_record

ROOT = Path(__file__).parents[1]
ENLARGED = 2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", help="only these; can be repeated")
    parser.add_argument("--n", type=int, default=48, help="sets a task")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--checked", type=int, default=24, help="panels a task on which the oracle is measured"
    )
    parser.add_argument("--model", default="tiny", help="a model's id or folder")
    parser.add_argument("--own-adapters", action="store_true", help="with the tasks' own adapters")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "embedded-tasks")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "embedded-tasks.md")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images" / "tasks")
    parser.add_argument("--json", action="store_true", help="print all figures as well")
    args = parser.parse_args()
    studio = Studio(args.work, args.model, args.threads)
    tasks = args.task or [task for task in studio.registry.tasks if task in known_tasks()]
    found: dict[str, tuple[Measured, dict[str, Any]]] = {}
    with studio.working():
        for task in tasks:
            arm, uses = "base", ()
            own = studio.registry.task(task).adapter_for(studio.base.spec.family)
            if args.own_adapters and own is not None:
                arm, uses = "own", (AdapterUse(source=own.source, weight=own.weight),)
            measured = studio.measure(task, args.n, args.seed, arm, uses)
            found[task] = measured, own_accuracy(studio, task, args.checked, args.seed)
            picture(measured, args.images / f"{task}.jpg")
    command = shlex.join(["python", "benchmarks/embedded_tasks.py", *sys.argv[1:]])
    args.page.parent.mkdir(parents=True, exist_ok=True)
    args.page.write_text("".join(page(studio, found, args, command)), encoding="utf-8")
    print(args.page)
    if args.json:
        print(json.dumps({task: {"sets": m.sets, "oracle": o} for task, (m, o) in found.items()}))


def known_tasks() -> tuple[str, ...]:
    """The tasks that the embedded world has a meaning for."""
    from icl_tiny.world import LAYOUTS

    return tuple(LAYOUTS)


def own_accuracy(studio: Studio, task: str, panels: int, seed: int) -> dict[str, Any]:
    """How often the oracle is right by itself, by way; each starts from quite another panel."""
    asked = {"model": studio.stamp, "panels": panels, "seed": seed}
    path = studio.work / "figures" / f"{task}-oracle.json"
    kept = read_json(path)
    if kept.get("asked") == asked:
        return dict(kept["found"])
    from icl_tiny.oracle.accuracy import accuracy
    from icl_tiny.oracle.roundtrip import roundtrip

    found: dict[str, Any] = {}
    through: dict[str, Any] = {"drawn": None, "decoded": roundtrip(studio.base.folder)}
    for name, way in {**through, "noise": "noise"}.items():
        say(f"\r{task}: the oracle on panels {name} ")
        result = accuracy(panels, seed, way, task)
        found[name] = {"panels": panels, "right": result.overall, "readable": result.readable}
    say("\n")
    write_json(path, {"asked": asked, "found": found})
    return found


def picture(measured: Measured, path: Path) -> None:
    """The sheet of the first request, not of the best, twice as large as the model draws it."""
    folder = Path(measured.sets[0]["folder"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(member(folder, read_record(folder).sheet)) as sheet:
        size = (sheet.width * ENLARGED, sheet.height * ENLARGED)
        large = sheet.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    large.save(path, quality=88, optimize=True)


def page(
    studio: Studio,
    found: dict[str, tuple[Measured, dict[str, Any]]],
    args: argparse.Namespace,
    command: str,
) -> Iterator[str]:
    """The page, piece by piece."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    drawn_with = "the tasks' own adapters" if args.own_adapters else "no adapter"
    yield (
        f"# The embedded model's ten tasks, measured\n\nWritten by `{command}` on {day}; weights "
        f"`{studio.stamp[:12]}`, {drawn_with}, {args.n} sets a task, seed {args.seed}.\n\n"
        "Requests are held out: combinations of attributes that were in no training picture, in "
        "sentences that were in no training caption. Sets are read back by the oracle. Figures are "
        "per cent with their 95 % interval over sets; [evaluate.md](evaluate.md) says what each "
        "means. The pictures show the first request of each task, not the best.\n\n"
    )
    yield summary(found)
    yield (
        "\n*adherence*: facts of panels that are as asked; *agree*: facts that should agree over a "
        "set and do; *differ*: facts of two panels that should differ and do; *same subject*: sets "
        "that agree in all of them; *exactly as asked*: sets that do, and are as asked. What the "
        f"oracle itself gets right is measured on {args.checked} drawn panels a task, as they are "
        f"and through this model's autoencoder; of {args.checked} panels of noise the last figure "
        "is the share that it took for pictures.\n"
    )
    base = args.page.parent.resolve()
    for task, (measured, _) in found.items():
        image = relative(args.images / f"{task}.jpg", base)
        folder = Path(measured.sets[0]["folder"])
        caption = read_record(folder).request.caption
        yield f"\n## {studio.registry.task(task).title}\n\n![{task}]({image.as_posix()})\n\n"
        yield f"> {escaped(caption)}\n\n"
        yield details(measured)


def relative(path: Path, start: Path) -> Path:
    """``path`` as seen from the folder ``start``."""
    return Path(os.path.relpath(path.resolve(), start))


def escaped(caption: str) -> str:
    """A caption whose markers Markdown leaves alone."""
    return caption.replace("[", "\\[").replace("]", "\\]").replace("<", "&lt;")


def summary(found: dict[str, tuple[Measured, dict[str, Any]]]) -> str:
    """One line a task."""
    header = ("task", "adherence", "agree", "differ", "same subject", "exactly as asked")
    lines = []
    for task, (measured, oracle) in found.items():
        cells = [percent(measured.figure(about)) for about in ("adherence", "consistency")]
        cells += [percent(measured.figure("diversity"))]
        cells += [percent(measured.figure("whole", name)) for name in ("same", "exact")]
        drawn, decoded, noise = (oracle[name] for name in ("drawn", "decoded", "noise"))
        own = f"{100 * drawn['right']:.1f} / {100 * decoded['right']:.1f} / "
        lines.append([task, *cells, own + f"{100 * noise['readable']:.0f}"])
    return rows((*header, "oracle: drawn / decoded / noise"), lines)


def details(measured: Measured) -> str:
    """Every figure of one task."""
    titles = {"adherence": "as asked", "consistency": "agrees", "diversity": "differs"}
    lines = []
    for about, title in titles.items():
        for name in measured.names(about):
            estimate = measured.figure(about, name)
            chance = measured.chance(about, name)
            shown = "" if chance is None else f"{100 * chance:.0f}"
            scores = str(estimate.scores) if estimate else ""
            lines.append((name, title, percent(estimate), shown, scores))
    readable = measured.figure("whole", "readable")
    lines.append(("panels", "can be read", percent(readable), "", ""))
    return rows(("fact", "", "per cent (95 % interval)", "chance", "scores"), lines)


if __name__ == "__main__":
    main()
