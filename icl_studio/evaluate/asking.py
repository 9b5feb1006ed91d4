"""What is to be evaluated: task, model, metrics, and where its requests come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..domain.model import AdapterUse, ModelSpec
from ..domain.task import TaskSpec
from ..engines.metrics import Draft, MetricOptions, MetricSpec
from ..engines.protocol import EngineOptions
from ..errors import NotFound, PluginProblem, RequestInvalid
from ..models.find import find_model
from ..paths import UserFolders
from ..plugins import Registry
from .drafts import examples, read_drafts, repeated
from .judging import write

DEFAULT_TASK = "film-storyboard"
DEFAULT_COUNT = 48
MOST = 2000
"""More sets than this would not fit into one message to a metric, and tell nothing more."""


@dataclass(frozen=True)
class Ask:
    """What a user asks of an evaluation; None leaves it to task or model.

    ``metrics`` empty: those made for the model's family. ``weights`` maps a metric's id to the
    folder of the model it needs; the key ``""`` serves metrics that are not named.
    """

    model: str
    task: str = DEFAULT_TASK
    count: int | None = None
    seed: int = 0
    adapters: tuple[AdapterUse, ...] | None = None
    steps: int | None = None
    engine: str = "auto"
    options: EngineOptions = field(default_factory=EngineOptions)
    batch: int = 1
    requests: Path | None = None
    metrics: tuple[str, ...] = ()
    weights: dict[str, Path] = field(default_factory=dict)
    out: Path | None = None


@dataclass(frozen=True)
class Agreed:
    """An :class:`Ask` after everything in it was found: what will be made, and who judges it.

    ``source`` says in words where the requests come from.
    """

    task: TaskSpec
    model: ModelSpec
    drafts: tuple[Draft, ...]
    metrics: tuple[tuple[MetricSpec, MetricOptions], ...]
    source: str


def agree(ask: Ask, registry: Registry, folders: UserFolders) -> Agreed:
    """Find everything that ``ask`` names. Nothing is drawn, no model is loaded.

    Raises ``NotFound`` (task, model, metric, no requests), ``RequestInvalid`` and
    ``PluginProblem``.
    """
    task = registry.task(ask.task)
    model = find_model(ask.model, registry)
    chosen = [registry.metric(name) for name in dict.fromkeys(ask.metrics)]
    for metric in chosen:
        _check_metric(metric, model)
    _check_weights(ask, chosen)
    drafts, source, author = _drafts(ask, task, model, registry, folders)
    if not chosen:
        # A metric that writes requests judges those of its own, whose truth it knows.
        chosen = [
            metric
            for metric in registry.metrics.values()
            if metric.family == model.family and (not metric.requests or metric == author)
        ]
    chosen = [metric for metric in chosen if not metric.requests or metric == author]
    if not chosen:
        raise _no_metric(ask, model, registry, author)
    options = [
        MetricOptions(
            weights=ask.weights.get(metric.id, ask.weights.get("")),
            device=ask.options.device,
            seed=ask.seed,
        )
        for metric in chosen
    ]
    return Agreed(task, model, drafts, tuple(zip(chosen, options, strict=True)), source)


def _drafts(
    ask: Ask, task: TaskSpec, model: ModelSpec, registry: Registry, folders: UserFolders
) -> tuple[tuple[Draft, ...], str, MetricSpec | None]:
    """The requests, where they come from in words, and the metric that wrote them, if one did."""
    if ask.requests is not None:
        drafts = read_drafts(ask.requests, task)
        return repeated(drafts, ask.count or len(drafts)), str(ask.requests), None
    for metric in registry.metrics.values():
        if metric.requests and metric.family == model.family:
            count = ask.count or DEFAULT_COUNT
            drafts = write(metric, task.id, count, ask.seed, folders)
            return drafts, f"{count} held-out requests of the metric {metric.id}", metric
    drafts = examples(task, model.family)
    if not drafts:
        raise NotFound(
            f"There is no request to evaluate the task {task.id!r} with on the model {model.id!r}.",
            fix='Give --requests FILE: a JSON list of {"summary": "…", "panels": ["…", …]}.',
        )
    return repeated(drafts, ask.count or len(drafts)), f"examples of the task {task.id}", None


def _check_metric(metric: MetricSpec, model: ModelSpec) -> None:
    missing = metric.missing()
    if missing:
        raise PluginProblem(
            f"The metric {metric.id!r} needs {', '.join(missing)}, which is not installed.",
            fix="Run `icl-studio doctor` to see what to install, or choose another --metric.",
        )
    if metric.family and metric.family != model.family:
        raise RequestInvalid(
            f"The metric {metric.id!r} judges pictures of {metric.family} models only; "
            f"{model.id!r} is of the family {model.family}.",
            fix="Choose another --metric.",
        )


def _check_weights(ask: Ask, chosen: Sequence[MetricSpec]) -> None:
    names = {metric.id for metric in chosen}
    for name, folder in ask.weights.items():
        if name and name not in names:
            raise RequestInvalid(
                f"--weights names the metric {name!r}, which is not asked for.",
                fix=f"Add --metric {name}, or leave it out.",
            )
        if not folder.is_dir():
            raise NotFound(
                f"There is no folder {folder}.", fix="Give the folder of a downloaded model."
            )


def _no_metric(
    ask: Ask, model: ModelSpec, registry: Registry, author: MetricSpec | None
) -> NotFound:
    if ask.metrics and author is None:
        what = f"The metric {ask.metrics[0]!r} knows the truth of its own requests only."
        return NotFound(what, fix="Leave out --requests, or choose another --metric.")
    free = [metric.id for metric in registry.metrics.values() if not metric.family]
    fix = "Give " + " ".join(f"--metric {name}" for name in free) if free else ""
    return NotFound(
        f"No metric judges pictures of {model.id!r} by itself.",
        fix=f"{fix} (see docs/evaluate.md for the weights they need)." if fix else "",
    )
