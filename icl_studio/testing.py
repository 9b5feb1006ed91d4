"""Fakes that implement the real interfaces, for tests of ICL Studio and of its plugins.

:class:`FakeEngine` computes deterministic pictures without any model library, in a
millisecond, and can be told to take its time or to go wrong in any phase. It is found as
every engine is, through its :class:`EngineSpec`, so it runs in a real worker process::

    model = write_fake_model(tmp_path / "fake")
    job = GenerateJob(..., model=model, engine=FAKE_ENGINE)
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from pydantic import Field

from .domain.geometry import CanvasRule, Size
from .domain.model import ModelSpec
from .domain.problems import Frozen
from .engines.metrics import Draft, DrawnSet, MetricOptions, MetricSpec, Score
from .engines.protocol import (
    AdapterFile,
    DenoiseItem,
    EngineFacts,
    EngineOptions,
    EngineSpec,
    LocatedModel,
    Measure,
    StepReport,
    Verb,
)
from .errors import AdapterRejected, NotFound, OutOfMemory, RequestInvalid
from .sets.files import storage

BEHAVIOUR_FILE = "fake-engine.json"
DIARY_FILE = "fake-diary.jsonl"

FAKE_ENGINE = EngineSpec(
    id="fake",
    title="Fake engine for tests",
    factory="icl_studio.testing:create_fake_engine",
    trainer="icl_studio.testing_trainer:fake_train",
    exporter="icl_studio.testing_builder:fake_export",
    builder="icl_studio.testing_builder:fake_build",
)

Phase = Literal["load", "encode", "denoise", "decode", "save", "train"]
Trouble = Literal[
    "user-error", "out-of-memory", "memory-error", "full-disk", "error", "exit", "crash", "hang"
]


FAKE_MEASURES = (
    Measure(id="phases", told="one phase at a time.", relieves=("encode", "denoise", "decode")),
    Measure(id="tiles", told="in tiles.", relieves=("decode",), changes_pixels=True),
    Measure(id="layers", told="layer by layer.", relieves=("encode", "denoise")),
)


class FakeBehaviour(Frozen):
    """What a fake model's folder says of the engine that loads it.

    ``seconds`` maps phases to how long they take (``denoise``: one step). ``trouble`` comes
    up in phase ``at``, once its first step is done, and only for captions that contain
    ``caption`` (in load and save: always). ``chatter`` prints on every way to stdout there
    is. ``diary`` has every deed written down (:func:`read_diary`). Of the pretended memory,
    ``largest_batch`` sheets fit into it, and a verb in ``needs`` fits once the named one of
    :data:`FAKE_MEASURES` acts; for another name it never does.
    """

    seconds: dict[Phase, float] = Field(default_factory=dict)
    trouble: Trouble | None = None
    at: Phase = "denoise"
    caption: str = ""
    chatter: bool = False
    diary: bool = False
    largest_batch: int = 64
    needs: dict[Verb, str] = Field(default_factory=dict)


def write_fake_model(folder: Path, behaviour: FakeBehaviour | None = None) -> LocatedModel:
    """Write a model folder that :class:`FakeEngine` can load; creates or replaces it.

    It passes for a diffusers FLUX folder (without a single weight), so that it can be named
    with ``--model``. Its tokenizer counts words; panels have a short side of 32 pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rule = CanvasRule(canvas_multiple=16, panel_short_side=32)
    own = {"family": "fake", "canvas": rule.model_dump(), "max_sequence_length": 128}
    texts = {
        BEHAVIOUR_FILE: (behaviour or FakeBehaviour()).model_dump_json(indent=2),
        "model_index.json": '{"_class_name": "FluxPipeline"}',
        "icl_studio.json": json.dumps(own),
        "scheduler/scheduler_config.json": "{}",
        "tokenizer/vocab.json": "{}",
        "tokenizer_2/tokenizer.json": _word_counter(),
    }
    for name in ("transformer", "vae", "text_encoder", "text_encoder_2"):
        texts[f"{name}/config.json"] = "{}"
        texts[f"{name}/model.safetensors"] = "\2" + "\0" * 7 + "{}"  # a file of no tensors
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    spec = ModelSpec(
        id="fake",
        title="Fake model",
        source=str(folder),
        family="fake",
        canvas=rule,
        max_sequence_length=128,
    )
    return LocatedModel(spec=spec, folder=folder)


def _word_counter() -> str:
    """A ``tokenizer.json`` that makes every word one (unknown) token."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return str(tokenizer.to_str())


def read_diary(model: LocatedModel) -> list[tuple[str, ...]]:
    """What engines of ``model`` did so far, in order: the verb, then captions or seeds."""
    file = model.folder / DIARY_FILE
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [tuple(json.loads(line)) for line in lines]


def create_fake_engine(model: LocatedModel, options: EngineOptions) -> FakeEngine:
    """The factory that :data:`FAKE_ENGINE` names; raises ``OSError`` without a model folder."""
    text = (model.folder / BEHAVIOUR_FILE).read_text(encoding="utf-8")
    return FakeEngine(model, options, FakeBehaviour.model_validate_json(text))


@dataclass(frozen=True)
class FakeStep:
    """The fake's step report; its preview is the sheet at an eighth of its size."""

    step: int
    total: int
    sheets: tuple[Image.Image, ...]

    def preview(self, index: int) -> Image.Image:
        sheet = self.sheets[index]
        return sheet.resize((max(1, sheet.width // 8), max(1, sheet.height // 8)))


class FakeEngine:
    """An :class:`~icl_studio.engines.protocol.Engine` whose pictures are four-colour checks.

    Pixels depend on caption, seed, sampling, canvas and adapters, as a real engine's do.
    """

    def __init__(
        self, model: LocatedModel, options: EngineOptions, behaviour: FakeBehaviour
    ) -> None:
        self._model = model
        self._options = options
        self._behaviour = behaviour
        self._adapters: tuple[AdapterFile, ...] = ()
        self._measures: set[str] = set()
        self._pass("load")

    @property
    def measures(self) -> tuple[Measure, ...]:
        return FAKE_MEASURES

    def use_measures(self, ids: Sequence[str]) -> None:
        self._note("measures", *ids)
        self._measures = set(ids)

    @property
    def facts(self) -> EngineFacts:
        return EngineFacts(
            engine="fake",
            device=self._options.device or "cpu",
            device_name="a fake device",
            dtype=self._options.dtype or "float32",
            versions={"python": platform.python_version()},
            files=(self._model.folder / BEHAVIOUR_FILE,),
            max_sequence_length=self._model.spec.max_sequence_length,
        )

    def use_adapters(self, adapters: Sequence[AdapterFile]) -> None:
        for adapter in adapters:
            if adapter.path.suffix != ".safetensors" or not adapter.path.is_file():
                raise AdapterRejected(
                    f"{adapter.path} is no safetensors file.", fix="Choose another LoRA."
                )
        self._adapters = tuple(adapters)

    def encode(self, captions: Sequence[str]) -> list[Any]:
        self._note("encode", *captions)
        self._fit("encode")
        self._pass("encode", *captions)
        return list(captions)

    def denoise(
        self,
        items: Sequence[DenoiseItem],
        on_step: Callable[[StepReport], None] | None = None,
    ) -> list[Any]:
        self._note("denoise", *(str(item.seed) for item in items))
        if len(items) > self._behaviour.largest_batch:
            raise OutOfMemory(f"{len(items)} sheets do not fit.", fix="Make fewer at a time.")
        self._fit("denoise")
        sheets = tuple(self._sheet(item) for item in items)
        total = items[0].sampling.steps
        for step in range(1, total + 1):
            time.sleep(self._behaviour.seconds.get("denoise", 0.0))
            if on_step is not None:
                on_step(FakeStep(step=step, total=total, sheets=sheets))
            if step == 1:
                self._strike("denoise", *(item.conditioning for item in items))
        return list(zip(items, sheets, strict=True))

    def decode(self, latents: Sequence[Any]) -> list[Image.Image]:
        self._note("decode", *(str(item.seed) for item, _ in latents))
        self._fit("decode")
        self._pass("decode", *(item.conditioning for item, _ in latents))
        if self._behaviour.at == "save" or "save" in self._behaviour.seconds:
            return [_TroubledPicture.of(sheet, self) for _, sheet in latents]
        return [sheet for _, sheet in latents]

    def close(self) -> None:
        self._adapters = ()

    def to_bytes(self, value: Any) -> bytes:
        if isinstance(value, str):
            return json.dumps({"caption": value}).encode()
        item, sheet = value
        told = {"item": item.model_dump(mode="json"), "pixels": sheet.tobytes().hex()}
        return json.dumps(told).encode()

    def from_bytes(self, data: bytes) -> Any:
        told = json.loads(data)
        if "caption" in told:
            return told["caption"]
        item = DenoiseItem.model_validate(told["item"])
        return item, Image.frombytes("RGB", item.canvas, bytes.fromhex(told["pixels"]))

    def _sheet(self, item: DenoiseItem) -> Image.Image:
        """The picture of ``item``, told by a hash of all that a request says."""
        adapters = [(a.path.read_bytes().hex(), a.weight) for a in self._adapters]
        asked = (item.conditioning, item.seed, item.sampling.model_dump(), adapters)
        digest = hashlib.sha256(repr(asked).encode()).digest()
        width, height = Size(*item.canvas)
        tile = Image.frombytes("RGB", (2, 2), digest[:12])
        return tile.resize((width, height), Image.Resampling.NEAREST)

    def _fit(self, verb: Verb) -> None:
        if self._behaviour.needs.get(verb, "") not in {"", *self._measures}:
            raise OutOfMemory(f"The fake device is too small to {verb}.", fix="Ask for less.")

    def _note(self, *words: str) -> None:
        if self._behaviour.diary:
            with (self._model.folder / DIARY_FILE).open("a", encoding="utf-8") as diary:
                diary.write(json.dumps(words) + "\n")

    def _pass(self, phase: Phase, *captions: str) -> None:
        """Spend a phase's time, talk if asked to, and come to grief if asked to."""
        if self._behaviour.chatter:
            _chatter(phase)
        time.sleep(self._behaviour.seconds.get(phase, 0.0))
        self._strike(phase, *captions)

    def _strike(self, phase: Phase, *captions: str) -> None:
        told = not captions or any(self._behaviour.caption in caption for caption in captions)
        if phase == self._behaviour.at and told:
            strike(self._behaviour.trouble, phase)


class _TroubledPicture(Image.Image):
    """A picture whose writing takes the time, or ends as, the behaviour says of ``save``."""

    _engine: FakeEngine

    @classmethod
    def of(cls, picture: Image.Image, engine: FakeEngine) -> _TroubledPicture:
        troubled = cls()
        troubled.__setstate__(picture.__getstate__())
        troubled._engine = engine
        return troubled

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        super().save(fp, format, **params)
        self._engine._pass("save")


def strike(trouble: Trouble | None, phase: Phase) -> None:
    """Come to grief in ``phase`` as ``trouble`` says, if it says anything."""
    match trouble:
        case None:
            return
        case "user-error":
            raise RequestInvalid(f"The fake engine refuses to {phase}.", fix="Ask otherwise.")
        case "out-of-memory":
            raise OutOfMemory(f"The fake device is full in {phase}.", fix="Ask for less.")
        case "memory-error":
            raise MemoryError
        case "full-disk":
            with storage(f"writing in {phase}", Path(tempfile.gettempdir())):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "error":
            raise ZeroDivisionError(f"the fake engine broke in {phase}")
        case "exit":
            sys.exit(f"the fake engine left in {phase}")
        case "crash":
            os._exit(70)
        case "hang":
            while True:
                time.sleep(3600)


def _chatter(phase: str) -> None:
    """Write to stdout in the three ways a library can, none of which may reach the protocol."""
    print(f"print from {phase}: ünïcödé")
    print(f"real stdout from {phase}", file=sys.__stdout__, flush=True)
    os.write(1, f"descriptor 1 from {phase}\n".encode())


FAKE_METRIC = MetricSpec(
    id="fake",
    title="Fake metric for tests",
    factory="icl_studio.testing:create_fake_metric",
    requests="icl_studio.testing:fake_requests",
    family="fake",
)


def fake_requests(task: str, count: int, seed: int) -> list[Draft]:
    """Storyboards whose truth says which of the three panels :class:`FakeMetric` calls right.

    Every third set has a wrong panel. Raises ``NotFound`` for any task but the storyboard.
    """
    if task != "film-storyboard":
        raise NotFound(f"The fake metric has no requests for {task!r}.", fix="Ask for another.")
    return [
        Draft(
            summary=f"Fox {seed + index} travels",
            panels=("on a beach", "in a wood", "at home"),
            truth={"right": [1, 1, 0 if index % 3 == 0 else 1]},
        )
        for index in range(count)
    ]


def create_fake_metric(options: MetricOptions) -> FakeMetric:
    """The factory that :data:`FAKE_METRIC` names."""
    return FakeMetric(options)


class FakeMetric:
    """A :class:`~icl_studio.engines.metrics.Metric` that calls panels right as their truth says.

    A file ``metric-trouble.txt`` in the evaluated model's folder makes it fail: ``user-error``,
    ``error``, ``crash``, ``quit`` (with exit code 0, after the first set), or ``hang`` (after the
    first set; ``metric-hangs.txt`` says when).
    """

    def __init__(self, options: MetricOptions) -> None:
        self._options = options
        self._judged = 0

    def judge(self, drawn: DrawnSet) -> list[Score]:
        self._strike()
        self._judged += 1
        right = (drawn.draft.truth or {"right": [1] * len(drawn.panels)})["right"]
        with Image.open(drawn.sheet) as sheet:
            brightness = sum(sheet.convert("L").resize((1, 1)).tobytes()) / 255
        return [
            *(
                Score(
                    about="adherence",
                    name="scene",
                    value=value,
                    share=True,
                    panel=panel,
                    chance=0.25,
                    asked="<beach>",
                    read="<beach>" if value else "wood & home",
                    sure=0.9,
                )
                for panel, value in enumerate(right)
            ),
            Score(about="consistency", name="fox", value=float(all(right)), share=True, chance=0.1),
            Score(about="diversity", name="brightness", value=brightness),
        ]

    def report(self) -> dict[str, Any]:
        return {"judged": self._judged, "seed": self._options.seed}

    def _strike(self) -> None:
        file = (self._options.model or Path()) / "metric-trouble.txt"
        trouble = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
        if trouble == "user-error":
            raise RequestInvalid("The fake metric refuses.", fix="Ask otherwise.")
        if trouble == "error":
            raise ZeroDivisionError("the fake metric broke")
        if trouble == "crash":
            os._exit(70)
        if trouble == "quit" and self._judged:
            sys.exit(0)
        if trouble == "hang" and self._judged:
            file.with_name("metric-hangs.txt").touch()
            time.sleep(3600)
