"""How a creature is drawn: body, limbs, and the small signs of what it is doing."""

import math
from dataclasses import replace

from PIL import ImageDraw

from icl_tiny.world.attributes import COLOURS, Colour, Shot
from icl_tiny.world.brush import disc, shade, stroke
from icl_tiny.world.faces import draw_face
from icl_tiny.world.hats import HAT_HEIGHT, draw_hat
from icl_tiny.world.pose import Pose

BALLOON: Colour = (236, 62, 92)
# Width and height of each body, in units of 1/100 of the panel's short side.
BODY_SIZE: dict[str, tuple[float, float]] = {
    "round": (52, 50),
    "square": (48, 46),
    "triangular": (60, 52),
    "tall": (36, 56),
    "fluffy": (50, 46),
}
_JUMP, _LEGS = 13.0, 8.0


def pose_of(shot: Shot, width: float, height: float) -> Pose:
    """Place the shot's creature on a canvas of `width` x `height` pixels."""
    u = min(width, height) / 100
    w, h = BODY_SIZE[shot.creature.body]
    margin = 31 * u if width <= 1.2 * height else 34 * u
    x = {"left": margin, "middle": width / 2, "right": width - margin}[shot.position]
    floor = height - 5 * u if height <= 1.2 * width else height - 12 * u
    lift = {"jumping": _JUMP + _LEGS, "sleeping": 0.0}.get(shot.action, _LEGS)
    if shot.action == "sleeping":
        w, h = w * 1.08, h * 0.84
    pose = Pose(x, floor - lift * u, w * u, h * u, u, -1 if shot.position == "right" else 1)
    return _close_up(pose, width, height) if shot.view == "close-up" else pose


def _close_up(pose: Pose, width: float, height: float) -> Pose:
    """`pose` so near that legs are out of the picture, and hat, balloon and signs just inside."""
    near = 1.32 if width <= 1.2 * height else 1.55
    u = pose.u * near
    x = width / 2 + (pose.x - width / 2) * 0.62
    top = max((HAT_HEIGHT + 1) * u, (height - pose.h * near) * 0.55)
    return replace(pose, x=x, base=top + pose.h * near, w=pose.w * near, h=pose.h * near, u=u)


def draw_creature(draw: ImageDraw.ImageDraw, shot: Shot, width: int, height: int) -> None:
    """Draw the shot's creature on a supersampled canvas of `width` x `height` pixels."""
    pose = pose_of(shot, width, height)
    colour = COLOURS[shot.creature.colour]
    line = shade(colour, 0.5)
    _shadow_and_legs(draw, pose, shot.action, line)
    _arms(draw, pose, shot, line)
    _body(draw, pose, shot, colour, line)
    if shot.view == "back":
        _tail(draw, pose, colour, line)
    draw_face(draw, pose, shot)
    top = _crown_of_head(pose, shot.creature.body)
    draw_hat(draw, shot.creature, pose.x, top, pose.u, from_behind=shot.view == "back")
    if shot.action == "sleeping":
        _snores(draw, pose)


def _crown_of_head(pose: Pose, body: str) -> float:
    return pose.top + (9 if body == "triangular" else 4) * pose.u


def _shadow_and_legs(draw: ImageDraw.ImageDraw, pose: Pose, action: str, line: Colour) -> None:
    u, x, base = pose.u, pose.x, pose.base
    if action == "sleeping":
        return
    if action == "jumping":
        y = base + (_JUMP + _LEGS) * u
        draw.ellipse((x - 20 * u, y - 3 * u, x + 20 * u, y + 2 * u), fill=(40, 36, 48))
    for s in (-1, 1):
        hip = (x + s * 9 * u, base - 4 * u)
        if action == "jumping":
            stroke(draw, [hip, (x + s * 17 * u, base + 4 * u)], 5 * u, line)
        else:
            foot = (x + s * 10 * u, base + (_LEGS - 2) * u)
            stroke(draw, [hip, foot, (foot[0] + s * 3 * u, foot[1])], 5 * u, line)


def _arms(draw: ImageDraw.ImageDraw, pose: Pose, shot: Shot, line: Colour) -> None:
    u, half = pose.u, pose.w / 2
    if shot.creature.body == "triangular":
        half *= 0.72
    y = pose.base - pose.h * 0.4

    def arm(side: int, dx: float, dy: float) -> tuple[float, float]:
        shoulder = (pose.x + side * (half - 3 * u), y)
        hand = (pose.x + side * (half + dx * u), y + dy * u)
        stroke(draw, [shoulder, hand], 5 * u, line)
        disc(draw, *hand, 3.4 * u, line)
        return hand

    if shot.action == "jumping":
        arm(-1, 9, -15)
        arm(1, 9, -15)
    elif shot.action == "waving":
        arm(-pose.side, 6, 9)
        x, top = arm(pose.side, 9, -17)
        for k in (-1, 1):
            mark = x + k * 7 * u
            stroke(
                draw,
                [(mark, top - 4 * u), (mark + k * 2 * u, top + 3 * u)],
                1.8 * u,
                (255, 255, 255),
            )
    elif shot.action == "balloon":
        arm(-pose.side, 6, 9)
        _balloon(draw, pose, arm(pose.side, 7, -6))
    elif shot.action == "standing":
        arm(-1, 6, 9)
        arm(1, 6, 9)


def _balloon(draw: ImageDraw.ImageDraw, pose: Pose, hand: tuple[float, float]) -> None:
    u = pose.u
    x, y = hand[0] + pose.side * 2 * u, pose.top - 4 * u
    draw.line((*hand, x, y + 10 * u), fill=(250, 250, 250), width=max(1, round(1.4 * u)))
    draw.polygon(
        [(x, y + 9 * u), (x - 3 * u, y + 14 * u), (x + 3 * u, y + 14 * u)], fill=shade(BALLOON, 0.7)
    )
    draw.ellipse(
        (x - 10 * u, y - 12 * u, x + 10 * u, y + 11 * u),
        fill=BALLOON,
        outline=shade(BALLOON, 0.6),
        width=round(1.4 * u),
    )
    draw.ellipse((x - 6 * u, y - 8 * u, x - 2 * u, y - 2 * u), fill=(255, 190, 200))


def _body(draw: ImageDraw.ImageDraw, pose: Pose, shot: Shot, colour: Colour, line: Colour) -> None:
    u, x, w, h = pose.u, pose.x, pose.w, pose.h
    body = shot.creature.body
    box = (x - w / 2, pose.top, x + w / 2, pose.base)
    edge = max(1, round(2.6 * u))
    if body == "round":
        draw.ellipse(box, fill=colour, outline=line, width=edge)
    elif body == "square":
        draw.rounded_rectangle(box, 6 * u, fill=colour, outline=line, width=edge)
    elif body == "tall":
        draw.rounded_rectangle(box, w * 0.48, fill=colour, outline=line, width=edge)
    elif body == "triangular":
        corners = [
            (x - w / 2 + 3 * u, pose.base - 3 * u),
            (x, pose.top + 2 * u),
            (x + w / 2 - 3 * u, pose.base - 3 * u),
        ]
        stroke(draw, [*corners, corners[0]], 6 * u, line)
        draw.polygon(corners, fill=colour)
        stroke(draw, [*corners, corners[0]], 1.6 * u, colour)
    else:
        _fluff(draw, pose, edge, line)
        _fluff(draw, pose, 0, colour)
    glow = shade(colour, 1.35)
    if body != "triangular" and shot.view != "back":
        draw.ellipse(
            (x - w * 0.36, pose.top + h * 0.12, x - w * 0.16, pose.top + h * 0.26), fill=glow
        )


def _fluff(draw: ImageDraw.ImageDraw, pose: Pose, grow: float, fill: Colour) -> None:
    rx, ry = pose.w / 2 - 8 * pose.u, pose.h / 2 - 8 * pose.u
    cx, cy = pose.x, pose.base - pose.h / 2
    draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=fill)
    for k in range(10):
        angle = 2 * math.pi * (k + 0.5) / 10
        disc(draw, cx + rx * math.cos(angle), cy + ry * math.sin(angle), 8 * pose.u + grow, fill)


def _snores(draw: ImageDraw.ImageDraw, pose: Pose) -> None:
    u = pose.u
    for size, dx, dy in ((5, 27, 2), (7, 33, -12)):
        x, y, r = pose.x + pose.side * dx * u, pose.top + dy * u, size * u / 1.4
        zed = [(x - r, y - r), (x + r, y - r), (x - r, y + r), (x + r, y + r)]
        stroke(draw, zed, 3.6 * u, (40, 44, 90))
        stroke(draw, zed, 1.9 * u, (255, 255, 255))


def _tail(draw: ImageDraw.ImageDraw, pose: Pose, colour: Colour, line: Colour) -> None:
    """A round tail and a parting down the back: what tells a back from a face that is missing."""
    u, x, y = pose.u, pose.x, pose.base - pose.h * 0.22
    for dx, dy in ((-5, -9), (5, -13), (-5, -17)):
        stroke(draw, [(x, y + (dy - 6) * u), (x + dx * u, y + (dy - 9) * u)], 2 * u, line)
    disc(draw, x, y, 9 * u, line)
    disc(draw, x, y, 6.8 * u, shade(colour, 1.45))
