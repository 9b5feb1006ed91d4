"""What lies in a folder: finished sheets, panels of sets, sets of ICL Studio, and their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import NotFound, PictureUnreadable, UserError
from ..sets.record import is_set_folder, read_record
from .findings import Finding, error, warning
from .textfiles import read_text
from .unpacking import PICTURES, TEXTS, is_junk, unpack

Kind = Literal["sheet", "panels", "set"]
As = Literal["auto", "sheets", "panels"]
CAPTION_FILES = ("caption.txt", "joint.txt")
SUMMARY_FILE = "summary.txt"
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Material:
    """One set as it lies on disk: one sheet, or its panels in reading order.

    ``name`` is its path inside the source, without suffix. ``texts`` are the texts of single
    panels where there are any (None for a panel without one), ``caption`` is the joint caption.
    """

    name: str
    kind: Kind
    pictures: tuple[Path, ...]
    caption: str = ""
    summary: str = ""
    texts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Gathered:
    """All material of a source, in natural order, and what is to be said of the source itself."""

    items: tuple[Material, ...]
    findings: tuple[Finding, ...]


def natural(name: str) -> list[tuple[int, int | str]]:
    """A sort key by which ``panel 2`` comes before ``panel 10``."""
    parts = _DIGITS.split(name.casefold())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


def gather(
    source: Path, unpacked: Path, panel_names: Sequence[str], *, taken_as: As = "auto"
) -> Gathered:
    """The material in the folder or zip ``source``; a zip is unpacked into ``unpacked``.

    ``panel_names`` are the task's, in reading order. A sub-folder is one set of separate panels
    where ``taken_as`` says so or where it shows it: its pictures are named as panels or by
    numbers from 1, and there are as many, and none has a joint caption of its own; anything else is
    finished sheets, flat or nested.
    Raises :class:`NotFound`, :class:`PictureUnreadable`, ``StorageProblem``.
    """
    found: list[Finding] = []
    root = source
    if source.is_file():
        if source.suffix.lower() != ".zip":
            raise PictureUnreadable(
                f"{source} is neither a folder nor a zip.",
                fix="Give a folder or zip of pictures with .txt captions.",
            )
        found += unpack(source, unpacked)
        root = unpacked
        root.mkdir(parents=True, exist_ok=True)
    if not root.is_dir():
        raise NotFound(f"There is no data set {source}.", fix="Check the path.")
    items: list[Material] = []
    for folder in (root, *sorted((p for p in root.rglob("*") if p.is_dir()), key=_key)):
        inside = folder.relative_to(root)
        if is_junk(inside) or any(is_set_folder(up) for up in folder.parents if up != root):
            continue
        items += _in_folder(folder, inside, tuple(panel_names), taken_as, found)
    return Gathered(tuple(sorted(items, key=lambda item: natural(item.name))), tuple(found))


def gather_sets(folders: Sequence[Path]) -> Gathered:
    """Sets that ICL Studio made as material: their sheets with the captions they were asked for."""
    return Gathered(tuple(_studio_set(folder, folder.name) for folder in folders), ())


def _key(path: Path) -> list[tuple[int, int | str]]:
    return natural(path.as_posix())


def _in_folder(
    folder: Path, inside: Path, names: tuple[str, ...], taken_as: As, found: list[Finding]
) -> list[Material]:
    """The material whose files lie directly in ``folder``; orphans go to ``found``."""
    name = inside.as_posix()
    if is_set_folder(folder):
        return [_studio_set(folder, name)]
    files = [p for p in folder.iterdir() if p.is_file() and not is_junk(Path(p.name))]
    pictures = sorted((p for p in files if p.suffix.lower() in PICTURES), key=_key)
    texts = {p.stem.casefold(): p for p in files if p.suffix.lower() in TEXTS}
    ordered = _in_panel_order(pictures, names)
    if ordered and _joint_texts(ordered, names, texts):
        ordered = []
    if pictures and taken_as != "sheets" and (ordered or taken_as == "panels"):
        return [_panels(folder, name, ordered or pictures, names, texts)]
    sheets = [_sheet(path, inside, texts) for path in pictures]
    used = {path.stem.casefold() for path in pictures}
    beside = {p.name.casefold() for p in folder.iterdir() if p.is_dir()}
    for stem, path in texts.items():
        if stem not in used and stem not in beside:
            where = (inside / path.name).as_posix()
            found.append(warning("is a text without a picture of that name.", "", where))
    return sheets


def _in_panel_order(pictures: Sequence[Path], names: tuple[str, ...]) -> list[Path]:
    """``pictures`` in the order of the panels, empty unless their names say that they are panels.

    A single picture is never taken for a panel: then it is a sheet called ``1.jpg``.
    """
    if len(pictures) != len(names) or len(pictures) < 2:
        return []
    plain = [re.sub(r"^\d+[-_ ]+(?=\D)", "", path.stem).upper() for path in pictures]
    if sorted(plain) == sorted(names):
        return [pictures[plain.index(name)] for name in names]
    numbers = [re.fullmatch(r"(?:panel|shot|scene)?[-_ ]*0*(\d)", p.stem, re.I) for p in pictures]
    if [int(match[1]) for match in numbers if match] == list(range(1, len(names) + 1)):
        return list(pictures)
    return []


def _joint_texts(pictures: Sequence[Path], names: tuple[str, ...], texts: dict[str, Path]) -> bool:
    """Whether a picture's own text speaks of two panels: then it is a sheet, whatever its name.

    As many numbered sheets as the task has panels would be taken for one set otherwise.
    """
    for path in pictures:
        text = texts.get(path.stem.casefold())
        said = read_text(text)[0].upper() if text else ""
        if sum(f"[{name}]" in said for name in names) > 1:
            return True
    return False


def _sheet(path: Path, inside: Path, texts: dict[str, Path]) -> Material:
    text = texts.get(path.stem.casefold())
    caption, findings = read_text(text) if text else ("", [])
    return Material(
        name=(inside / path.stem).as_posix(),
        kind="sheet",
        pictures=(path,),
        caption=caption,
        findings=tuple(findings),
    )


def _panels(
    folder: Path,
    name: str,
    pictures: Sequence[Path],
    names: tuple[str, ...],
    texts: dict[str, Path],
) -> Material:
    """A folder of panels: ``caption.txt`` in it or ``<folder>.txt`` beside it, or single texts."""
    findings: list[Finding] = []
    if len(pictures) != len(names):
        findings.append(
            error(
                f"holds {len(pictures)} pictures; the task has {len(names)} panels.",
                "Put exactly one picture per panel into the folder.",
            )
        )
    candidates = [folder / file for file in CAPTION_FILES]
    if folder.name:
        candidates.append(folder.parent / f"{folder.name}.txt")
    written = next((path for path in candidates if path.is_file()), None)
    caption, problems = read_text(written) if written else ("", [])
    singles: list[str] = []
    for path in pictures:
        text = texts.get(path.stem.casefold())
        one, more = read_text(text) if text else ("", [])
        singles.append(one)
        problems += more
    summary = ""
    if (folder / SUMMARY_FILE).is_file():
        summary, more = read_text(folder / SUMMARY_FILE)
        problems += more
    return Material(
        name=name if name != "." else folder.name,
        kind="panels",
        pictures=tuple(pictures),
        caption=caption,
        summary=summary,
        texts=tuple(singles) if any(singles) else (),
        findings=(*findings, *problems),
    )


def _studio_set(folder: Path, name: str) -> Material:
    """A set that ICL Studio made: its sheet, and the caption it was asked for with."""
    name = name if name != "." else folder.name
    try:
        record = read_record(folder)
    except UserError as problem:
        found = error(problem.message, problem.fix)
        return Material(name=name, kind="set", pictures=(), findings=(found,))
    return Material(
        name=name,
        kind="set",
        pictures=(folder / record.sheet,),
        caption=record.request.caption,
        summary=record.request.parts.summary,
        texts=record.request.parts.panels,
    )
