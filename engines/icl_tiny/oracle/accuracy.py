"""How often the oracle itself is right: what must be known beside every figure that it gives."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image

from icl_tiny.oracle.kinds import number_of_values
from icl_tiny.oracle.read import Reading, read_panel
from icl_tiny.oracle.soften import noise_picture
from icl_tiny.world.facts import facts
from icl_tiny.world.layouts import LAYOUTS, draw_collage
from icl_tiny.world.sampling import Collage, random_set

Through = Callable[[Image.Image], Image.Image] | Literal["noise"] | None


@dataclass(frozen=True)
class Accuracy:
    """What `panels` readings came to.

    `right` and `chance` are shares by fact: of values read as drawn, and of those that guessing
    would hit. `readable` is the share of panels that were taken for pictures of this world, `sure`
    the mean confidence in values (near the mean of `right` when confidences are honest).
    """

    panels: int
    right: dict[str, float]
    chance: dict[str, float]
    readable: float
    sure: float

    @property
    def overall(self) -> float:
        """The mean of `right` over facts; 0 when nothing was asked."""
        return sum(self.right.values()) / len(self.right) if self.right else 0.0


def accuracy(n: int, seed: int, through: Through = None, task: str = "film-storyboard") -> Accuracy:
    """Draw sets of `task` until there are `n` panels, read them, and compare.

    `through` turns a drawn sheet into another picture of its size before it is cut into panels
    (such as an autoencoder's), "noise" into noise. Every reading starts from a panel of another
    random set, so that nothing is read right because it was asked. Raises ValueError for n < 1
    and KeyError for a task that the world does not have.
    """
    if n < 1:
        raise ValueError(f"accuracy needs at least one panel, not {n}")
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    hits: dict[str, float] = {}
    readings: list[Reading] = []
    for truth, start, picture in _panels(n, seed, through, task):
        reading = read_panel(picture, start)
        readings.append(reading)
        for name, value in facts(truth).items():
            asked[name] += 1
            right[name] += reading.values.get(name) == value
            hits[name] = hits.get(name, 0.0) + 1 / number_of_values(truth, name)
    sure = [value for reading in readings for value in reading.confidence.values()]
    return Accuracy(
        panels=n,
        right={name: right[name] / count for name, count in asked.items()},
        chance={name: hits[name] / count for name, count in asked.items()},
        readable=sum(reading.readable for reading in readings) / n,
        sure=sum(sure) / len(sure) if sure else 1.0,
    )


def _panels(
    n: int, seed: int, through: Through, task: str
) -> Iterator[tuple[Any, Any, Image.Image]]:
    """`n` times: the panel that was drawn, one of the same kind to start from, the picture."""
    rng = random.Random(f"accuracy/{task}/{seed}")
    layout = LAYOUTS[task]
    left = n
    while left > 0:
        truth: Collage = random_set(rng, task, True)
        other: Collage = random_set(rng, task, True)
        sheet = draw_collage(layout, truth.panels)
        if through == "noise":
            sheet = noise_picture(rng, sheet.size)
        elif through is not None:
            sheet = through(sheet)
        for index in range(min(left, layout.count)):
            x, y = layout.origin(index)
            panel = sheet.crop((x, y, x + layout.panel[0], y + layout.panel[1]))
            yield truth.panels[index], other.panels[index], panel
        left -= layout.count
