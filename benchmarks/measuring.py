"""What the benchmarks of sets share: one warm worker, readings by the oracle, tables.

The same requests, seeds, pictures and figures as `icl-studio evaluate`, only that many evaluations
use one worker and read panels on all cores. What is finished is kept and found again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icl_studio.domain.events import Failed, Finished
from icl_studio.domain.model import AdapterUse
from icl_studio.engines.metrics import DrawnSet, MetricOptions, Score
from icl_studio.evaluate.asking import Ask, agree
from icl_studio.evaluate.intervals import Estimate, mean, share
from icl_studio.evaluate.running import drawn_sets, plan_sets
from icl_studio.generate.running import Outcome
from icl_studio.models.adapters import resolve_adapter
from icl_studio.models.find import find_model
from icl_studio.models.locate import locate
from icl_studio.paths import UserFolders, user_folders
from icl_studio.plugins import Registry, load_registry
from icl_studio.settings import Settings
from icl_studio.worker.client import WorkerClient

ABOUTS = ("adherence", "consistency", "diversity", "whole")


@dataclass
class Measured:
    """One evaluation. ``sets`` holds for each set its folder and (about, name, value, chance)."""

    task: str
    n: int
    seed: int
    sets: list[dict[str, Any]] = field(default_factory=list)

    def figure(self, about: str, name: str | None = None) -> Estimate | None:
        """Mean and 95 % interval of a figure, or of all shares that are ``about`` something.

        None when nothing was scored.
        """
        groups = [
            [one[2] for one in made["scores"] if one[0] == about and name in (None, one[1])]
            for made in self._shares(name)
        ]
        if not any(groups):
            return None
        return mean(groups, self.seed) if name == "picture" else share(groups)

    def chance(self, about: str, name: str) -> float | None:
        """What guessing would give, as a mean over the scores; None where that is unknown."""
        scores = (one for made in self.sets for one in made["scores"])
        known = [one[3] for one in scores if (one[0], one[1]) == (about, name)]
        return None if not known or None in known else sum(known) / len(known)

    def names(self, about: str) -> list[str]:
        """The facts that were scored, in the order in which they first were."""
        scores = (one for made in self.sets for one in made["scores"])
        return list(dict.fromkeys(one[1] for one in scores if one[0] == about))

    def each(self, about: str) -> list[float | None]:
        """Each set's mean share; None for a set without such a score."""
        values = [
            [one[2] for one in made["scores"] if one[0] == about] for made in self._shares(None)
        ]
        return [sum(some) / len(some) if some else None for some in values]

    def _shares(self, name: str | None) -> list[dict[str, Any]]:
        """The sets without what is no share of right ones, unless that is asked for."""
        if name == "picture":
            return self.sets
        kept = [[one for one in made["scores"] if one[1] != "picture"] for made in self.sets]
        return [{**made, "scores": some} for made, some in zip(self.sets, kept, strict=True)]


def gain(base: Measured, other: Measured, about: str) -> Estimate | None:
    """By how much ``other`` is better, set by set on the same requests and seeds.

    The interval is the bootstrap over sets of the paired differences.
    """
    pairs = zip(base.each(about), other.each(about), strict=True)
    differences = [[b - a] for a, b in pairs if a is not None and b is not None]
    return mean(differences, base.seed) if differences else None


class Studio:
    """Folders, plugins and one warm worker; use it in a ``with``."""

    def __init__(self, work: Path, model: str, threads: int) -> None:
        """Everything it writes lies in ``work``; ``threads`` are the worker's and the readers'."""
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ["ICL_STUDIO_HOME"] = str(work.absolute() / "home")
        self.work, self.model, self.threads = work.absolute(), model, threads
        self.folders: UserFolders = user_folders()
        self.registry: Registry = load_registry(self.folders, Settings())
        self.base = locate(find_model(model, self.registry), self.folders)
        self.stamp = folder_digest(self.base.folder)
        self._client: WorkerClient | None = None

    @contextmanager
    def working(self) -> Iterator[Studio]:
        """With the worker and the readers at hand."""
        context = multiprocessing.get_context("spawn")
        with (
            WorkerClient(self.folders) as self._client,
            ProcessPoolExecutor(self.threads, mp_context=context) as self._readers,
        ):
            yield self

    def measure(
        self, task: str, n: int, seed: int, arm: str, adapters: Sequence[AdapterUse] = ()
    ) -> Measured:
        """Draw and read ``n`` held-out sets of ``task``, or find that it was done already.

        ``arm`` names what is compared and is part of the file's name.
        """
        stamps = [file_digest(resolve_adapter(use, self.folders).path) for use in adapters]
        asked = {"n": n, "seed": seed, "model": self.stamp, "adapters": stamps, "task": task}
        path = self.work / "figures" / f"{task}-{arm}-{n}-{seed}.json"
        found = read_json(path)
        if found.get("asked") == asked:
            return Measured(task, n, seed, found["sets"])
        drawn = self._draw(task, n, seed, arm, tuple(adapters))
        scores = self._readers.map(read_set, [one for _, one in drawn])
        sets = []
        for (folder, _), some in zip(drawn, scores, strict=True):
            sets.append({"folder": str(folder), "scores": some})
            say(f"\r{task}, {arm}: {len(sets)} of {n} sets read ")
        say("\n")
        write_json(path, {"asked": asked, "sets": sets})
        return Measured(task, n, seed, sets)

    def _draw(
        self, task: str, n: int, seed: int, arm: str, adapters: tuple[AdapterUse, ...]
    ) -> list[tuple[Path, DrawnSet]]:
        ask = Ask(
            model=self.model,
            task=task,
            count=n,
            seed=seed,
            adapters=adapters,
            out=self.work / "sets" / f"{task}-{arm}",
        )
        agreed = agree(ask, self.registry, self.folders)
        jobs = plan_sets(ask, agreed, self.registry, self.folders, ask.out or self.work)
        by_id = {job.id: job for job in jobs}
        made = []
        assert self._client is not None
        for event in self._client.generate(jobs):
            if isinstance(event, Failed):
                sys.exit(f"\n{task}: {event.message}")
            if isinstance(event, Finished):
                made.append((by_id[event.job], event))
                say(f"\r{task}, {arm}: {len(made)} of {n} sets drawn ")
        made.sort(key=lambda pair: jobs.index(pair[0]))
        outcome = Outcome(made=tuple(made), failed=(), cancelled=())
        return [(folder, drawn) for folder, _, drawn in drawn_sets(agreed, jobs, outcome)]


def read_set(drawn: DrawnSet) -> list[tuple[str, str, float, float | None]]:
    """What the oracle says of one set: about, name, value, chance. Runs in a reader's process."""
    from icl_tiny.oracle.metric import create_oracle

    scores: Sequence[Score] = create_oracle(MetricOptions()).judge(drawn)
    return [(one.about, one.name, one.value, one.chance) for one in scores]


def percent(estimate: Estimate | None) -> str:
    """``97.2 (95.0 to 98.6)``, in per cent."""
    if estimate is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{100 * estimate.value:.1f}"
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def points(estimate: Estimate | None) -> str:
    """``+3.1 (0.2 to 6.0)``, in points of a per cent."""
    if estimate is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{100 * estimate.value:+.1f}"
    return f"{100 * estimate.value:+.1f} ({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"


def rows(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    every = [header, ["---"] * len(header), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in every)


def folder_digest(folder: Path) -> str:
    """sha256 over every file of a model's or a data set's folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_json(path: Path) -> Mapping[str, Any]:
    """An object that was kept; empty where there is none, or a torn one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: object) -> None:
    """Keep ``value``; whoever is killed meanwhile leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spare = path.with_name(f".{path.name}.partial")
    spare.write_text(json.dumps(value), encoding="utf-8")
    spare.replace(path)


def say(text: str) -> None:
    """How far it is, on stderr."""
    sys.stderr.write(text)
    sys.stderr.flush()
