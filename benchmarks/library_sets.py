"""Many sets quickly: real records, one tiny sheet that all of them share by hard link."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.layout import Layout
from icl_studio.domain.model import AdapterUse
from icl_studio.domain.request import SetRequest
from icl_studio.sets.record import ModelReceipt, Receipt
from icl_studio.sets.save import save_set

WORDS = ("fox", "owl", "red hat", "Müller", "harbour", "rain", "storyboard", "kite", "autumn")
TASKS = ("film-storyboard", "font-design", "visual-identity-design")


def fill(root: Path, count: int) -> None:
    """Put ``count`` sets under ``root``: three tasks, many texts, a third of them rated."""
    root.mkdir(parents=True)
    first = save(root, "20251231-000000000-aaaaaa")
    template = json.loads((first / "set.json").read_text(encoding="utf-8"))
    dice = random.Random(7)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1, count):
        _put(root, first, template, number, begun + timedelta(minutes=17 * number), dice)


def save(root: Path, set_id: str, seed: int = 4711, panel: tuple[int, int] = (32, 16)) -> Path:
    """One set as the worker saves it: a storyboard of three panels in one colour."""
    layout = Layout.grid(3, 1, panel, names=("SCENE-1", "SCENE-2", "SCENE-3"))
    request = SetRequest(
        task=TASKS[0],
        parts=CaptionParts(summary="A fox", panels=("by the sea", "at home", "asleep")),
        caption="[MOVIE-SHOTS] A fox, [SCENE-1] by the sea, [SCENE-2] at home, [SCENE-3] asleep",
        layout=layout,
        model="tiny",
        adapters=(AdapterUse(source="film-storyboard.safetensors", weight=1.0),),
        seed=seed,
    )
    receipt = Receipt(
        engine="torch",
        device="cpu",
        dtype="float32",
        versions={"torch": "2.13.0"},
        model=ModelReceipt(id="tiny", family="tiny", source="resource:models/tiny", files={}),
        seed=seed,
        steps=20,
        guidance=3.5,
        max_sequence_length=96,
    )
    sheet = Image.new("RGB", tuple(layout.canvas), (90, 110, 130))
    return save_set(root, set_id, request, sheet, receipt)


def _put(
    root: Path, first: Path, template: dict[str, Any], number: int, made: datetime, dice: Any
) -> None:
    """One more set: a record of its own, the pictures of ``first``."""
    set_id = f"{made:%Y%m%d-%H%M%S}000-{number:06}"
    folder = root / f"{set_id}-set"
    folder.mkdir()
    request = template["request"] | {
        "task": TASKS[number % 3],
        "seed": number,
        "adapters": template["request"]["adapters"] if number % 2 else [],
        "parts": {
            "summary": f"A {dice.choice(WORDS)} and a {dice.choice(WORDS)}, number {number}",
            "panels": [f"in the {dice.choice(WORDS)}, {dice.choice(WORDS)}" for _ in range(3)],
        },
    }
    rating = {
        "stars": dice.randint(1, 5) if number % 3 == 0 else None,
        "flag": "pick" if number % 11 == 0 else None,
    }
    own = {"id": set_id, "created": made.isoformat(), "request": request, "rating": rating}
    (folder / "set.json").write_text(json.dumps(template | own), encoding="utf-8")
    os.link(first / "sheet.png", folder / "sheet.png")
