"""Sandstorm visual effect: a shot, and the same shot in blown sand below it."""

from icl_studio.api import CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="sandstorm-visual-effect",
    title="Sandstorm visual effect",
    description="A shot above, and the same shot with a sandstorm below.",
    layout=Layout.grid(2, 1, (1408, 800), ("TOP", "BOTTOM")),
    caption=CaptionTemplate(
        prefix="[SANDSTORM-PSA]",
        openings=("[TOP]", "[BOTTOM]"),
        summary_joint=";",
        panel_joint=";",
    ),
    adapters=adapters("sandstorm-visual-effect"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="Before and after plates of a vintage motorcycle crossing a salt flat, same "
            "camera, same lens, the second with a sandstorm composited around the rider",
            panels=(
                "a rider in a worn brown leather jacket crosses cracked white ground at midday, "
                "hard shadow, empty horizon, crisp cloudless sky",
                "the same rider and machine hit by a towering wall of ochre sand, scarves of "
                "grit peeling from the wheels and shoulders, the sun reduced to a dull copper "
                "disc, the horizon gone",
            ),
            seed=40,
        ),
        TaskExample(
            summary="a tall brown creature with a blue cap, first in clear air, then in "
            "blowing sand",
            panels=(
                "waving on a beach, in the middle",
                "the same picture in blowing sand",
            ),
            seed=40,
            family="tiny",
        ),
    ),
)
