"""Visual identity: a logo on the left, applied to an object on the right.

The published prompts describe the logo, print ``[LEFT]``, and go on with the application;
no other marker occurs in them. So the logo's text opens with plain words and only
``[LEFT]`` is printed, between the two texts.
"""

from icl_studio.api import CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="visual-identity-design",
    title="Visual identity design",
    description="A logo, and the same logo on an object; the first text is the logo.",
    layout=Layout.grid(1, 2, (736, 1024), ("LEFT", "RIGHT")),
    caption=CaptionTemplate(openings=("Logo:", "[LEFT]"), summary_joint=";", panel_joint=";"),
    adapters=adapters("visual-identity-design"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="The identity of a night bakery called Crumb & Comet, playful and precise, "
            "in midnight blue, butter yellow and one warm white",
            panels=(
                "a croissant drawn as the tail of a comet with three crumbs for stars, single "
                "even line weight, the name set below in a rounded geometric sans, centred on a "
                "butter yellow ground",
                "the same mark blind-embossed and printed in yellow on a midnight blue paper "
                "bag that stands on a flour-dusted counter, soft side light, a loaf just out "
                "of focus",
            ),
            seed=33,
        ),
        TaskExample(
            summary="the identity of a brand: a red heart on cream",
            panels=(
                "the red heart alone",
                "a cream bag with the same mark",
            ),
            seed=33,
            family="tiny",
        ),
    ),
)
