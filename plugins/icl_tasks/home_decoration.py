"""Home decoration: four rooms of one interior concept."""

from icl_studio.api import QUAD, CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="home-decoration",
    title="Home decoration",
    description="Four rooms that share one interior concept: materials, palette, light.",
    layout=Layout.grid(2, 2, (672, 864), QUAD),
    caption=CaptionTemplate(
        openings=tuple(f"[{name}]" for name in QUAD), summary_joint=";", panel_joint=";"
    ),
    adapters=adapters("home-decoration"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="Four views of a converted boathouse furnished in limewashed oak, sea-glass "
            "green tile and rust-coloured linen, soft overcast light from the water",
            panels=(
                "the living room with a low sofa facing a wall of folding glass doors and a "
                "suspended black stove",
                "the kitchen, a long island clad in green tile under three hand-blown pendant "
                "lamps",
                "the bedroom tucked beneath curved roof ribs, rust linen on a platform bed, a "
                "round window at its head",
                "the bathroom with a concrete soaking tub, a fern, and light rippling across "
                "the ceiling",
            ),
            seed=3,
        ),
        TaskExample(
            summary="a japanese home with peach walls and teal accents",
            panels=(
                "a sofa",
                "the corner with the bed",
                "a view of the kitchen",
                "a corner with a fireplace",
            ),
            seed=3,
            family="tiny",
        ),
    ),
)
