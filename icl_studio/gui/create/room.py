"""What the draft's model needs to draw and what is free, in one line; a warning where it will not.

Everything here but the words blocks and is called in a thread: headers of files, and the driver's
own tool for a graphics card.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Final

import psutil  # type: ignore[import-untyped]

from ...doctor.gpu import CardReading, read_cards
from ...engines.protocol import MemoryPreset
from ...engines.room import Fit, Need, fit
from ...errors import UserError
from ...models.find import find_model
from ...models.locate import present_folder
from ...models.room import need_of
from ...paths import UserFolders
from ...plugins import Registry
from ...settings import Settings
from ...training.memory import gigabytes
from ..texts import tr

FREES_ITSELF: Final = ("auto", "torch")
"""Engines that can do with less than the whole model at once."""


@dataclass(frozen=True)
class Room:
    """``card`` is empty for main memory; ``free`` None where nobody says.

    ``held``: our own worker has part of ``free`` already, so it is no measure of what fits.
    """

    need: Need
    fit: Fit
    free: int | None
    total: int | None
    card: str = ""
    held: bool = False
    preset: MemoryPreset | None = None
    whole_only: bool = False

    @property
    def warns(self) -> bool:
        """Whether it will not fit, or only slowly and nobody asked for that."""
        return self.fit == "never" or (self.fit == "layers" and self.preset != "layers")


def room_of(
    model: str,
    engine: str,
    registry: Registry,
    folders: UserFolders,
    settings: Settings,
    *,
    ours: int | None = None,
) -> Room | None:
    """The room for a set of ``model`` on ``engine``; None where nothing can be said.

    ``ours`` is what our own worker occupies, None without one: it makes room for itself.
    """
    try:
        folder = present_folder(find_model(model, registry), folders)
    except UserError:  # the draft's own problems say so
        return None
    if folder is None:
        return None
    cards = read_cards() if settings.device != "cpu" else ()
    card = _card(cards, settings.device)
    need = need_of(folder, _width(settings, card))
    if need is None:
        return None
    preset: MemoryPreset | None = settings.memory
    whole_only = engine not in FREES_ITSELF
    if whole_only and preset is None:
        preset = "resident"
    if card is None:
        memory = psutil.virtual_memory()
        free = memory.available + (ours or 0)
        found = fit(need, free, own_memory=False, asked=preset)
        return Room(need, found, free, memory.total, preset=preset, whole_only=whole_only)
    free = None if card.used is None or card.total is None else card.total - card.used
    # What our worker holds on a card cannot be told apart: it has found its place there already.
    held = ours is not None
    usable = need.whole if free is None or held else free
    found = fit(need, usable, own_memory=True, asked=preset)
    return Room(need, found, free, card.total, card.name, held, preset, whole_only)


def _card(cards: tuple[CardReading, ...], device: str | None) -> CardReading | None:
    """The card that a set will be drawn on; None for main memory."""
    kind, _, number = (device or "cuda").partition(":")
    if kind != "cuda" or not cards:
        return None
    index = int(number) if number.isdigit() else 0
    return cards[index] if index < len(cards) else cards[0]


def _width(settings: Settings, card: CardReading | None) -> int:
    """Bytes a weight: float32 on a CPU, half precision on a GPU, unless the settings say."""
    if settings.dtype:
        return 4 if settings.dtype == "float32" else 2
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return (
        2
        if card is not None or settings.device == "mps" or (apple and settings.device is None)
        else 4
    )


def line(room: Room) -> str:
    """What is needed and what is free; where it will not fit, what to do."""
    place = tr("on {card}", card=room.card) if room.card else tr("of memory")
    whole, least = gigabytes(room.need.whole), gigabytes(room.need.phases)
    free = _free(room)
    if room.fit == "whole":
        return tr("About {need} {place}; {free}", need=whole, place=place, free=free)
    if room.fit == "phases":
        return tr(
            "About {need} {place}, part by part ({whole} at once); {free}",
            need=least,
            place=place,
            whole=whole,
            free=free,
        )
    if room.fit == "layers" and room.preset == "layers":
        return tr("Block by block {place}, as the settings say; {free}", place=place, free=free)
    if room.fit == "layers":
        return tr(
            "Slow: about {need} {place} are needed and {free}, so it goes block by block. Close "
            "other programs, or choose a smaller model.",
            need=least,
            place=place,
            free=free,
        )
    return _will_not(room, place, free)


def _will_not(room: Room, place: str, free: str) -> str:
    if room.preset == "layers":
        return tr(
            "Without a graphics card blocks have nowhere to rest. Choose phases as Memory in the "
            "settings."
        )
    whole = room.preset == "resident"
    need = gigabytes(room.need.whole if whole else room.need.phases)
    said = tr(
        "Will not fit: about {need} {place} are needed, {free}.", need=need, place=place, free=free
    )
    if whole and room.need.phases <= (room.free or 0):
        if room.whole_only:
            return said + " " + tr("Choose the engine torch, which can do with less.")
        return said + " " + tr("Choose phases as Memory in the settings.")
    return said + " " + tr("Close other programs, or choose a smaller model.")


def _free(room: Room) -> str:
    if room.held and room.total is not None:
        return tr("{total} in all", total=gigabytes(room.total))
    if room.free is None:
        return tr("what is free is not known")
    if room.total is None:
        return tr("{free} free", free=gigabytes(room.free))
    return tr("{free} of {total} free", free=gigabytes(room.free), total=gigabytes(room.total))
