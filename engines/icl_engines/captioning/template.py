"""The template captioner: what the user wrote per panel, put into the task's form."""

from __future__ import annotations

import json
from itertools import zip_longest

from icl_studio.engines.captioners import CaptionAsk, CaptionerOptions
from icl_studio.errors import CaptionInvalid


class TemplateCaptioner:
    """Sees nothing: needs a text per panel (``LEFT.txt`` …) and a summary (``summary.txt``)."""

    def answer(self, ask: CaptionAsk) -> str:
        """The user's own texts. Raises ``CaptionInvalid`` naming the files that are missing."""
        missing = [
            f"{picture.stem}.txt"
            for picture, text in zip_longest(ask.pictures, ask.texts)
            if not text
        ]
        if not ask.summary:
            missing.insert(0, "summary.txt")
        if missing:
            raise CaptionInvalid(
                f"{ask.name} has no {', '.join(missing)}.",
                fix="Write these texts beside the panels, or use another captioner.",
            )
        return json.dumps({"summary": ask.summary, "panels": ask.texts})


def create(_options: CaptionerOptions) -> TemplateCaptioner:
    """The factory that the plugin's ``CaptionerSpec`` names."""
    return TemplateCaptioner()
