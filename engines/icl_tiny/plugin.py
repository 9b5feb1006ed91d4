"""The plugin: tells ICL Studio of the embedded model. Light; the weights are data."""

import json

from icl_studio.api import CanvasRule, CaptionerSpec, MetricSpec, ModelSpec, hookimpl
from icl_studio.paths import resource

ICL_STUDIO_API = 1
FOLDER = ("models", "tiny")


def known_words() -> tuple[str, ...]:
    """The words the shipped weights were trained on; empty while there are no weights."""
    try:
        text = resource(*FOLDER, "vocabulary.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    return tuple(json.loads(text)["known_words"])


@hookimpl
def icl_studio_models() -> list[ModelSpec]:
    """The embedded model; it draws every panel with a short side of 96 pixels."""
    return [
        ModelSpec(
            id="tiny",
            title="tiny (embedded)",
            source="resource:" + "/".join(FOLDER),
            family="tiny",
            canvas=CanvasRule(canvas_multiple=16, panel_multiple=16, panel_short_side=96),
            max_sequence_length=128,
            licence="Apache-2.0",
            vocabulary=known_words(),
        )
    ]


@hookimpl
def icl_studio_metrics() -> list[MetricSpec]:
    """The oracle, which reads pictures of the embedded model's world back, and its requests."""
    return [
        MetricSpec(
            id="oracle",
            title="oracle (reads the drawn world back)",
            factory="icl_tiny.oracle.metric:create_oracle",
            requests="icl_tiny.oracle.requests:held_out_requests",
            family="tiny",
            requires=("numpy", "PIL"),
        )
    ]


@hookimpl
def icl_studio_captioners() -> list[CaptionerSpec]:
    """The oracle, which describes sets of the embedded model's world."""
    return [
        CaptionerSpec(
            id="oracle",
            title="oracle (reads the embedded model's drawn world)",
            factory="icl_tiny.oracle.captioner:create",
            requires=("numpy", "PIL"),
        )
    ]
