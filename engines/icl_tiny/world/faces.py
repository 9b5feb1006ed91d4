"""The faces of creatures: from the front, from the side, and none from behind."""

from PIL import ImageDraw

from icl_tiny.world.attributes import COLOURS, Colour, Shot
from icl_tiny.world.brush import disc, shade, stroke
from icl_tiny.world.pose import Pose

INK: Colour = (28, 24, 32)
_MOUTH: Colour = (130, 30, 46)
_WHITE: Colour = (255, 255, 255)


def draw_face(draw: ImageDraw.ImageDraw, pose: Pose, shot: Shot) -> None:
    """Draw the face of the shot's creature on its body, if this view shows one."""
    if shot.view == "back":
        return
    y = pose.top + pose.h * (0.58 if shot.creature.body == "triangular" else 0.42)
    if shot.view == "side":
        _profile(draw, pose, shot, y)
        return
    x, u = pose.x, pose.u
    for s in (-1, 1):
        _eye(draw, pose, x + s * 8.5 * u, y, asleep=shot.action == "sleeping")
        if shot.creature.body != "tall":
            disc(draw, x + s * 14 * u, y + 8.5 * u, 2.6 * u, _cheek(shot))
    _mouth(draw, pose, x, y, shot.action, 1.0)


def _cheek(shot: Shot) -> Colour:
    return (250, 150, 160) if shot.creature.colour not in ("red", "pink") else (255, 196, 200)


def _eye(draw: ImageDraw.ImageDraw, pose: Pose, x: float, y: float, asleep: bool) -> None:
    u = pose.u
    if asleep:
        pen = max(1, round(2.2 * u))
        draw.arc((x - 5.5 * u, y - 5 * u, x + 5.5 * u, y + 4 * u), 15, 165, fill=INK, width=pen)
        return
    disc(draw, x, y, 6.4 * u, _WHITE)
    disc(draw, x + 0.6 * u, y + 0.6 * u, 3.4 * u, INK)
    disc(draw, x - 0.8 * u, y - 1.2 * u, 1.2 * u, _WHITE)


def _mouth(
    draw: ImageDraw.ImageDraw, pose: Pose, x: float, y: float, action: str, wide: float
) -> None:
    """The mouth around `x`, `wide` times as wide as from the front."""
    u = pose.u
    if action == "jumping":
        draw.chord((x - 6 * wide * u, y + 4 * u, x + 6 * wide * u, y + 16 * u), 0, 180, fill=_MOUTH)
    elif action == "sleeping":
        disc(draw, x, y + 9 * u, 2.2 * u, _MOUTH)
    else:
        pen = max(1, round(2.2 * u))
        box = (x - 7 * wide * u, y + 1 * u, x + 7 * wide * u, y + 13 * u)
        draw.arc(box, 20, 160, fill=INK, width=pen)


def _profile(draw: ImageDraw.ImageDraw, pose: Pose, shot: Shot, y: float) -> None:
    """One eye and a snout, looking to the right; a tuft of a tail on the left."""
    u, colour = pose.u, COLOURS[shot.creature.colour]
    half = pose.w / 2 * (0.62 if shot.creature.body == "triangular" else 0.97)
    edge, line = pose.x + half, shade(colour, 0.5)
    snout = (edge - 9 * u, y + 1 * u, edge + 10 * u, y + 15 * u)
    draw.ellipse(snout, fill=shade(colour, 1.25), outline=line, width=max(1, round(2.2 * u)))
    disc(draw, edge + 8 * u, y + 5 * u, 3.2 * u, INK)
    _eye(draw, pose, edge - 11 * u, y - 1 * u, asleep=shot.action == "sleeping")
    disc(draw, edge - 17 * u, y + 9 * u, 2.8 * u, _cheek(shot))
    _mouth(draw, pose, edge - 7 * u, y + 3 * u, shot.action, 0.5)
    back, low = pose.x - pose.w / 2 + 3 * u, pose.base - pose.h * 0.2
    stroke(draw, [(back, low), (back - 9 * u, low - 5 * u)], 5 * u, line)
    disc(draw, back - 10 * u, low - 6 * u, 3.6 * u, line)
