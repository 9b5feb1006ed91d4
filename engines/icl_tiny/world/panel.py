"""One panel of any kind, and the box in which its subject is."""

from functools import singledispatch
from typing import Any

from PIL import Image

from icl_tiny.world.attributes import Shot
from icl_tiny.world.avatars import draw_profile, profile_pose
from icl_tiny.world.corners import corner_box, draw_corner
from icl_tiny.world.creature import pose_of
from icl_tiny.world.hats import HAT_HEIGHT
from icl_tiny.world.kinds import Corner, Mark, Profile, Slide, Word
from icl_tiny.world.objects import draw_mark, mark_box
from icl_tiny.world.pose import Pose
from icl_tiny.world.shots import draw_shot
from icl_tiny.world.slides import draw_slide, slide_box
from icl_tiny.world.typefaces import draw_word, word_box

Panel = Shot | Profile | Mark | Word | Corner | Slide
"""Any kind of panel."""
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@singledispatch
def draw_panel(panel: Any, size: tuple[int, int]) -> Image.Image:  # noqa: ARG001 - used by every kind
    """The picture of `panel` at `size` (width, height): the same bytes for the same arguments.

    Raises TypeError for something that is no panel.
    """
    raise TypeError(f"{type(panel).__name__} is no panel of this world")


@singledispatch
def subject_box(panel: Any, size: tuple[int, int]) -> Box:  # noqa: ARG001 - used by every kind
    """Left, top, right, bottom (pixels in the panel) around what carries most of the facts.

    For a shot that is the creature with its hat and signs. Raises TypeError for no panel.
    """
    raise TypeError(f"{type(panel).__name__} is no panel of this world")


draw_panel.register(Shot, draw_shot)
draw_panel.register(Profile, draw_profile)
draw_panel.register(Mark, draw_mark)
draw_panel.register(Word, draw_word)
draw_panel.register(Corner, draw_corner)
draw_panel.register(Slide, draw_slide)


def _inside(box: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    width, height = size
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(width, int(right) + 1),
        min(height, int(bottom) + 1),
    )


def _around(pose: Pose, size: tuple[int, int]) -> Box:
    reach = pose.w / 2 + 12 * pose.u
    top = pose.top - HAT_HEIGHT * pose.u
    return _inside((pose.x - reach, top, pose.x + reach, pose.base + 10 * pose.u), size)


@subject_box.register
def _(panel: Shot, size: tuple[int, int]) -> Box:
    return _around(pose_of(panel, *size), size)


@subject_box.register
def _(panel: Profile, size: tuple[int, int]) -> Box:
    return _around(profile_pose(panel, *size), size)


@subject_box.register
def _(panel: Mark, size: tuple[int, int]) -> Box:
    return _inside(mark_box(panel, *size), size)


@subject_box.register
def _(panel: Word, size: tuple[int, int]) -> Box:
    return _inside(word_box(panel, *size), size)


@subject_box.register
def _(panel: Corner, size: tuple[int, int]) -> Box:
    return _inside(corner_box(panel, *size), size)


@subject_box.register
def _(panel: Slide, size: tuple[int, int]) -> Box:
    return _inside(slide_box(panel, *size), size)
