"""Where this machine's share of a run is computed: a worker for each of its graphics cards."""

from __future__ import annotations

from ..engines.protocol import EngineOptions
from ..paths import UserFolders
from ..worker.executor import Placed, this_machine


def own_places(
    folders: UserFolders, options: EngineOptions, workers: int | None = None
) -> tuple[Placed, ...]:
    """``workers`` places on this machine, as many as it has cards unless given.

    Each has a card to itself, unless ``options`` name a device or there is only one. The
    driver is asked, which takes a moment. Raises ``UserError`` for more workers than cards.
    """
    cards: list[str] = []
    if options.device in (None, "cuda") and workers != 1:
        from ..doctor.gpu import nvidia_driver

        driver = nvidia_driver()
        cards = [f"cuda:{n}" for n in range(len(driver.cards))] if driver else []
    count = workers or max(1, len(cards))
    return this_machine(folders, options, count, cards if count > 1 else ())
