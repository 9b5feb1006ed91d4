"""PPT templates: four slides of one presentation design."""

from icl_studio.api import QUAD, CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="ppt-templates",
    title="PPT templates",
    description="Four slides of one presentation design: cover, sections, charts, closing.",
    layout=Layout.grid(2, 2, (992, 576), QUAD),
    caption=CaptionTemplate(
        openings=tuple(f"[{name}]" for name in QUAD), summary_joint=";", panel_joint=";"
    ),
    adapters=adapters("ppt-templates"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="Four slides of a calm presentation design for an ocean research institute, "
            "paper-white ground, abyss blue type, contour lines of a sea chart as the recurring "
            "motif and one coral accent",
            panels=(
                'the cover, "Below Two Thousand" in large light letters over a full-bleed '
                "photograph of a diving bell",
                "a section slide with three numbered columns and small line icons of instruments",
                "a chart slide, one smooth depth curve with a single coral dot marked",
                'the closing slide, "Thank you" centred within fading contour lines',
            ),
            seed=17,
        ),
        TaskExample(
            summary="four slides in deep blue with dots, accents in orange",
            panels=(
                "the title slide",
                "three bullet points in the same design",
                "a bar chart in the same design",
                "this slide is a timeline",
            ),
            seed=17,
            family="tiny",
        ),
    ),
)
