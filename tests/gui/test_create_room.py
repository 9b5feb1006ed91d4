"""Create names the memory that a set needs and what is free, and warns where it will not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from icl_studio.doctor.gpu import CardReading
from icl_studio.engines.room import Need, fit
from icl_studio.gui.create import room as rooms
from icl_studio.gui.create.page import CreatePage
from icl_studio.gui.create.room import Room, line, room_of
from icl_studio.models.room import need_of
from icl_studio.paths import UserFolders, resource
from icl_studio.plugins import load_registry
from icl_studio.settings import Settings

GB = 2**30
NEED = Need(whole=37 * GB, phases=26 * GB)


def card(used: int, total: int) -> CardReading:
    return CardReading("RTX 4090", used * GB, total * GB, 50)


@pytest.fixture
def registry(folders: UserFolders) -> Any:
    return load_registry(folders, Settings())


def test_a_model_fits_whole_part_by_part_block_by_block_or_not_at_all() -> None:
    for own, free, asked, found in (
        (True, 40, None, "whole"),
        (True, 30, None, "phases"),
        (True, 20, None, "layers"),
        (False, 40, None, "whole"),
        (False, 30, None, "phases"),
        (False, 20, None, "never"),
        (True, 30, "resident", "never"),
        (False, 40, "phases", "phases"),
        (True, 40, "layers", "layers"),
        (False, 40, "layers", "never"),
    ):
        assert fit(NEED, free * GB, own_memory=own, asked=asked) == found, (own, free, asked)


def test_what_a_model_needs_is_told_by_its_files(tmp_path: Path) -> None:
    tiny = resource("models", "tiny")
    full, half = need_of(tiny, 4), need_of(tiny, 2)
    assert full is not None and half is not None
    assert half.phases < full.phases < full.whole and half.whole < full.whole
    assert need_of(tmp_path, 4) is None, "no weights, nothing to say"
    broken = tmp_path / "transformer" / "x.safetensors"
    broken.parent.mkdir()
    broken.write_bytes(b"PK\x03\x04 no weights")
    assert need_of(tmp_path, 4) is None


def test_without_a_card_main_memory_counts_with_what_our_worker_has(
    registry: Any, folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "read_cards", lambda: ())
    tiny = room_of("tiny", "auto", registry, folders, Settings())
    assert tiny is not None and tiny.card == "" and tiny.fit == "whole" and not tiny.warns
    assert tiny.total == psutil.virtual_memory().total
    assert "of memory" in line(tiny) and "free" in line(tiny)
    more = room_of("tiny", "auto", registry, folders, Settings(), ours=10**15)
    assert more is not None and (more.free or 0) > 10**15
    assert room_of("flux.1-dev", "auto", registry, folders, Settings()) is None, "is not here"
    assert room_of("no-such-model", "auto", registry, folders, Settings()) is None


def test_the_card_that_is_asked_for_counts_in_half_precision(
    registry: Any, folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = (card(1, 24), CardReading("T4", 0, 16 * GB, None))
    monkeypatch.setattr(rooms, "read_cards", lambda: cards)
    first = room_of("tiny", "auto", registry, folders, Settings())
    assert first is not None and (first.card, first.free) == ("RTX 4090", 23 * GB)
    assert "on RTX 4090; 23.0 GB of 24.0 GB free" in line(first)
    second = room_of("tiny", "auto", registry, folders, Settings(device="cuda:1"))
    assert second is not None and second.card == "T4"
    main = room_of("tiny", "auto", registry, folders, Settings(device="cpu"))
    assert main is not None and main.card == "" and main.need.whole > first.need.whole
    warm = room_of("tiny", "auto", registry, folders, Settings(), ours=0)
    assert warm is not None and warm.fit == "whole" and line(warm).endswith("24.0 GB in all")
    monkeypatch.setattr(rooms, "read_cards", lambda: (CardReading("Old card"),))
    silent = room_of("tiny", "auto", registry, folders, Settings())
    assert silent is not None and "not known" in line(silent) and not silent.warns


def test_what_will_not_fit_is_said_with_what_to_do() -> None:
    on_card = Room(NEED, "layers", 20 * GB, 24 * GB, "RTX 4090")
    assert on_card.warns and "block by block" in line(on_card) and "smaller model" in line(on_card)
    asked = replace(on_card, preset="layers")
    assert not asked.warns and "as the settings say" in line(asked)
    never = Room(NEED, "never", 8 * GB, 16 * GB)
    assert never.warns and line(never).startswith("Will not fit: about 26.0 GB of memory")
    resident = Room(NEED, "never", 30 * GB, 32 * GB, preset="resident")
    assert "37.0 GB" in line(resident) and "Choose phases" in line(resident)
    compiled = replace(resident, whole_only=True)
    assert "Choose the engine torch" in line(compiled)
    assert "nowhere to rest" in line(replace(never, preset="layers"))
    parts = Room(NEED, "phases", 30 * GB, 32 * GB)
    assert not parts.warns and "part by part (37.0 GB at once)" in line(parts)


def test_the_page_says_it_in_one_line_and_warns_with_a_sign(
    page_of: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "read_cards", lambda: ())
    page: CreatePage = page_of("create")
    page._leave_welcome()
    until(lambda: page.look.memory.text())
    assert "free" in page.look.memory.text() and page.look._sign.isHidden()
    monkeypatch.setattr(rooms, "need_of", lambda *_: Need(10**15, 10**14))
    page.model.look_for_room()
    until(lambda: "Will not fit" in page.look.memory.text())
    assert not page.look._sign.isHidden()
    page.model.set(model="flux.1-dev")
    until(lambda: page.model.room is None)
    assert page.look.memory.text() == "" and page.look._sign.isHidden()
