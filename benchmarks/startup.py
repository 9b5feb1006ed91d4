"""How long ``icl-studio --help`` takes over ``python -c "import typer, rich"``.

Both are started in turn in one run, so that a busy machine slows both; the figure is the
ratio of the medians. Bound: 1.5 (issue 2).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time

BOUND = 1.5


def seconds(command: list[str]) -> float:
    """Wall time of one run of ``command``."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(rounds: int) -> dict[str, float]:
    script = shutil.which("icl-studio")
    studio = [script] if script else [sys.executable, "-m", "icl_studio"]
    commands = {
        "bare": [sys.executable, "-c", "import typer, rich"],
        "help": [*studio, "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        seconds(command)  # fills the caches
    for number in range(rounds):
        order = list(commands) if number % 2 else list(reversed(commands))
        for name in order:
            times[name].append(seconds(commands[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {**medians, "ratio": medians["help"] / medians["bare"], "bound": BOUND}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.rounds)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(f"python -c 'import typer, rich'  {result['bare'] * 1000:6.0f} ms")
        print(f"icl-studio --help               {result['help'] * 1000:6.0f} ms")
        print(f"ratio {result['ratio']:.2f} (bound {BOUND})")
    return int(result["ratio"] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
