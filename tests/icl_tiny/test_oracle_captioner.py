"""The oracle as captioner: what is drawn is told truly, what is doubtful is left to the user."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from icl_studio.api import CaptionAsk, CaptionerOptions, TaskSpec
from icl_studio.cli.main import main
from icl_studio.errors import CaptionUnsure, PictureUnreadable, RequestInvalid
from icl_studio.training.captioning import read_answer
from icl_tasks.plugin import TASKS
from icl_tiny.captions import ATTRIBUTES, words
from icl_tiny.oracle.captioner import create, layout_of
from icl_tiny.oracle.soften import noise_picture
from icl_tiny.world import LAYOUTS, Creature, Shot, draw_collage, draw_panel
from icl_tiny.world.facts import facts
from icl_tiny.world.panel import Panel
from icl_tiny.world.sampling import random_set

CAPTIONER = create(CaptionerOptions())
PAIR = "sandstorm-visual-effect"
SHOT = Shot(Creature("red", "round", "cap", "blue"), "beach", "waving", "left")


def ask(task: str, *pictures: Path, **more: object) -> CaptionAsk:
    """What the worker asks for a set of `task`."""
    spec = next(one for one in TASKS if one.id == task)
    fields = {"name": "one", "pictures": pictures, "panels": spec.layout.names}
    return CaptionAsk(**{**fields, "instruction": "", "task": task, **more})  # type: ignore[arg-type]


def saved(task: str, panels: tuple[Panel, ...], path: Path, scale: int = 1) -> Path:
    """The drawn sheet as a file, `scale` times as large as the world draws it."""
    sheet = draw_collage(LAYOUTS[task], panels)
    sheet.resize((sheet.width * scale, sheet.height * scale)).save(path)
    return path


def says(text: str, fact: str, value: str) -> bool:
    known = ATTRIBUTES[fact][value]
    if fact == "scene":
        known += words.PLACE_NOUNS[value]
    if fact == "action":
        known += words.ACTION_DOES[value]
    return any(word.lower() in text.lower() for word in known)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_drawn_sheet_is_told_truly_in_the_tasks_own_form(task: TaskSpec, tmp_path: Path) -> None:
    truth = random_set(random.Random(f"captioner/{task.id}"), task.id)
    path = saved(task.id, truth.panels, tmp_path / "größe.png", scale=2)
    parts = read_answer(CAPTIONER.answer(ask(task.id, path)))
    caption = task.caption.render(parts)
    for panel, text in zip(truth.panels, parts.panels, strict=True):
        for fact, value in facts(panel).items():
            # What may go unsaid: bare heads, a front view, the middle, standing; a mark's alone.
            unsaid = {"hat", "view", "position", "action", "effect", "rendering", "object"}
            if fact not in unsaid:
                assert says(f"{parts.summary} {text} {parts.panels[0]}", fact, value), caption


def test_the_same_set_gets_the_same_words(tmp_path: Path) -> None:
    path = saved(PAIR, (SHOT, SHOT), tmp_path / "a.png")
    assert CAPTIONER.answer(ask(PAIR, path)) == CAPTIONER.answer(ask(PAIR, path))


def test_panels_in_files_of_their_own_are_read_and_own_texts_are_kept(tmp_path: Path) -> None:
    for name in ("TOP", "BOTTOM"):
        draw_panel(SHOT, LAYOUTS[PAIR].panel).save(tmp_path / f"{name}.png")
    asked = ask(PAIR, tmp_path / "TOP.png", tmp_path / "BOTTOM.png", texts=("mine", ""))
    parts = read_answer(CAPTIONER.answer(asked))
    assert (parts.panels[0] == "mine" and "beach" in parts.panels[1]) or "sea" in parts.panels[1]


def test_a_set_that_cannot_be_read_is_left_to_the_user_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    noise_picture(random.Random(1), LAYOUTS[PAIR].canvas).save(path)
    with pytest.raises(CaptionUnsure, match="TOP is no picture of the embedded model's world"):
        CAPTIONER.answer(ask(PAIR, path))


def test_a_panel_between_two_colours_is_left_to_the_user(tmp_path: Path) -> None:
    red = draw_panel(SHOT, LAYOUTS[PAIR].panel)
    other = Shot(Creature("orange", "round", "cap", "blue"), "beach", "waving", "left")
    for name, share in (("TOP", 0.0), ("BOTTOM", 0.5)):
        Image.blend(red, draw_panel(other, red.size), share).save(tmp_path / f"{name}.png")
    with pytest.raises(CaptionUnsure, match=r"the colour of BOTTOM is perhaps .* sure\)"):
        CAPTIONER.answer(ask(PAIR, tmp_path / "TOP.png", tmp_path / "BOTTOM.png"))


def test_panels_that_disagree_are_left_to_the_user(tmp_path: Path) -> None:
    other = Shot(Creature("green", "round", "cap", "blue"), "beach", "waving", "left")
    path = saved(PAIR, (SHOT, other), tmp_path / "a.png")
    with pytest.raises(CaptionUnsure, match="disagree in the colour: red, green"):
        CAPTIONER.answer(ask(PAIR, path))


def test_what_has_another_shape_or_is_no_picture_is_said(tmp_path: Path) -> None:
    square, broken = tmp_path / "square.png", tmp_path / "broken.png"
    Image.new("RGB", (200, 200)).save(square)
    broken.write_bytes(b"no picture")
    with pytest.raises(CaptionUnsure, match="200x200"):
        CAPTIONER.answer(ask(PAIR, square))
    with pytest.raises(PictureUnreadable):
        CAPTIONER.answer(ask(PAIR, broken))


def test_a_task_of_a_task_is_known_and_another_is_refused() -> None:
    assert layout_of("font-design-tuned").name == "font-design"
    with pytest.raises(RequestInvalid, match="comic"):
        layout_of("comic")


def test_the_command_writes_what_is_sure_and_names_what_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    saved(PAIR, (SHOT, SHOT), data / "a.png")
    noise_picture(random.Random(1), LAYOUTS[PAIR].canvas).save(data / "b.png")
    assert main(["dataset", "caption", str(data), "--task", PAIR, "--captioner", "oracle"]) == 1
    said = capsys.readouterr().out
    assert "b is left to you" in " ".join(said.split())
    assert "[BOTTOM]" in (data / "a.txt").read_text("utf-8")
    assert not (data / "b.txt").exists()
