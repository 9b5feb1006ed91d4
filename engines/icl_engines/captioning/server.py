"""A captioner behind any OpenAI-compatible server: llama.cpp, LM Studio, Ollama, vLLM.

Standard library HTTP; pictures travel inside the request, so the server may be another machine's.
The key, where a server wants one, comes from the environment and is never stored.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from icl_studio.engines.captioners import CaptionAsk, CaptionerOptions
from icl_studio.errors import CaptionInvalid, PictureUnreadable, UserError

DEFAULT_URL = "http://localhost:1234/v1"
KEY_VARIABLE = "ICL_STUDIO_CAPTION_KEY"
LONGEST_SIDE = 1024
MAX_ANSWER = 2**20


class ServerCaptioner:
    """Asks ``<url>/chat/completions`` with the pictures as data URLs."""

    def __init__(self, url: str, model: str, timeout: float) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._timeout = timeout

    def answer(self, ask: CaptionAsk) -> str:
        """The text of the first choice. Raises ``UserError`` where no server answers as it should,
        ``CaptionInvalid`` for an answer without text (which is asked for again)."""
        words = ask.instruction
        if ask.summary or any(ask.texts):
            words += f" Known of it: {ask.summary} {' '.join(ask.texts)}"
        if ask.wrong:
            words += f" Your last answer did not fit: {ask.wrong}"
        content: list[dict[str, Any]] = [{"type": "text", "text": words}]
        content += [
            {"type": "image_url", "image_url": {"url": data_url(path)}} for path in ask.pictures
        ]
        said = self._post(
            {
                "model": self._model,
                "messages": [{"role": "user", "content": content}],
                "max_tokens": 700,
                "temperature": 0.2 if not ask.wrong else 0.7,
            }
        )
        try:
            text = said["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            text = None
        if not isinstance(text, str):
            raise CaptionInvalid("The server's answer holds no text.")
        return text

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        key = os.environ.get(KEY_VARIABLE)
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        try:
            # No proxy from the environment: a local server is not reached through one.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=self._timeout) as response:
                data = response.read(MAX_ANSWER + 1)
        except urllib.error.HTTPError as error:
            detail = error.read(300).decode("utf-8", "replace").strip()
            raise UserError(
                f"The captioning server {self._url} answers {error.code}: {detail}",
                fix=f"Check --url and --model; a key is read from {KEY_VARIABLE}.",
            ) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise UserError(
                f"The captioning server {self._url} does not answer: {reason}.",
                fix="Start it, or give its address with --url.",
            ) from error
        if len(data) > MAX_ANSWER:
            raise CaptionInvalid("The server's answer is absurdly long.")
        try:
            return json.loads(data)
        except ValueError as error:
            raise CaptionInvalid("The server's answer is no JSON.") from error


def create(options: CaptionerOptions) -> ServerCaptioner:
    """The factory that the plugin's ``CaptionerSpec`` names; raises ``UserError`` for a bad URL."""
    url = options.url or DEFAULT_URL
    if urlsplit(url).scheme not in ("http", "https"):
        raise UserError(f"{url!r} is no server's address.", fix=f"Such as {DEFAULT_URL}.")
    return ServerCaptioner(url, options.model or "default", options.timeout)


def data_url(path: Path) -> str:
    """A picture as a JPEG data URL, at most :data:`LONGEST_SIDE` pixels long."""
    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureUnreadable(
            f"The picture {path} cannot be read: {error}.", fix="Check the file."
        ) from error
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    data = BytesIO()
    small.save(data, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
