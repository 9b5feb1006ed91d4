"""Reading a request back: from JSON, from a set, or from any PNG that a set left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..domain.request import SetRequest, problems_of
from ..errors import NotFound, PictureUnreadable, RequestInvalid
from ..sets.pictures import open_picture
from ..sets.png import KEY
from ..sets.record import RECORD_FILE

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST = 8 * 2**20


def read_request(path: Path) -> SetRequest:
    """The request in ``path``: a request's JSON, a ``set.json``, a set's folder or its PNG.

    Raises ``NotFound``, ``PictureUnreadable`` for a PNG that carries no request, and
    ``RequestInvalid`` naming line or key for JSON that is none.
    """
    try:
        if path.is_dir():
            path = path / RECORD_FILE
        with path.open("rb") as file:
            head = file.read(len(_PNG))
            data = _of_png(path) if head == _PNG else _of_json(path, head + file.read(_LARGEST))
    except FileNotFoundError:
        if str(path).lstrip().startswith("{"):
            raise _inline() from None
        raise NotFound(
            f"There is no file {path}.", fix="Give a request's JSON, a set or one of its PNGs."
        ) from None
    except (OSError, ValueError) as error:
        if str(path).lstrip().startswith("{"):
            raise _inline() from error
        if isinstance(error, ValueError):
            raise NotFound(f"{path} is no name of a file.", fix="Give a file.") from error
        raise NotFound(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from error
    if isinstance(data, dict) and "request" in data:
        data = data["request"]
    try:
        # Through JSON, so that lists become the tuples of the domain.
        return SetRequest.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise RequestInvalid(
            f"{path} holds no request that can be used.",
            problems=problems_of(error),
            fix="`icl-studio make TASK … --dry-run --json` shows what one looks like.",
        ) from None


def _inline() -> NotFound:
    return NotFound(
        "A request's JSON was given where its file was expected.",
        fix="Save the JSON in a file and give that.",
    )


def _of_json(path: Path, raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RequestInvalid(
            f"{path} is neither a PNG nor UTF-8 text.", fix="Give a request's JSON or a set's PNG."
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        where = (
            f"line {error.lineno}, column {error.colno}: {error.msg}"
            if isinstance(error, json.JSONDecodeError)
            else "it is nested too deeply"
        )
        raise RequestInvalid(
            f"{path} is not valid JSON: {where}.", fix="Mend that place."
        ) from error


def _of_png(path: Path) -> Any:
    text = open_picture(path).info.get(KEY)
    if not isinstance(text, str):
        raise PictureUnreadable(
            f"{path} does not say how it was made.",
            fix="Give a PNG that ICL Studio wrote with full metadata, or the set's set.json.",
        )
    return _of_json(path, text.encode())
