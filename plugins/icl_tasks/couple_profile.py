"""Couple profile: two profile pictures that belong together, side by side."""

from icl_studio.api import CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="couple-profile",
    title="Couple profile",
    description="Two square profile pictures in one style, made for each other.",
    layout=Layout.grid(1, 2, (1024, 1024), ("LEFT", "RIGHT")),
    caption=CaptionTemplate(openings=("[LEFT]", "[RIGHT]"), summary_joint=";", panel_joint=";"),
    adapters=adapters("couple-profile"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="Two matching profile pictures of otters who run a tiny noodle bar, painted "
            "in soft gouache with visible brush marks and a shared palette of vermilion, cream "
            "and ink blue",
            panels=(
                "a sleek otter with a rolled headband leans on the counter and lifts a steaming "
                "bowl toward the viewer, lanterns glowing behind its round ears",
                "a fluffier otter in a striped apron twirls long noodles on chopsticks, cheeks "
                "puffed in concentration, the same lanterns continuing the light from the other "
                "side",
            ),
            seed=21,
        ),
        TaskExample(
            summary="two friends before stripes on lemon",
            panels=(
                "an avatar of a round pink creature with a white party hat",
                "an avatar of a tall blue creature with a red cap, smiling",
            ),
            seed=21,
            family="tiny",
        ),
    ),
)
