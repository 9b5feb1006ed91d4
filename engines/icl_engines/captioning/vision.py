"""A captioner through transformers: any vision-language model whose folder is here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image

from icl_studio.engines.captioners import CaptionAsk, CaptionerOptions
from icl_studio.engines.protocol import EngineOptions
from icl_studio.errors import ModelUnavailable, PictureUnreadable

from ..torch_engine.device import choose_device, choose_dtype
from ..torch_engine.memory import memory_errors
from ..torch_engine.quiet import quietly

NEW_TOKENS = 500
LONGEST_SIDE = 1280


class VisionCaptioner:
    """A chat model that sees: AutoProcessor and AutoModelForImageTextToText of one folder."""

    def __init__(self, weights: Path, device: str | None) -> None:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        options = EngineOptions(device=device)
        self._device = choose_device(options)
        dtype = choose_dtype(options, self._device)
        try:
            with quietly(), memory_errors(self._device, "loading the captioner"):
                self._processor: Any = AutoProcessor.from_pretrained(weights, local_files_only=True)
                model: Any = AutoModelForImageTextToText.from_pretrained(
                    weights, dtype=dtype, local_files_only=True, use_safetensors=True
                )
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelUnavailable(
                f"The captioner in {weights} cannot be loaded: {error}",
                fix="Name a folder with a vision-language model, such as Qwen2-VL, by --weights.",
            ) from error
        self._model = model.to(self._device).eval()

    def answer(self, ask: CaptionAsk) -> str:
        """Greedy at first; sampled with a fixed seed when the last answer did not fit."""
        words = ask.instruction
        if ask.summary or any(ask.texts):
            words += f" Known of it: {ask.summary} {' '.join(ask.texts)}"
        if ask.wrong:
            words += f" Your last answer did not fit: {ask.wrong}"
        content: list[dict[str, Any]] = [{"type": "image"} for _ in ask.pictures]
        content.append({"type": "text", "text": words})
        prompt = self._processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        pictures = [_opened(path) for path in ask.pictures]
        inputs = self._processor(text=[prompt], images=pictures, return_tensors="pt")
        inputs = inputs.to(self._device)
        sampled = {"do_sample": True, "temperature": 0.7} if ask.wrong else {"do_sample": False}
        with torch.inference_mode(), memory_errors(self._device, "describing a set"):
            torch.manual_seed(len(ask.wrong))
            made = self._model.generate(**inputs, max_new_tokens=NEW_TOKENS, **sampled)
        new = made[:, inputs["input_ids"].shape[1] :]
        (text,) = self._processor.batch_decode(new, skip_special_tokens=True)
        return str(text)


def create(options: CaptionerOptions) -> VisionCaptioner:
    """The factory that the plugin's ``CaptionerSpec`` names; raises ``ModelUnavailable``."""
    if options.weights is None or not options.weights.is_dir():
        raise ModelUnavailable(
            "This captioner needs a vision-language model on this machine.",
            fix="Name its folder with --weights, or use --captioner server.",
        )
    return VisionCaptioner(options.weights, options.device)


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureUnreadable(
            f"The picture {path} cannot be read: {error}.", fix="Check the file."
        ) from error
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return small
