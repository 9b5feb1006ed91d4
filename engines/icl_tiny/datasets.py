"""Small data sets for tuning a task on the embedded model, drawn from its world.

    python -m icl_tiny.datasets sandstorm-visual-effect --n 50 --out sand-50

writes `0001.png` and `0001.txt` and so on: finished sheets at the embedded model's size with joint
captions, the released format, as `icl-studio train TASK FOLDER` reads it. Combinations that the
world's hash rule holds out for evaluation are never drawn, nor its sentence forms written.
"""

import argparse
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from icl_tiny.captions import join_caption, write_parts
from icl_tiny.world.layouts import LAYOUTS, draw_collage
from icl_tiny.world.sampling import Collage, random_set

MOST = 2000
"""Sets at most: so many different ones the world has of every task."""


def drawn_sets(task: str, n: int, seed: int = 0) -> Iterator[tuple[Collage, Image.Image, str]]:
    """`n` different sets of `task`, each with its sheet and its joint caption.

    The first m of n sets are those that m alone would be: data sets of one seed are nested. Raises
    KeyError for a task that the world does not have.
    """
    rng = random.Random(f"data set/{task}/{seed}")
    layout = LAYOUTS[task]
    stop = "," if task == "film-storyboard" else ";"
    known = set()
    while len(known) < n:
        collage = random_set(rng, task)
        summary, panels = write_parts(rng, collage, task)
        if collage.panels in known:
            continue
        known.add(collage.panels)
        caption = join_caption(layout, summary, panels, stop, logo=True)
        yield collage, draw_collage(layout, collage.panels), caption


def write_data_set(task: str, n: int, folder: Path, seed: int = 0) -> None:
    """Write `n` sets of `task` into the new folder `folder`: all of them, or none.

    Raises FileExistsError where something stands, KeyError for an unknown task, OSError.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; nothing in it was touched")
    folder.parent.mkdir(parents=True, exist_ok=True)
    spare = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(spare, ignore_errors=True)
    spare.mkdir()
    try:
        for number, (_, sheet, caption) in enumerate(drawn_sets(task, n, seed), 1):
            sheet.save(spare / f"{number:04}.png")
            (spare / f"{number:04}.txt").write_text(f"{caption}\n", encoding="utf-8", newline="\n")
        spare.rename(folder)
    finally:
        shutil.rmtree(spare, ignore_errors=True)


def main(words: Sequence[str] | None = None) -> int:
    """The command; 0 when the folder stands, 2 for what the user can mend."""
    parser = argparse.ArgumentParser("python -m icl_tiny.datasets", description=__doc__)
    parser.add_argument("task", choices=sorted(LAYOUTS), metavar="TASK", help=", ".join(LAYOUTS))
    parser.add_argument("--n", type=int, default=50, help="how many sets; the paper has 20 to 100")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="must not exist")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other sets")
    asked = parser.parse_args(words)
    if not 1 <= asked.n <= MOST:
        parser.error(f"--n is {asked.n}, but from 1 to {MOST} can be drawn")
    try:
        write_data_set(asked.task, asked.n, asked.out.expanduser(), asked.seed)
    except OSError as error:
        sys.stderr.write(f"The data set cannot be written: {error}\n")
        return 2
    sys.stdout.write(f"{asked.n} sets of {asked.task} in {asked.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
