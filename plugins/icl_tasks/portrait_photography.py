"""Portrait photography: four photographs of one person in one mood."""

from icl_studio.api import QUAD, CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="portrait-photography",
    title="Portrait photography",
    description="Four photographs of the same person in one mood; the summary goes on from "
    "'This [FOUR-PANEL] image shows'.",
    layout=Layout.grid(2, 2, (672, 864), QUAD),
    caption=CaptionTemplate(
        summary_form="This [FOUR-PANEL] image shows {summary}",
        openings=tuple(f"[{name}]" for name in QUAD),
        summary_joint=";",
        panel_joint=";",
    ),
    adapters=adapters("portrait-photography"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="an elderly violin maker with round spectacles and a silver beard in his "
            "attic workshop, golden afternoon light, quiet and absorbed",
            panels=(
                "a close portrait, his eyes lowered to a carved scroll held at his chin, dust "
                "floating in the light",
                "his hands drawing a gouge along pale spruce, shavings curling over his "
                "knuckles, face soft behind them",
                "standing by a row of unvarnished violins hung at the window, half in silhouette",
                "seated on a stool, eyes closed, testing a finished instrument with the faintest "
                "smile",
            ),
            seed=29,
        ),
        TaskExample(
            summary="a round orange creature with a green cap",
            panels=(
                "standing in the snowy mountains, on the left",
                "waving in the snowy mountains, in the middle",
                "jumping in the snowy mountains, on the right",
                "sleeping in the snowy mountains, in the middle",
            ),
            seed=29,
            family="tiny",
        ),
    ),
)
