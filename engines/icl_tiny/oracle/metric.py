"""The oracle as a metric of `icl-studio evaluate`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image

from icl_studio.api import DrawnSet, MetricOptions, Score
from icl_studio.errors import RequestInvalid
from icl_tiny.oracle.accuracy import Through, accuracy
from icl_tiny.oracle.kinds import number_of_values
from icl_tiny.oracle.pictures import drawn, see
from icl_tiny.oracle.read import Reading, read_panel
from icl_tiny.oracle.roundtrip import roundtrip
from icl_tiny.world.facts import facts
from icl_tiny.world.sampling import Collage, from_plain

CHECKED = 18
"""Panels on which the oracle's own accuracy is measured, drawn and through an autoencoder."""
CHECKED_NOISE = 6
"""Panels of noise: it takes every one of them for noise, or something is broken."""
UNREADABLE = "unreadable"


def create_oracle(options: MetricOptions) -> "Oracle":
    """The factory that the plugin names."""
    return Oracle(options)


class Oracle:
    """Reads every panel back and compares it with what was asked."""

    def __init__(self, options: MetricOptions) -> None:
        self._options = options
        self._task = ""

    def judge(self, drawn: DrawnSet) -> Sequence[Score]:
        """All scores of one set; a panel that cannot be read has everything wrong.

        Raises `RequestInvalid` for a set whose truth is not this world's.
        """
        self._task = drawn.task
        collage = _truth(drawn)
        pictures = [_picture(path) for path in drawn.panels]
        readings = [
            read_panel(picture, panel)
            for picture, panel in zip(pictures, collage.panels, strict=True)
        ]
        return [
            *_adherence(collage, readings),
            *_consistency(collage, readings),
            *_diversity(collage, readings),
            *_variety(collage, pictures),
            *_whole(collage, readings),
        ]

    def report(self) -> Mapping[str, Any]:
        """The oracle's own accuracy on drawn panels, through the model's autoencoder, on noise."""
        checks: dict[str, Through] = {"drawn": None}
        if self._options.model is not None:
            checks["through the autoencoder"] = roundtrip(self._options.model)
        checks["noise"] = "noise"
        found = {}
        for name, through in checks.items():
            panels = CHECKED_NOISE if through == "noise" else CHECKED
            result = accuracy(panels, self._options.seed, through, self._task)
            found[name] = {
                "panels": result.panels,
                "right": round(result.overall, 4),
                "readable": round(result.readable, 4),
                **{fact: round(value, 4) for fact, value in result.right.items()},
            }
        return {"own accuracy": found}


def _truth(drawn: DrawnSet) -> Collage:
    try:
        collage = from_plain(dict(drawn.draft.truth or {}))
    except (KeyError, TypeError, ValueError) as error:
        raise RequestInvalid(
            f"The oracle does not know what is true of {drawn.sheet}: {error}.",
            fix="It judges sets of its own requests only.",
        ) from error
    if len(collage.panels) != len(drawn.panels):
        raise RequestInvalid(
            f"{drawn.sheet} has {len(drawn.panels)} panels, its truth {len(collage.panels)}."
        )
    return collage


def _picture(path: Any) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _read(reading: Reading, name: str) -> str | None:
    """The value of fact `name`, None where it has none or nothing can be read."""
    return reading.values.get(name) if reading.readable else None


def _shown(reading: Reading, name: str) -> str:
    return (reading.values.get(name) or "none") if reading.readable else UNREADABLE


def _adherence(collage: Collage, readings: Sequence[Reading]) -> Iterator[Score]:
    for index, (panel, reading) in enumerate(zip(collage.panels, readings, strict=True)):
        for name, asked in facts(panel).items():
            yield Score(
                about="adherence",
                name=name,
                value=float(_read(reading, name) == asked),
                share=True,
                panel=index,
                chance=1 / number_of_values(panel, name),
                asked=asked,
                read=_shown(reading, name),
                sure=round(reading.confidence.get(name, 0.0), 3),
            )


def _consistency(collage: Collage, readings: Sequence[Reading]) -> Iterator[Score]:
    """Whether all panels agree on each fact of `same`, whatever was asked."""
    for name in _asked_throughout(collage):
        yield Score(
            about="consistency",
            name=name,
            value=float(_agree(readings, name)),
            share=True,
            chance=number_of_values(collage.panels[0], name) ** (1.0 - len(readings)),
            read=" / ".join(_shown(reading, name) for reading in readings),
        )


def _asked_throughout(collage: Collage) -> list[str]:
    """The facts of `same` that every panel has: one without a hat has no hat's colour."""
    return [name for name in collage.same if all(name in facts(p) for p in collage.panels)]


def _agree(readings: Sequence[Reading], name: str) -> bool:
    values = {reading.values.get(name) for reading in readings}
    return len(values) == 1 and all(reading.readable for reading in readings)


def _diversity(collage: Collage, readings: Sequence[Reading]) -> Iterator[Score]:
    """For each two panels that were to differ in a fact: whether they do, whatever was asked."""
    panels = list(zip(collage.panels, readings, strict=True))
    for name in collage.differ:
        for (one, seen), (other, seen_too) in combinations(panels, 2):
            asked = (facts(one).get(name), facts(other).get(name))
            if None in asked or asked[0] == asked[1]:
                continue
            values = (_read(seen, name), _read(seen_too, name))
            yield Score(
                about="diversity",
                name=name,
                value=float(None not in values and values[0] != values[1]),
                share=True,
                chance=1 - 1 / number_of_values(one, name),
                asked=" / ".join(map(str, asked)),
                read=" / ".join((_shown(seen, name), _shown(seen_too, name))),
            )


def _variety(collage: Collage, pictures: Sequence[Image.Image]) -> Iterator[Score]:
    """For each two panels: how far apart their pictures are, in what their drawings are (0..1)."""
    for (one, picture), (other, picture_too) in combinations(
        list(zip(collage.panels, pictures, strict=True)), 2
    ):
        if picture.size != picture_too.size or one == other:
            continue
        asked = np.abs(drawn(one, picture.size) - drawn(other, picture.size)).mean()
        found = np.abs(see(picture) - see(picture_too)).mean()
        if asked > 0:
            value = round(min(1.0, float(found / asked)), 4)
            yield Score(about="diversity", name="picture", value=value)


def _whole(collage: Collage, readings: Sequence[Reading]) -> Iterator[Score]:
    same = _asked_throughout(collage)
    if same:
        agree = all(_agree(readings, name) for name in same)
        exact = all(
            _read(reading, name) == facts(panel)[name]
            for panel, reading in zip(collage.panels, readings, strict=True)
            for name in same
        )
        yield Score(about="whole", name="same", value=float(agree), share=True)
        yield Score(about="whole", name="exact", value=float(exact), share=True)
    for index, reading in enumerate(readings):
        value = float(reading.readable)
        yield Score(about="whole", name="readable", value=value, share=True, panel=index)
