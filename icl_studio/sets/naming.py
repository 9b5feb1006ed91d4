"""Names of files and folders from templates such as ``{date}/{task}-{seed}-{panel}``.

Tokens are the ones users know from other tools (SwarmUI, InvokeAI #965, Draw Things #74).
A template's own slashes make folders; a slash inside a value never does. Whatever comes
out is a valid name on Windows, macOS and Linux alike, so that a folder can travel.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath

from ..domain.problems import UserError
from ..domain.request import SetRequest
from ..errors import NotFound

DEFAULT_SET_NAME = "{id}-{task}-{seed}"
DEFAULT_EXPORT_NAME = "{task}-{seed}-{index:02}-{panel}"
MAX_NAME_BYTES = 120
"""UTF-8 bytes of one name: with counter and suffix below the 143 of encrypted homes (eCryptfs)."""
MAX_VALUE_BYTES = 60
"""UTF-8 bytes of one free text inside a name, so that what follows it is not cut off."""

Value = str | int | float | datetime

TOKENS: Mapping[str, str] = {
    "task": "id of the task",
    "name": "the set's own name, else its task",
    "date": "day the set was made, 2026-11-22; {date:%y%m%d} in another form",
    "time": "time the set was made, 191103; {time:%H-%M} in another form",
    "seed": "seed; {seed:010} pads with zeros",
    "panel": "name of the panel, SCENE-1; SHEET for the sheet",
    "index": "number of the panel from 1; 0 for the sheet; {index:02} pads",
    "counter": "counts up, and is free where the file is written; {counter:04} pads",
    "panels": "how many panels the set has",
    "id": "the set's id",
    "model": "model, without folders",
    "engine": "engine asked for, in an export the one used",
    "lora": "LoRA files, joined by +",
    "width": "width of the sheet or panel in pixels",
    "height": "height of the sheet or panel in pixels",
    "steps": "sampling steps",
    "guidance": "guidance",
    "summary": "what the set shows; {summary:40} cuts it to 40 characters",
    "text": "text of the panel, of the summary for the sheet",
}

_TOKEN = re.compile(r"\{([a-z]+)(?::([^{}/\\]*))?\}")
_COUNTER = re.compile(r"\{counter(?::0?(\d{1,3}))?\}")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
_RESERVED = re.compile(
    r"^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=\s*(\.|$))", re.IGNORECASE
)
_TIED = {"\u200c", "\u200d", "\ufe0e", "\ufe0f"}  # joiners, variation selectors: scripts, emoji


def set_values(request: SetRequest, set_id: str, made: datetime) -> dict[str, Value]:
    """The token values of a whole set (its sheet); ``made`` is local time."""
    width, height = request.layout.canvas
    return {
        "task": request.task,
        "name": request.name or request.task,
        "date": made,
        "time": made,
        "seed": request.seed,
        "panel": "SHEET",
        "index": 0,
        "panels": len(request.layout.panels),
        "id": set_id,
        "model": _last_part(request.model),
        "engine": request.engine,
        "lora": "+".join(_stem(use.source) for use in request.adapters) or "none",
        "width": width,
        "height": height,
        "steps": request.sampling.steps,
        "guidance": request.sampling.guidance,
        "summary": request.parts.summary,
        "text": request.parts.summary,
    }


def set_folder_name(template: str, request: SetRequest, set_id: str, made: datetime) -> str:
    """The folder of a new set, relative to the library; ``{counter}`` is left for saving.

    Raises :class:`NotFound` for an unknown token, :class:`UserError` for a broken template.
    """
    return render_name(template, set_values(request, set_id, made))


def check_template(template: str) -> None:
    """Raise what :func:`render_name` would for ``template``, before any work is done."""
    if re.search(r"[{}]", _TOKEN.sub("", template)):
        raise UserError(
            f"The name template {template!r} has a brace that belongs to no token.",
            fix="Write tokens as {seed} or {index:02}.",
        )
    for name, form in _TOKEN.findall(template):
        if name not in TOKENS:
            near = difflib.get_close_matches(name, TOKENS, n=2, cutoff=0.5)
            hint = " or ".join(f"{{{word}}}" for word in near)
            known = ", ".join(f"{{{word}}}" for word in TOKENS)
            raise NotFound(
                f"The name template {template!r} has an unknown token {{{name}}}.",
                fix=(f"Did you mean {hint}? " if hint else "") + f"Known tokens: {known}.",
            )
        if form and name not in ("date", "time") and not re.fullmatch(r"0?\d{1,3}", form):
            raise UserError(
                f"The name template {template!r} has a form {form!r} that {{{name}}} cannot take.",
                fix="Give a number, such as {index:02} or {summary:40}.",
            )
    if not any(_clean(part) for part in re.split(r"[/\\]", _TOKEN.sub("x", template))):
        raise UserError("The name template is empty.", fix=f"Try {DEFAULT_EXPORT_NAME}.")


def render_name(template: str, values: Mapping[str, Value]) -> str:
    """A relative path with ``/`` between its parts, each a valid name; no suffix is added.

    Tokens without a value stay as they are (``{counter}``, which only the moment of writing
    knows). Raises :class:`NotFound` for an unknown token, :class:`UserError` otherwise.
    """
    check_template(template)

    def put(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return match[0] if value is None else _shown(match[1], value, match[2] or "")

    parts = [safe_part(_TOKEN.sub(put, part)) for part in re.split(r"[/\\]", template)]
    return "/".join(part for part in parts if part) or "set"


def safe_part(text: str) -> str:
    """:func:`safe_name` that leaves a ``{counter}`` still open in ``text`` whole."""
    found = _COUNTER.search(text)
    if found is None:
        return safe_name(text)
    # The digits stand for the number, so that nothing beside it is trimmed as an end.
    tail = _shorten(_clean("0" + _COUNTER.sub("", text[found.end() :]))[1:], MAX_NAME_BYTES // 2)
    room = MAX_NAME_BYTES - len((found[0] + tail).encode("utf-8"))
    return _shorten(_clean(text[: found.start()] + "0")[:-1], room) + found[0] + tail


def safe_name(text: str, limit: int = MAX_NAME_BYTES) -> str:
    """``text`` as one file name valid on all three systems, empty when nothing is left.

    Unicode stays, in NFC; at most ``limit`` UTF-8 bytes, cut between whole characters.
    """
    return _shorten(_unreserved(_clean(text)), limit)


def numbered(template: str, taken: Callable[[str], bool]) -> str:
    """``template`` with its ``{counter}`` put in, or with ``-2``, ``-3`` … where it is taken.

    ``taken`` says whether a rendered relative path exists already.
    """
    if found := _COUNTER.search(template):
        width, n = int(found[1] or 4), 1
        while taken(name := _counted(template, f"{n:0{width}}")):
            n += 1
        return name
    name, n = template, 2
    while taken(name):
        name, n = f"{template}-{n}", n + 1
    return name


def _counted(template: str, number: str) -> str:
    return "/".join(_unreserved(part) for part in _COUNTER.sub(number, template).split("/"))


def _unreserved(name: str) -> str:
    """``name`` with ``_`` after a word that Windows keeps for its devices."""
    return _RESERVED.sub(lambda match: f"{match[0]}_", name)


def _shown(token: str, value: Value, form: str) -> str:
    """A value as text without path separators; ``form`` as :data:`TOKENS` describes."""
    if isinstance(value, datetime):
        text = _moment(value, form or ("%Y-%m-%d" if token == "date" else "%H%M%S"))
    elif isinstance(value, int):
        text = f"{value:0{int(form or 1)}}"
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = _shorten(value[: int(form)] if form else value, MAX_VALUE_BYTES)
    # Braces in a value must not read as a token when the counter is put in later.
    return _FORBIDDEN.sub("-", text).replace("{", "(").replace("}", ")")


def _moment(value: datetime, form: str) -> str:
    try:
        return value.strftime(form)
    except ValueError as error:  # Windows refuses what Linux leaves as it is
        raise UserError(f"{form!r} is no form of a date.", fix="Try %Y-%m-%d or %H%M.") from error


def _clean(text: str) -> str:
    """Without control, private and direction characters; no dot or space at either end."""
    text = re.sub(r"\s", " ", text)
    kept = [
        ch
        for ch in unicodedata.normalize("NFC", text)
        if unicodedata.category(ch)[0] != "C" or ch in _TIED
    ]
    return _FORBIDDEN.sub("-", " ".join("".join(kept).split())).rstrip(" .").lstrip(" .-")


def _shorten(name: str, limit: int) -> str:
    if len(name.encode("utf-8")) <= limit:
        return name
    cut = name.encode("utf-8")[:limit].decode("utf-8", errors="ignore")
    # Not between a letter and its accent, nor inside a joined emoji.
    while cut and (name[len(cut)] in _TIED or unicodedata.combining(name[len(cut)])):
        cut = cut[:-1]
    return cut.rstrip(" .").rstrip("".join(_TIED))


def _last_part(model: str) -> str:
    return re.split(r"[/\\]", model.rstrip("/\\"))[-1] or model


def _stem(source: str) -> str:
    return PurePosixPath(_last_part(source)).stem


def free_path(folder: Path, name: str, suffix: str) -> Path:
    """A path in ``folder`` for ``name`` + ``suffix`` that does not exist yet."""
    return folder / (numbered(name, lambda n: (folder / f"{n}{suffix}").exists()) + suffix)
