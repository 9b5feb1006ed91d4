"""Read a picture back: the facts of the panel whose drawing is likest to it.

The search starts from what was asked, changes one fact at a time to its likest value, and goes on
until nothing changes any more. Where that end is not sure of every fact it starts once more, from
a panel that differs from the asked one in everything, and keeps the better end; where not even that
can be read, twice more, and for plain kinds of panels (lettering, rooms) from each value of a fact
with few of them: under a wrong typeface every word is wrong alike. So what was asked is where the
search begins, not what it says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from PIL import Image

from icl_tiny.oracle.confidence import confidence, readable, resemblance
from icl_tiny.oracle.hidden import variants
from icl_tiny.oracle.kinds import drawings, kind_of, values
from icl_tiny.oracle.likeness import distances
from icl_tiny.oracle.pictures import CLOSER, SHORT_SIDE, Array, drawn, see
from icl_tiny.world.facts import ALL_VALUES, changed, facts

ROUNDS = 6
"""At most so many rounds over all facts; one or two are usual."""
SURE = 0.9
"""With every fact at least this sure, no further search is made."""
STARTS = 4
"""Searches at most: from what was asked, then from panels that differ from it in everything."""
NEAR, TINY, MOST_NEAR = 1.3, 1e-4, 6
"""Candidates up to so much farther off than the likest (a factor and a mean squared distance), at
most so many, are looked at more closely."""
PLAIN, FEW = 4, 8
"""A kind of panel with at most so many facts is plain; so many values are few."""
HOPELESS = 0.1
"""What explains less of a picture, after two searches, is no panel: no further one is made."""


@dataclass(frozen=True)
class Reading:
    """What a picture shows: values and confidences (0..1) by fact, and the panel they make.

    `resemblance` is how much of the picture its best drawing explains (1 all, 0 nothing);
    `readable` is False for what is no picture of this world, and then the values mean nothing.
    """

    values: Mapping[str, str]
    confidence: Mapping[str, float]
    resemblance: float
    readable: bool
    panel: Any


def read_panel(picture: Image.Image, asked: Any) -> Reading:
    """What `picture` shows, read as a panel of the kind of `asked`.

    The values are those of the likest panel, whatever `asked` says: it is where the search begins.
    """
    search = _Search(picture)
    best = search.read(asked)
    for step in range(1, STARTS):
        sure = min(best.confidence.values(), default=1.0) >= SURE
        if sure or (step > 1 and (best.readable or best.resemblance < HOPELESS)):
            break
        other = search.read(_all_different(asked, step))
        best = max(best, other, key=lambda reading: reading.resemblance)
    for start in () if best.readable else _each_way(best.panel):
        best = max(best, search.read(start), key=lambda reading: reading.resemblance)
        if best.readable:
            break
    return best


def _each_way(panel: Any) -> Iterator[Any]:
    """`panel` of a plain kind with every other value of each fact that has few."""
    if len(facts(panel)) > PLAIN:
        return
    for name in facts(panel):
        others = values(panel, name)[1:]
        if len(others) < FEW:
            yield from others


def _all_different(panel: Any, step: int) -> Any:
    """`panel` with every fact `step` values further, as far as one leaves the others standing."""
    for name in facts(panel):
        if name not in facts(panel):  # an earlier change has taken it away
            continue
        own = [facts(one)[name] for one in values(panel, name)]
        known = [one for one in ALL_VALUES[name] if one in own]
        panel = changed(panel, name, known[(known.index(facts(panel)[name]) + step) % len(known)])
    return panel


class _Search:
    """Coordinate search for the panel whose drawing is likest to one picture."""

    def __init__(self, picture: Image.Image) -> None:
        self._picture = see(picture)
        self._closer = see(picture, CLOSER)
        self._size = picture.size

    def read(self, start: Any) -> Reading:
        """The reading at which a search from `start` ends."""
        panel = self._climb(start)
        drawing = drawn(panel, self._size)
        explained, legible = resemblance(self._picture, drawing), readable(self._picture, drawing)
        sure = {name: self._confidence(panel, name) if legible else 0.0 for name in facts(panel)}
        return Reading(
            values=dict(facts(panel)),
            confidence=sure,
            resemblance=explained,
            readable=legible,
            panel=panel,
        )

    def _climb(self, panel: Any) -> Any:
        """From `panel`, one fact at a time, to a panel that no single change makes likelier."""
        order = kind_of(panel, self._size).order
        unchanged = 0
        for name in islice(cycle([*order, None]), ROUNDS * (len(order) + 1)):
            likest = self._likest(panel, name)
            unchanged = unchanged + 1 if likest == panel else 0
            panel = likest
            if unchanged > len(order):
                break
        return panel

    def _confidence(self, panel: Any, name: str) -> float:
        """How sure the value of fact `name` is, against the likest panel with another value."""
        candidates = self._candidates(panel, name)
        apart = distances(self._picture, drawings(candidates, self._size))
        own = np.array([facts(one)[name] == facts(panel)[name] for one in candidates])
        if own.all():
            return 1.0
        rival = candidates[int(np.argmin(np.where(own, np.inf, apart)))]
        sure = self._surer(self._picture, panel, rival, SHORT_SIDE)
        return sure if sure >= SURE else self._surer(self._closer, panel, rival, CLOSER)

    def _surer(self, picture: Array, panel: Any, rival: Any, short_side: int) -> float:
        """How sure `panel` is against one rival, seen at `short_side`."""
        pair = drawings((panel, rival), self._size, short_side)
        right, wrong = distances(picture, pair)
        return confidence(float(right), float(wrong), float(distances(pair[0], pair)[1]))

    def _likest(self, panel: Any, name: str | None) -> Any:
        """`panel` with fact `name` (None: its hidden variety) as the picture has it."""
        if name is not None and name not in facts(panel):
            return panel
        candidates = list(variants(panel)) if name is None else self._candidates(panel, name)
        apart = distances(self._picture, drawings(candidates, self._size))
        near = np.argsort(apart, kind="stable")[:MOST_NEAR]  # equal ones in their order
        near = near[apart[near] <= NEAR * apart.min() + TINY]
        if len(near) > 1:
            candidates = [candidates[index] for index in near]
            apart = distances(self._closer, drawings(candidates, self._size, CLOSER))
        return candidates[int(np.argmin(apart))]

    def _candidates(self, panel: Any, name: str) -> list[Any]:
        """`panel` with every value of fact `name`, and of whatever can only be read with it."""
        kind = kind_of(panel, self._size)
        found = values(panel, name)
        for other in kind.together.get(name, ()):
            found = [
                two
                for one in found
                for two in (values(one, other) if other in facts(one) else [one])
            ]
        if name in kind.with_variety:
            found = [variant for one in found for variant in variants(one)]
        return found
