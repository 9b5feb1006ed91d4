"""Film storyboard: three shots of one story, one above the other, with named roles."""

from icl_studio.api import CaptionTemplate, Layout, TaskExample, TaskSpec

from .published import SAMPLING, adapters

_SCENES = ("SCENE-1", "SCENE-2", "SCENE-3")

TASK = TaskSpec(
    id="film-storyboard",
    title="Film storyboard",
    description="Three film shots of the same people, told as one flowing sentence. "
    "Write names in angle brackets: <Mara>.",
    layout=Layout.grid(3, 1, (1024, 512), _SCENES),
    caption=CaptionTemplate(
        prefix="[MOVIE-SHOTS]",
        openings=tuple(f"[{scene}]" for scene in _SCENES),
        summary_joint=",",
        panel_joint=",",
        roles=True,
    ),
    adapters=adapters("film-storyboard"),
    sampling=SAMPLING,
    examples=(
        TaskExample(
            summary="A quiet rescue unfolds on a winter coast as the lighthouse keeper <Mara>, "
            "grey braid, mustard oilskin coat, follows a signal into the storm",
            panels=(
                "<Mara> wipes the fogged lantern-room window and spots a red flare far out at "
                "sea, warm lamplight on one side of her face, deep blue night on the other",
                "she pushes a wooden rowing boat through breaking surf, low camera at the "
                "waterline, spray frozen in the beam of the lighthouse",
                "at dawn <Mara> wraps her coat around a shivering young sailor on the shingle, "
                "wide shot, pale pink sky, the boat resting behind them",
            ),
            seed=7,
        ),
        TaskExample(
            summary="a round red creature with a blue top hat travels around the world",
            panels=(
                "standing on the beach, on the left",
                "waving in the forest, in the middle",
                "jumping in the city at night, on the right",
            ),
            seed=5,
            family="tiny",
        ),
    ),
)
