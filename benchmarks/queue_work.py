"""What the queue's benchmarks share: a home of its own, a fake engine or a real one, jobs."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from icl_studio.domain.model import ModelSpec
from icl_studio.domain.request import SetRequest, build_request
from icl_studio.engines.protocol import EngineOptions
from icl_studio.paths import UserFolders, user_folders
from icl_studio.plugins import load_registry
from icl_studio.plugins.registry import Registry
from icl_studio.queue.running import Report, Run
from icl_studio.settings import Settings
from icl_studio.testing import FAKE_ENGINE, FakeBehaviour, write_fake_model
from icl_studio.worker.executor import this_machine


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that all of them take."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--model", default="fake", help="tiny or a folder; fake takes the seconds it is told"
    )
    parser.add_argument("--step", type=float, default=0.05, help="seconds of a fake step")
    parser.add_argument("--load", type=float, default=1.0, help="seconds of a fake load")
    parser.add_argument("--steps", type=int, default=20)
    return parser


class Workshop:
    """A temporary home with the ten tasks, the engines, and models to make sets with."""

    def __init__(self, home: Path, args: argparse.Namespace) -> None:
        self.home, self.args = home, args
        self.folders: UserFolders = user_folders(home)
        found = load_registry(self.folders, Settings())
        engines = {**found.engines, FAKE_ENGINE.id: FAKE_ENGINE}
        self.registry: Registry = replace(found, engines=engines)
        self.out = home / "sets"

    def model(self, name: str = "one") -> ModelSpec:
        """The model that was asked for; each ``name`` is another fake one."""
        if self.args.model != "fake":
            from icl_studio.models.find import find_model

            return find_model(self.args.model, self.registry)
        seconds: Any = {"load": self.args.load, "denoise": self.args.step}
        located = write_fake_model(self.home / "models" / name, FakeBehaviour(seconds=seconds))
        return located.spec.model_copy(update={"id": str(located.folder)})

    def request(self, task: str, model: ModelSpec, seed: int, **asked: Any) -> SetRequest:
        spec = self.registry.task(task)
        example = spec.example_for(model.family) or spec.examples[0]
        engine = "fake" if self.args.model == "fake" else "auto"
        given = {"steps": self.args.steps, "adapters": (), "engine": engine, "seed": seed, **asked}
        return build_request(spec, model, example.parts, **given)

    def run(self, workers: int = 1, **options: Any) -> Report:
        """The queue to its end; raises what ended it early."""
        places = this_machine(self.folders, EngineOptions(), workers)
        report = Run(self.folders, self.registry, places, **options).go()
        if report.failure is not None:
            raise report.failure
        assert not report.failed, report.failed
        return report


@contextmanager
def workshop(args: argparse.Namespace) -> Iterator[Workshop]:
    with tempfile.TemporaryDirectory() as folder:
        yield Workshop(Path(folder), args)


def show(title: str, rows: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({title: rows}, indent=2))
        return
    print(title)
    for name, value in rows.items():
        shown = f"{value:.4g}" if isinstance(value, float) else value
        print(f"  {name}: {shown}")
