"""``set.json``: what the folder of a set says about itself."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ..domain.geometry import Box
from ..domain.problems import Frozen
from ..domain.request import SetRequest, problems_of
from ..errors import PictureUnreadable, StorageProblem

SCHEMA_VERSION = 2
"""The newest schema known here: 1 is a set as it was drawn, 2 adds tags and assembled sets.

A record bears the lowest number that holds what it says (:func:`schema_for`), so that an
older ICL Studio stays able to rate a set that uses nothing new.
"""
RECORD_FILE = "set.json"
SHEET_FILE = "sheet.png"
SET_ID = re.compile(r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$")
_STAMP = "%Y%m%d-%H%M%S"
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def _moment(text: str) -> str:
    """``text``, when it is an ISO date and time that exists in every time zone."""
    try:
        datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("is not a date and time such as 2026-11-22T18:00:00+00:00") from error
    return text


def _tag(text: str) -> str:
    """``text`` without space around it, when it is one line that can stand in a search."""
    text = " ".join(text.split())
    if not text or len(text) > MAX_TAG or '"' in text or "," in text or not text.isprintable():
        raise ValueError(f"is no tag: use 1 to {MAX_TAG} characters, no comma, no quotes")
    return text


MAX_TAG = 40
Tag = Annotated[str, AfterValidator(_tag)]
Moment = Annotated[str, AfterValidator(_moment)]
SetId = Annotated[str, Field(pattern=SET_ID.pattern, max_length=64)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelReceipt(Frozen):
    """The base model that drew a set; ``files``: path inside its folder to sha256."""

    id: str
    family: str
    source: str
    files: dict[str, Sha256]


class AdapterReceipt(Frozen):
    """A LoRA that acted on a set: as asked for (``source``), and the file it was."""

    source: str
    file: str
    weight: float
    sha256: Sha256
    size: int = Field(ge=0)


class Receipt(Frozen):
    """How a set was made, as far as it can change a pixel.

    ``engine_files`` are files that the engine read outside the model's folder (a compiled
    engine). ``batch`` is how many sheets were denoised together, ``seconds`` the time per
    phase, ``measures`` what was done against too little memory that may change a pixel.
    """

    engine: str
    device: str
    device_name: str = ""
    dtype: str
    versions: dict[str, str]
    model: ModelReceipt
    adapters: tuple[AdapterReceipt, ...] = ()
    engine_files: dict[str, Sha256] = Field(default_factory=dict)
    seed: int
    steps: int
    guidance: float
    max_sequence_length: int
    batch: int = Field(default=1, ge=1)
    seconds: dict[str, float] = Field(default_factory=dict)
    measures: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)
    platform: str = ""


class PanelFile(Frozen):
    """One panel of a saved set: its file inside the set's folder, its box on the sheet."""

    name: str
    path: str
    box: Box


class Rating(Frozen):
    """What the user thinks of a set: 0 to 5 stars, a pick or reject flag, or neither."""

    stars: int | None = Field(default=None, ge=0, le=5)
    flag: Literal["pick", "reject"] | None = None


class Source(Frozen):
    """A set that gave panels to an assembled one: enough to make it again after it has gone.

    ``pixels`` is the digest of its sheet.
    """

    id: SetId
    request: SetRequest
    receipt: Receipt
    pixels: str = ""


class Assembly(Frozen):
    """Where the panels of an assembled set come from.

    ``taken`` has one item a panel, in reading order: the number of its source (from 0) and
    the panel's name there. The first source also gave the gutters, and its request and
    receipt are those of the set, with the texts of the panels that were taken.
    """

    sources: tuple[Source, ...] = Field(min_length=1)
    taken: tuple[tuple[int, str], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sources_are_there(self) -> Assembly:
        if any(not 0 <= number < len(self.sources) for number, _ in self.taken):
            raise ValueError("a panel was taken from a source that is not listed")
        return self


class SetRecord(Frozen):
    """All of ``set.json``; ``pixels`` is the sheet's digest (see ``crop.pixel_digest``)."""

    schema_version: int = Field(default=1, ge=1)
    id: SetId
    created: Moment
    request: SetRequest
    receipt: Receipt
    sheet: str = SHEET_FILE
    panels: tuple[PanelFile, ...]
    pixels: str = ""
    rating: Rating = Rating()
    tags: tuple[Tag, ...] = ()
    assembly: Assembly | None = None

    @property
    def read_only(self) -> bool:
        """Whether a newer ICL Studio wrote this record, so that this one must not change it."""
        return self.schema_version > SCHEMA_VERSION

    @property
    def created_at(self) -> datetime:
        """When the set was saved, in the local time zone."""
        return datetime.fromisoformat(self.created).astimezone()

    def drawn_by(self, panel: str | None) -> tuple[SetRequest, Receipt]:
        """The request and receipt that ``panel`` (None: the sheet) was drawn by.

        They differ from the set's own only for a panel that an assembled set took from
        another.
        """
        names = [file.name for file in self.panels]
        if self.assembly is None or panel not in names:
            return self.request, self.receipt
        source = self.assembly.sources[self.assembly.taken[names.index(panel)][0]]
        return source.request, source.receipt

    def to_json(self) -> str:
        """The text of ``set.json``: indented, so that people can read and compare it."""
        data = self.model_dump(mode="json")
        if self.schema_version == 1:  # which knew neither, and refuses unknown keys
            del data["tags"], data["assembly"]
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def schema_for(*, tags: bool, assembled: bool) -> int:
    """The lowest schema number that can say this."""
    return 2 if tags or assembled else 1


def new_set_id() -> str:
    """A new id: UTC time to the millisecond, then 30 random bits; sorts by time.

    Lower case, a valid folder name everywhere: ``20261122-191103482-k3f9xq``.
    """
    now = datetime.now(UTC)
    tail = "".join(secrets.choice(_LETTERS) for _ in range(6))
    return f"{now.strftime(_STAMP)}{now.microsecond // 1000:03}-{tail}"


def is_set_folder(folder: Path) -> bool:
    """Whether ``folder`` holds a set (its record may still be damaged)."""
    try:
        return (folder / RECORD_FILE).is_file()
    except OSError:  # a folder that is not ours to look into, such as lost+found
        return False


def read_record(folder: Path) -> SetRecord:
    """The record of the set in ``folder``.

    A record of a newer schema is read as far as this version understands it and is then
    ``read_only``. Raises :class:`StorageProblem` when it is missing, damaged or too new.
    """
    path = folder / RECORD_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageProblem(
            f"The record of a set cannot be read: {path} ({error}).",
            fix="Restore the file from a backup; the pictures beside it are intact.",
        ) from error
    try:
        return SetRecord.model_validate_json(text)
    except ValidationError as error:
        newer = _newer(text)
        if newer is not None:
            return _read_newer(path, newer)
        raise StorageProblem(
            f"The record of a set is damaged: {path}.",
            problems=problems_of(error)[:5],
            fix="Restore the file from a backup; the pictures beside it are intact.",
        ) from error


def member(folder: Path, name: str) -> Path:
    """The file ``name`` of a record as a path that lies inside ``folder``.

    Raises :class:`PictureUnreadable` when a (manipulated) record points elsewhere.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise PictureUnreadable(
            f"The set {folder} names a picture outside its folder: {name}.",
            fix="Do not use this set; its record has been changed by hand.",
        )
    return path


def _newer(text: str) -> dict[str, Any] | None:
    """The data of a record whose schema number is above ours, else None."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    version = data.get("schema_version") if isinstance(data, dict) else None
    return data if isinstance(version, int) and version > SCHEMA_VERSION else None


def _read_newer(path: Path, data: dict[str, Any]) -> SetRecord:
    request = data.get("request")
    if isinstance(request, dict):
        request["schema_version"] = 1
    try:
        return SetRecord.model_validate_json(json.dumps(data), extra="ignore")
    except ValidationError as error:
        raise StorageProblem(
            f"The set was saved by a newer ICL Studio (schema {data['schema_version']}, "
            f"this one knows {SCHEMA_VERSION}): {path}.",
            fix="Update ICL Studio to open it; its pictures can be viewed as they are.",
        ) from error
