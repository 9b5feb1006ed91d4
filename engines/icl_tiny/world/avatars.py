"""Avatars: a creature's head and shoulders, large, before a patterned ground."""

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import Colour, Shot
from icl_tiny.world.brush import SUPERSAMPLE, disc, shade
from icl_tiny.world.creature import draw_creature, pose_of
from icl_tiny.world.kinds import GROUNDS, VARIANTS, Profile
from icl_tiny.world.patterns import paint_pattern
from icl_tiny.world.pose import Pose


def contrast(colour: Colour, strength: float) -> Colour:
    """A tone of `colour` that stands out from it: darker on a light one, lighter on a dark one."""
    dark = sum(colour) < 300
    return shade(colour, 1 + strength) if dark else shade(colour, 1 - strength)


def _as_shot(profile: Profile) -> Shot:
    # Where it stands does not matter: only the creature is drawn.
    return Shot(profile.creature, "meadow", "standing", "middle", view="close-up")


def draw_profile(profile: Profile, size: tuple[int, int]) -> Image.Image:
    """The avatar at `size` (width, height): the same bytes for the same arguments."""
    width, height = size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE
    u, ground = min(width, height) / 100, GROUNDS[profile.ground]
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    dark = sum(ground) <= 300
    tone = contrast(ground, 0.44 if dark else 0.26)
    shift = profile.variant / VARIANTS
    paint_pattern(draw, profile.manner, (0, 0, width, height), 8.4 * u, tone, shift)
    shot = _as_shot(profile)
    pose = pose_of(shot, width, height)
    # On dark grounds darker than the motifs, which would run into it otherwise.
    halo = shade(ground, 1.18 if dark else 1.75)
    disc(draw, pose.x, pose.base - pose.h * 0.62, 39 * u, halo)
    draw_creature(draw, shot, width, height)
    return canvas.reduce(SUPERSAMPLE)


def profile_pose(profile: Profile, width: float, height: float) -> Pose:
    """Where the avatar's body is on a canvas of `width` x `height` pixels."""
    return pose_of(_as_shot(profile), width, height)
