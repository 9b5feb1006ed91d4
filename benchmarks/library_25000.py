"""A library of 25,000 sets: opening, listing, searching it, by its index and without one.

python benchmarks/library_25000.py [--sets 25000]

Figures are seconds, and ratios of the same question put to the folders themselves
(interleaved, median of three) over the index.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from library_sets import fill
from queue_work import arguments, show

from icl_studio.paths import user_folders
from icl_studio.sets.index import IndexedLibrary, open_index
from icl_studio.sets.library import Library
from icl_studio.sets.search import parse_query

SEARCHES = ("", "fox seed:4711", "rating:>3 flag:pick", '"red hat"', "not:lora:film date:>2026-05")


def seconds(action: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def median(action: Callable[[], Any], times: int = 9) -> float:
    return statistics.median(seconds(action) for _ in range(times))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sets", type=int, default=25_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        root = Path(name) / "sets"
        fill(root, args.sets)
        folders = replace(user_folders(), cache=Path(name) / "cache")
        rows: dict[str, Any] = {}
        with open_index(folders, root) as index:
            rows["first time: reading every record, s"] = seconds(index.refresh)
            rows["size of the index, MB"] = index.file.stat().st_size / 1e6
            rows["again: looking for what has changed, s"] = median(index.refresh, 3)
            keys = index.keys(parse_query(""))
            assert len(keys) == args.sets
            middle = keys[len(keys) // 2 :][:200]
            rows["a page of 200 rows in the middle, ms"] = 1000 * median(lambda: index.rows(middle))
            for text in SEARCHES:
                query = parse_query(text)
                took = median(lambda query=query: index.keys(query))
                rows[f"search {text or '(all)'!r}: {len(index.keys(query)):,} sets, ms"] = (
                    1000 * took
                )
        plain, indexed = Library(root), IndexedLibrary(root, folders)
        both: list[tuple[float, float]] = []
        for _ in range(3):
            both.append(
                (
                    seconds(lambda: plain.search("fox seed:4711")),
                    seconds(lambda: indexed.find("fox seed:4711", limit=50)),
                )
            )
        rows["a search by reading every record, s"] = statistics.median(a for a, _ in both)
        rows["the same by the index, refresh included, s"] = statistics.median(b for _, b in both)
        rows["ratio"] = statistics.median(a / b for a, b in both)
    show(f"library of {args.sets:,} sets", json.loads(json.dumps(rows)), as_json=args.json)


if __name__ == "__main__":
    main()
