"""Pairwise DINOv2: how alike the panels of a set look (Oquab et al., 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import torch
from PIL import Image
from torch.nn.functional import normalize
from transformers import AutoImageProcessor, Dinov2Model

from icl_studio.api import DrawnSet, MetricOptions, Score

from .weights import device, load

HUB_ID = "facebook/dinov2-base"


class PairwiseDino:
    """Consistency: the cosine of each two panels' class tokens; diversity: 1 minus it."""

    def __init__(self, options: MetricOptions) -> None:
        self._device = device(options)
        self._model, self._processor = load(
            "dinov2", Dinov2Model, AutoImageProcessor, HUB_ID, options
        )
        self._source = str(options.weights or HUB_ID)

    def judge(self, drawn: DrawnSet) -> Sequence[Score]:
        """Two scores for each two panels; none for a set of one panel."""
        tokens = self._class_tokens([_picture(path) for path in drawn.panels])
        cosines = (tokens @ tokens.T).tolist()
        scores = []
        for one, other in combinations(range(len(drawn.panels)), 2):
            alike = round(cosines[one][other], 4)
            pair = f"panels {one + 1} and {other + 1}"
            scores += [
                Score(about="consistency", name="dinov2", value=alike, read=pair),
                Score(about="diversity", name="dinov2", value=round(1 - alike, 4), read=pair),
            ]
        return scores

    def report(self) -> Mapping[str, Any]:
        """Where the weights came from."""
        return {"weights": self._source}

    def _class_tokens(self, pictures: list[Image.Image]) -> torch.Tensor:
        """(pictures, width), each of length 1."""
        batch = self._processor(images=pictures, return_tensors="pt").to(self._device)
        with torch.inference_mode():
            states = self._model(**batch).last_hidden_state
        return normalize(states[:, 0], dim=-1)


def create_dinov2(options: MetricOptions) -> PairwiseDino:
    """The factory that the plugin names. Raises ``ModelUnavailable``."""
    return PairwiseDino(options)


def _picture(path: Any) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")
