"""Joint captions for sets without one: asked for, read against the template, asked again.

The captions are plain text files beside the pictures. A file that stands is never touched.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from ..domain.caption import CaptionParts, CaptionTemplate
from ..domain.problems import Frozen
from ..engines.captioners import CaptionAsk, Captioner, CaptionerOptions, CaptionerSpec
from ..errors import CaptionInvalid
from ..sets.files import fsync_folder, storage, write_new
from .material import Gathered

TRIES = 3
LONGEST = 120
"""Words in a whole caption that are asked for: T5 reads 512 tokens (about 350 words), and the
released captions have 80 to 125."""


class CaptionItem(Frozen):
    """One set without a caption, and the text file that is to hold it."""

    name: str
    pictures: tuple[Path, ...]
    file: Path
    summary: str = ""
    texts: tuple[str, ...] = ()


class CaptionJob(Frozen):
    """Captions to be written by one captioner. ``instruction`` is the task's own words, if any."""

    id: str
    captioner: CaptionerSpec
    options: CaptionerOptions = CaptionerOptions()
    template: CaptionTemplate
    panels: tuple[str, ...]
    items: tuple[CaptionItem, ...]
    task: str = ""
    instruction: str = ""
    tries: int = Field(default=TRIES, ge=1, le=20)


def wanting(gathered: Gathered) -> tuple[CaptionItem, ...]:
    """The sets of ``gathered`` that have no joint caption and no file that could hold one."""
    found = []
    for item in gathered.items:
        if item.caption or item.kind == "set" or not item.pictures:
            continue
        first = item.pictures[0]
        file = first.with_suffix(".txt") if item.kind == "sheet" else first.parent / "caption.txt"
        if not file.exists():
            found.append(
                CaptionItem(
                    name=item.name,
                    pictures=item.pictures,
                    file=file,
                    summary=item.summary,
                    texts=item.texts,
                )
            )
    return tuple(found)


def instruct(template: CaptionTemplate, panels: Sequence[str], own: str = "") -> str:
    """What a vision-language model is told: the form of its answer, and what to look at."""
    named = ", ".join(panels)
    form = ", ".join(['"..."'] * len(panels))
    roles = (
        " Give every person a name in angle brackets, such as <Mara>, the same in every panel."
        if template.roles
        else ""
    )
    return (
        f"You see one set of {len(panels)} panels in reading order: {named}. Describe it for a "
        "model that draws such sets. First a summary of what all panels share: who or what, "
        "style, light, and how the panels belong together. Then one text per panel: what only "
        f"this panel shows.{roles} Use plain sentences, at most {LONGEST} words in all, and no "
        f'square brackets. {own} Answer with JSON only: {{"summary": "...", "panels": '
        f"[{form}]}}"
    ).replace("  ", " ")


def caption_for(captioner: Captioner, item: CaptionItem, job: CaptionJob) -> str:
    """The joint caption that ``captioner`` gives ``item``, in the form of the job's template.

    Asks up to ``job.tries`` times, telling what was wrong. Raises :class:`CaptionInvalid` when no
    answer fits, and what the captioner raises.
    """
    wrong = ""
    for _ in range(job.tries):
        ask = CaptionAsk(
            name=item.name,
            pictures=item.pictures,
            panels=job.panels,
            instruction=instruct(job.template, job.panels, job.instruction),
            wrong=wrong,
            task=job.task,
            summary=item.summary,
            texts=item.texts,
        )
        try:
            return job.template.render(read_answer(captioner.answer(ask)))
        except CaptionInvalid as error:
            wrong = str(error)
    raise CaptionInvalid(
        f"No caption for {item.name} after {job.tries} answers: {wrong}",
        fix="Write it yourself, or use another captioner.",
    )


def read_answer(text: str) -> CaptionParts:
    """The parts in an answer: a JSON object, bare, fenced or inside other words.

    Raises :class:`CaptionInvalid` saying what is missing. Markers a model repeats in its texts
    are taken out; the task writes them.
    """
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        if isinstance(value, dict) and "panels" in value:
            return _parts(value)
    raise CaptionInvalid(
        "The answer holds no JSON object with summary and panels.",
        fix='Answer {"summary": "...", "panels": ["...", ...]}.',
    )


def write_caption(file: Path, caption: str) -> bool:
    """Write ``caption`` to ``file`` in UTF-8; False, and nothing is changed, where it exists.

    Raises ``StorageProblem``.
    """
    spare = file.with_name(f".{file.name}.{os.getpid()}.partial")
    with storage("writing a caption", file):
        try:
            write_new(spare, f"{caption}\n".encode())
            try:
                os.link(spare, file)  # refuses a name that is taken, on every disk with links
            except FileExistsError:
                return False
            except OSError:
                with file.open("x", encoding="utf-8", newline="\n") as target:
                    target.write(f"{caption}\n")
        except FileExistsError:
            return False
        finally:
            spare.unlink(missing_ok=True)
        fsync_folder(file.parent)
    return True


def _parts(value: dict[str, object]) -> CaptionParts:
    panels = value["panels"]
    if isinstance(panels, dict):
        panels = list(panels.values())
    if not isinstance(panels, list):
        raise CaptionInvalid("panels is no list of texts.")
    texts = [one.get("text", "") if isinstance(one, dict) else one for one in panels]
    try:
        return CaptionParts.model_validate(
            {
                "summary": _clean(value.get("summary", "")),
                "panels": tuple(_clean(text) for text in texts),
            }
        )
    except ValidationError as error:
        raise CaptionInvalid(f"The answer does not fit: {error.errors()[0]['msg']}.") from error


def _clean(text: object) -> object:
    """A text without leading markers such as ``[LEFT]``, which models like to repeat."""
    if not isinstance(text, str):
        return text
    return re.sub(r"^(\s*\[[A-Z0-9-]+\]\s*:?)+", "", text).strip()
