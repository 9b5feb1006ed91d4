"""CLIP-T: the cosine of each panel and its own text (Hessel et al., CLIPScore, 2021, unscaled)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL import Image
from torch.nn.functional import normalize
from transformers import CLIPModel, CLIPProcessor

from icl_studio.api import DrawnSet, MetricOptions, Score

from .weights import device, load

HUB_ID = "openai/clip-vit-large-patch14"


class ClipT:
    """Adherence by CLIP. Texts are cut after 77 tokens, so the panel's own words come first."""

    def __init__(self, options: MetricOptions) -> None:
        self._device = device(options)
        self._model, self._processor = load("clip", CLIPModel, CLIPProcessor, HUB_ID, options)
        self._source = str(options.weights or HUB_ID)
        self._cut = 0

    def judge(self, drawn: DrawnSet) -> Sequence[Score]:
        """One cosine (-1..1) per panel; chance: the mean with the other panels' texts."""
        texts = [f"{text}. {drawn.draft.summary}" for text in drawn.draft.panels]
        cosines = self._cosines([_picture(path) for path in drawn.panels], texts)
        scores = []
        for index, row in enumerate(cosines.tolist()):
            others = [value for other, value in enumerate(row) if other != index]
            scores.append(
                Score(
                    about="adherence",
                    name="clip-t",
                    value=round(row[index], 4),
                    panel=index,
                    chance=round(sum(others) / len(others), 4) if others else None,
                    asked=drawn.draft.panels[index],
                )
            )
        return scores

    def report(self) -> Mapping[str, Any]:
        """Where the weights came from, and how many texts were too long for CLIP."""
        return {"weights": self._source, "texts cut": self._cut}

    def _cosines(self, pictures: list[Image.Image], texts: list[str]) -> torch.Tensor:
        """(pictures, texts) cosines."""
        limit = self._model.config.text_config.max_position_embeddings
        tokenizer = self._processor.tokenizer
        self._cut += sum(len(tokenizer(text)["input_ids"]) > limit for text in texts)
        batch = self._processor(
            text=texts,
            images=pictures,
            padding=True,
            truncation=True,
            max_length=limit,
            return_tensors="pt",
        ).to(self._device)
        with torch.inference_mode():
            out = self._model(**batch)
        return normalize(out.image_embeds, dim=-1) @ normalize(out.text_embeds, dim=-1).T


def create_clip_t(options: MetricOptions) -> ClipT:
    """The factory that the plugin names. Raises ``ModelUnavailable``."""
    return ClipT(options)


def _picture(path: Any) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")
