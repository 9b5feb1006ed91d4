"""The pictures of the ten tasks in ``resources/tasks``: each task's example by the embedded model.

    python benchmarks/task_pictures.py

Run it again when the weights or the adapters in the resources have changed. It takes the way that a
user takes, ``icl-studio make TASK --example``, in a home of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from icl_tiny.world import LAYOUTS

ROOT = Path(__file__).parents[1]
COLOURS = 256
"""Of a picture's palette: half of the bytes, and hardly seen at this size."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", help="only these; can be repeated")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "tasks")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        for task in args.task or list(LAYOUTS):
            with Image.open(example(task, Path(home))) as sheet:
                small = sheet.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(args.out / f"{task}.png", optimize=True)
            print(args.out / f"{task}.png")


def example(task: str, home: Path) -> Path:
    """The sheet of ``task``'s example."""
    command = [sys.executable, "-m", "icl_studio", "--home", str(home), "make", task]
    done = subprocess.run(
        [*command, "--example", "--json"], stdout=subprocess.PIPE, text=True, check=True
    )
    made = json.loads(done.stdout)
    return Path(made["sets"][0]["sheet"])


if __name__ == "__main__":
    main()
