"""Sentence forms for the paired tasks, and for how a shot is seen and rendered.

Gaps: {who} a described creature, {text} a panel's text, {clause} a view, effect or rendering.
"""

from collections.abc import Iterator

# The paired tasks: summaries with {who}, and what stands for the second panel. Adapters are
# trained with these; the base model's joint training never sees them.
PAIR_SUMMARIES: dict[str, tuple[str, ...]] = {
    "sandstorm-visual-effect": (
        "{who} before and in a sandstorm",
        "{who}, first in clear air, then in blowing sand",
        "a sandstorm comes over {who}",
        "the same scene with {who}, before and after the sandstorm begins",
    ),
    "sparklers-visual-effect": (
        "{who} before and with sparklers",
        "{who}, first without, then with burning sparklers",
        "sparklers are laid over a scene with {who}",
        "the same scene with {who}, before and after the sparklers burn",
    ),
    "portrait-illustration": (
        "a photo of {who} and the illustration drawn from it",
        "{who} as a photo and as a flat illustration",
        "a portrait of {who}, photographed and then illustrated",
        "the same portrait of {who}, a photograph and a drawing",
    ),
}
PAIR_SECONDS = (
    "the same scene {clause}",
    "the same scene, now {clause}",
    "the same creature and place {clause}",
    "the same picture {clause}",
)
EVALUATION_PAIR_SUMMARIES: dict[str, tuple[str, ...]] = {
    "sandstorm-visual-effect": ("{who} without a sandstorm, and with it",),
    "sparklers-visual-effect": ("{who} without sparklers, and among sparklers",),
    "portrait-illustration": ("{who}, one photograph and one illustration",),
}
EVALUATION_PAIR_SECONDS = ("another view of it all, {clause}",)
# How a clause (view, effect, rendering) joins a panel's text.
CLAUSES = ("{text}, {clause}", "{text}, {clause}", "{clause}, {text}", "{text} {clause}")
EVALUATION_CLAUSES = ("{text}, shown {clause}", "a view {clause}, {text}")


def pair_training_texts() -> Iterator[str]:
    """Every form of this module that captions for training, of base or adapter, are made from."""
    for summaries in PAIR_SUMMARIES.values():
        yield from summaries
    yield from (*PAIR_SECONDS, *CLAUSES)


def pair_evaluation_texts() -> Iterator[str]:
    """Every form of this module that only captions for evaluation are made from."""
    for summaries in EVALUATION_PAIR_SUMMARIES.values():
        yield from summaries
    yield from (*EVALUATION_PAIR_SECONDS, *EVALUATION_CLAUSES)
