"""Sparklers visual effect: a shot, and the same shot with real sparklers below it."""

from icl_studio.api import CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="sparklers-visual-effect",
    title="Sparklers visual effect",
    description="A shot above, and the same shot with sparklers laid over it below.",
    layout=Layout.grid(2, 1, (960, 544), ("TOP", "BOTTOM")),
    caption=CaptionTemplate(
        prefix="[REAL-SPARKLERS-OVERLAYS]",
        openings=("[TOP]", "[BOTTOM]"),
        summary_joint=";",
        panel_joint=";",
    ),
    adapters=adapters("sparklers-visual-effect"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="A rooftop wedding dance photographed twice from the same spot, first plain, "
            "then with sparkler trails overlaid",
            panels=(
                "two brides in ivory suits turn slowly beneath a string of unlit bulbs, city "
                "skyline at blue hour behind them, a hand raised in mid spin, shallow focus",
                "the same frame with golden sparklers tracing a spiral around their raised "
                "hands, hot white cores, fine sparks falling past the sleeves and a warm "
                "flicker on both faces",
            ),
            seed=8,
        ),
        TaskExample(
            summary="a round purple creature with a yellow crown, before and with sparklers",
            panels=(
                "jumping in the city at night, in the middle",
                "the same creature and place with sparklers",
            ),
            seed=8,
            family="tiny",
        ),
    ),
)
