"""Font design: four words set in one typeface."""

from icl_studio.api import QUAD, CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="font-design",
    title="Font design",
    description="Four uses of one typeface. Name its style in the summary and put the words "
    'to draw in straight double quotes: "Salt".',
    layout=Layout.grid(2, 2, (896, 608), QUAD),
    caption=CaptionTemplate(
        openings=tuple(f"[{name}]" for name in QUAD), summary_joint=";", panel_joint=";"
    ),
    adapters=adapters("font-design"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="A condensed display typeface with chiselled wedge serifs and ink-trap "
            "notches, shown in four settings of a small harbour distillery",
            panels=(
                '"Salt & Smoke" foil-stamped in copper on a matte black bottle label, shallow '
                "depth of field",
                '"TIDE" cut as tall letters from weathered steel above a brick doorway in '
                "morning fog",
                '"Batch 04" letterpressed on thick cotton paper, raking light showing the bite',
                '"Harbour" painted in white along the side of a wooden crate stacked on the quay',
            ),
            seed=11,
        ),
        TaskExample(
            summary="a rounded typeface in four words, teal on a cream background",
            panels=(
                'the word "bear" in a rounded typeface',
                'it says "cake"',
                'the letters spell "tree"',
                '"cat" in the same typeface',
            ),
            seed=11,
            family="tiny",
        ),
    ),
)
