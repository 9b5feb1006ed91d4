"""A best-of set: panels of several sets on one sheet, saved as a set of its own.

The sources stay as they are. The new record holds their requests and receipts, so that it
still says how every panel was drawn after a source has been deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL.Image import Image

from ..domain.caption import CaptionTemplate
from ..domain.geometry import Size
from ..domain.request import SetRequest
from ..errors import PictureUnreadable, UserError
from .library import Entry
from .pictures import open_picture
from .record import Assembly, PanelFile, SetRecord, Source, member, new_set_id, read_record
from .save import save_set

BEST_OF = "best of"


class Choice(NamedTuple):
    """A panel of a set: the set's folder, the panel's name there."""

    folder: Path
    panel: str


class _Panel(NamedTuple):
    """A chosen panel, looked up."""

    entry: Entry
    number: int
    file: PanelFile


def assemble(
    root: Path,
    choices: Sequence[Choice],
    *,
    template: CaptionTemplate | None = None,
    name: str = "",
    set_id: str | None = None,
) -> Path:
    """Save a set under ``root`` whose panels, in reading order, are ``choices``; its folder.

    Layout, gutters and settings are those of the set of the first choice. Each panel must
    have the size of its place: nothing is scaled. ``template`` is the task's, to put the
    texts of the panels together into one caption; without it the first set's caption stays.
    Raises :class:`UserError`, :class:`PictureUnreadable`, and ``StorageProblem``; then
    nothing is left.
    """
    if not choices:
        raise UserError("No panel was chosen.", fix="Choose one for each place of the layout.")
    panels = [_look_up(choice) for choice in choices]
    first = panels[0].entry
    _check_sizes(first, panels)
    sources, taken = _origins(panels)
    request = _request(first.record.request, panels, template, name)
    made = set_id or new_set_id()
    return save_set(
        root,
        made,
        request,
        _sheet(first, panels),
        first.record.receipt,
        folder_name=f"{made}-best-of-{request.task}",
        assembly=Assembly(sources=tuple(sources), taken=tuple(taken)),
    )


def fits(record: SetRecord, number: int, other: SetRecord, panel: str) -> bool:
    """Whether ``panel`` of ``other`` has the size of place ``number`` (from 0) of ``record``."""
    found = next((file for file in other.panels if file.name == panel), None)
    return (
        found is not None
        and number < len(record.panels)
        and found.box.size == record.panels[number].box.size
    )


def _look_up(choice: Choice) -> _Panel:
    record = read_record(choice.folder)
    for number, file in enumerate(record.panels):
        if file.name == choice.panel:
            return _Panel(Entry(choice.folder, record), number, file)
    raise UserError(
        f"The set {record.id} has no panel {choice.panel!r}.",
        fix=f"Its panels: {', '.join(file.name for file in record.panels)}.",
    )


def _check_sizes(first: Entry, panels: Sequence[_Panel]) -> None:
    places = first.record.panels
    if len(panels) != len(places):
        raise UserError(
            f"{len(panels)} panels were chosen for the {len(places)} places of {first.record.id}.",
            fix="Choose one for each place, in reading order.",
        )
    for place, panel in zip(places, panels, strict=True):
        if panel.file.box.size != place.box.size:
            raise UserError(
                f"{panel.file.name} of {panel.entry.record.id} has {panel.file.box.size} pixels, "
                f"the place {place.name} has {place.box.size}.",
                fix="Take panels of sets that were drawn in the same size.",
            )


def _origins(panels: Sequence[_Panel]) -> tuple[list[Source], list[tuple[int, str]]]:
    """The sets that drew the panels, each once, and which panel came from which.

    A panel of an assembled set comes from where that one had taken it.
    """
    numbers: dict[str, int] = {}
    sources: list[Source] = []
    taken: list[tuple[int, str]] = []
    for panel in panels:
        source, name = _origin(panel)
        if source.id not in numbers:
            numbers[source.id] = len(sources)
            sources.append(source)
        taken.append((numbers[source.id], name))
    return sources, taken


def _origin(panel: _Panel) -> tuple[Source, str]:
    record = panel.entry.record
    if record.assembly is not None:
        number, name = record.assembly.taken[panel.number]
        return record.assembly.sources[number], name
    source = Source(
        id=record.id, request=record.request, receipt=record.receipt, pixels=record.pixels
    )
    return source, panel.file.name


def _request(
    first: SetRequest, panels: Sequence[_Panel], template: CaptionTemplate | None, name: str
) -> SetRequest:
    """The first set's request with the texts of the panels that were taken."""
    texts = [panel.entry.record.request.parts.panels for panel in panels]
    chosen = tuple(
        own[panel.number] if panel.number < len(own) else ""
        for own, panel in zip(texts, panels, strict=True)
    )
    parts = first.parts.model_copy(update={"panels": chosen})
    changed: dict[str, object] = {"parts": parts, "name": name or first.name or BEST_OF}
    if template is not None and chosen != first.parts.panels and not template.problems(parts):
        changed["caption"] = template.render(parts)
    return first.model_copy(update=changed)


def _sheet(first: Entry, panels: Sequence[_Panel]) -> Image:
    """The first set's sheet with the chosen panels at its layout's boxes."""
    sheet = _picture(first.folder, first.record.sheet, first.record.request.layout.canvas).copy()
    for place, panel in zip(first.record.panels, panels, strict=True):
        picture = _picture(panel.entry.folder, panel.file.path, panel.file.box.size)
        if picture.mode != sheet.mode:
            picture = picture.convert(sheet.mode)
        sheet.paste(picture, place.box[:2])
    sheet.info.clear()
    return sheet


def _picture(folder: Path, name: str, size: Size) -> Image:
    path = member(folder, name)
    picture = open_picture(path)
    if picture.size != tuple(size):
        raise PictureUnreadable(
            f"{path} has been changed since it was saved: it is {Size(*picture.size)} pixels, "
            f"the set says {size}.",
            fix="Put the saved picture back, or take another panel.",
        )
    return picture
