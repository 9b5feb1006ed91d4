"""Portrait illustration: a photograph of a person and its illustration, side by side."""

from icl_studio.api import CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

TASK = TaskSpec(
    id="portrait-illustration",
    title="Portrait illustration",
    description="A portrait photograph on the left, the same person illustrated on the right.",
    layout=Layout.grid(1, 2, (576, 1088), ("LEFT", "RIGHT")),
    caption=CaptionTemplate(openings=("[LEFT]", "[RIGHT]"), summary_joint=";", panel_joint=";"),
    adapters=adapters("portrait-illustration"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="A street portrait and the editorial illustration drawn from it, same pose, "
            "same gaze, same composition",
            panels=(
                "a photograph of a bicycle courier in her thirties, freckles, cropped copper "
                "hair under a teal helmet, one strap of a canvas bag across her chest, rainy "
                "avenue blurred behind her, 85 mm lens, soft daylight",
                "the same courier as a flat vector illustration with bold navy outlines, the "
                "freckles as tiny dots, the rain as slanted white strokes on a tangerine "
                "background",
            ),
            seed=14,
        ),
        TaskExample(
            summary="a tall green creature with an orange crown as a photo and as a flat "
            "illustration",
            panels=(
                "photographed, it is waving in a forest, in the middle",
                "the same scene, now as a flat illustration",
            ),
            seed=14,
            family="tiny",
        ),
    ),
)
