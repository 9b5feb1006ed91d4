"""The whole plugin: one task as data, and the hook that hands it over.

Import nothing but the standard library and ``icl_studio.api``: this module is loaded by
every command, so it must be quick.
"""

from icl_studio.api import QUAD, CaptionTemplate, Layout, Sampling, TaskExample, TaskSpec, hookimpl

ICL_STUDIO_API = 1
"""The API this module was written for; ICL Studio leaves out what it cannot serve."""

TASK = TaskSpec(
    id="comic-strip",
    title="Comic strip",
    description="Four beats of one joke: setup, build-up, turn, punchline.",
    # 1536x1152 pixels: every panel edge on a multiple of 16, the canvas on one of 64.
    layout=Layout.grid(2, 2, (768, 576), names=QUAD),
    # "summary; [TOP-LEFT] text; [TOP-RIGHT] text; [BOTTOM-LEFT] text; [BOTTOM-RIGHT] text"
    caption=CaptionTemplate(
        openings=tuple(f"[{name}]" for name in QUAD), summary_joint=";", panel_joint=";"
    ),
    # A task with a LoRA of its own names one per family of base models:
    # adapters=(AdapterSource(family="flux.1", source="owner/repository/file.safetensors"),),
    sampling=Sampling(steps=20, guidance=3.5),
    examples=(
        TaskExample(
            summary="A four-panel newspaper comic in crisp ink and flat pastel colours about an "
            "over-ambitious snail called <Bolt> who wears a red racing helmet",
            panels=(
                "<Bolt> crouches at a chalk starting line in a vegetable garden, steely eyes",
                "a referee beetle lowers the flag, dust bursts behind <Bolt>",
                "the sun has set, crickets play, <Bolt> has moved by the width of one leaf",
                '<Bolt> lifts a tiny trophy labelled "Slowest", tears of joy, confetti',
            ),
            seed=12,
        ),
        TaskExample(
            summary="a round green creature with a yellow crown in four pictures",
            panels=(
                "standing in the meadow, on the left",
                "waving in the meadow, in the middle",
                "jumping on the beach, in the middle",
                "sleeping in the cosy room, on the right",
            ),
            seed=12,
            family="tiny",
        ),
    ),
)


@hookimpl
def icl_studio_tasks() -> list[TaskSpec]:
    """The tasks of this plugin."""
    return [TASK]
