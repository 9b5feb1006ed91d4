"""Joint captions: one text for a whole set, rendered from parts and parsed back.

A caption is prefix, summary, then one part per panel, each opened by a marker such as
``[SCENE-1]`` (arXiv 2410.23775, section 3). For every template ``t`` and every valid
``x``: ``t.parse(t.render(x)) == x``.
"""

from __future__ import annotations

import re
from typing import Annotated, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from .problems import CaptionInvalid, Frozen, Problem

MARKER = re.compile(r"\[[A-Z0-9]+(?:-[A-Z0-9]+)*\]")
_ROLE = re.compile(r"<(?! )([^<>\n]{1,40})(?<! )>")
_ENDED = (".", "!", "?", "…")
SUMMARY = "{summary}"


def one_line(text: str) -> str:
    """``text`` with every run of white space, line breaks included, made one space."""
    return " ".join(text.split())


Text = Annotated[str, AfterValidator(one_line)]


class TokenCounter(Protocol):
    """Counts the tokens of a text as the chosen model's T5 tokenizer does, end mark included."""

    @property
    def limit(self) -> int:
        """The longest text in tokens that the model reads (512 for FLUX.1-dev)."""
        ...

    def count(self, text: str) -> int: ...


class CaptionParts(Frozen):
    """What a user types for a set: a shared summary and one text per panel."""

    summary: Text
    panels: tuple[Text, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """Role names written as ``<Leo>``, each once, in order of appearance."""
        found = _ROLE.findall(" ".join((self.summary, *self.panels)))
        return tuple(dict.fromkeys(found))


class CaptionTemplate(Frozen):
    """How a task writes its joint caption.

    ``openings`` holds, per panel, the literal that opens its part: usually its marker,
    for the first panel of visual identity plain words, because the released prompt prints
    ``[LEFT]`` alone, between the two texts. ``summary_form`` wraps the summary (a marker
    such as ``[FOUR-PANEL]`` may stand in it). ``summary_joint`` and ``panel_joint`` are the
    punctuation put after a text that is not already ended by ``. ! ? …``.
    """

    prefix: Text = ""
    summary_form: Text = SUMMARY
    openings: tuple[Annotated[str, Field(pattern=r"^\S+$")], ...] = Field(min_length=1)
    summary_joint: Annotated[str, Field(pattern=r"^[,;]?$")] = ""
    panel_joint: Annotated[str, Field(pattern=r"^[,;]?$")] = ""
    roles: bool = False

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if self.summary_form.count(SUMMARY) != 1:
            raise ValueError(f"summary_form must contain {SUMMARY} exactly once")
        literals = [text.casefold() for text in (*self.openings, self.prefix, self.summary_form)]
        for i, opening in enumerate(self.openings):
            if any(opening.casefold() in text for j, text in enumerate(literals) if i != j):
                raise ValueError(f"opening {opening!r} also occurs elsewhere in the template")
        return self

    @property
    def markers(self) -> tuple[str, ...]:
        """All bracket markers that a caption of this template carries, in order."""
        return tuple(MARKER.findall(" ".join((self.prefix, self.summary_form, *self.openings))))

    @property
    def _form_markers(self) -> tuple[str, ...]:
        return tuple(MARKER.findall(self.summary_form))

    def _is_whole_form(self, summary: str) -> bool:
        """Whether ``summary`` already carries the form's markers, as released prompts do."""
        return bool(self._form_markers) and all(m in summary for m in self._form_markers)

    def render(self, parts: CaptionParts) -> str:
        """The joint caption of ``parts``; raises :class:`CaptionInvalid` with every problem."""
        found = self.problems(parts)
        if found:
            raise CaptionInvalid("The caption does not fit its task.", problems=found)
        summary = parts.summary
        if not self._is_whole_form(summary):
            summary = self.summary_form.replace(SUMMARY, summary)
        pieces = [self.prefix] if self.prefix else []
        pieces.append(_joined(summary, self.summary_joint))
        last = len(parts.panels) - 1
        for i, (opening, text) in enumerate(zip(self.openings, parts.panels, strict=True)):
            pieces += [opening, text if i == last else _joined(text, self.panel_joint)]
        return " ".join(pieces)

    def parse(self, caption: str) -> CaptionParts:
        """The parts of a joint caption; raises :class:`CaptionInvalid` naming what is off.

        Accepts what :meth:`render` gives and captions of the released data sets in the
        same form; white space does not matter.
        """
        text = one_line(caption)
        found = self._marker_problems(text)
        if found:
            raise CaptionInvalid("The caption does not follow its task's form.", problems=found)
        if self.prefix:
            text = text[len(self.prefix) :].lstrip()
        cuts: list[tuple[int, int]] = []
        for opening in self.openings:
            start = text.index(opening, cuts[-1][1] if cuts else 0)
            cuts.append((start, start + len(opening)))
        ends = [start for start, _ in cuts[1:]] + [len(text)]
        panels = [text[a:b].strip() for (_, a), b in zip(cuts, ends, strict=True)]
        panels[:-1] = [_unjoined(panel, self.panel_joint) for panel in panels[:-1]]
        summary = _unjoined(text[: cuts[0][0]].strip(), self.summary_joint)
        before, after = self.summary_form.split(SUMMARY)
        if summary.startswith(before) and summary.endswith(after):
            summary = summary.removeprefix(before).removesuffix(after).strip()
        return CaptionParts(summary=summary, panels=tuple(panels))

    def problems(self, parts: CaptionParts, counter: TokenCounter | None = None) -> list[Problem]:
        """Everything wrong with ``parts``: panel count, empty text, markers, length.

        Length is judged only when a ``counter`` is given and the rest is sound.
        """
        found: list[Problem] = []
        want, have = len(self.openings), len(parts.panels)
        if have != want:
            found.append(
                Problem(
                    where="panels",
                    what=f"{have} panel texts given, the task has {want} panels.",
                    fix=f"Give exactly {want} panel texts.",
                )
            )
        named = [("summary", parts.summary)]
        named += [(f"panel {i}", text) for i, text in enumerate(parts.panels, 1)]
        for where, text in named:
            found += self._text_problems(where, text)
        if counter is not None and not found:
            count = counter.count(self.render(parts))
            if count > counter.limit:
                found.append(
                    Problem(
                        where="caption",
                        what=f"has {count} tokens; the model reads {counter.limit}, the rest "
                        "would be lost without a word.",
                        fix=f"Shorten it by about {count - counter.limit} tokens.",
                    )
                )
        return found

    def _text_problems(self, where: str, text: str) -> list[Problem]:
        if not text:
            return [Problem(where=where, what="is empty.", fix="Write what the picture shows.")]
        if where == "summary" and not any(ch.isalnum() for ch in text):
            return [Problem(where=where, what="has no words.", fix="Describe the set as a whole.")]
        allowed: tuple[str, ...] = ()
        if where == "summary" and self._is_whole_form(text):
            allowed = self._form_markers
            before, after = self.summary_form.split(SUMMARY)
            if text.startswith(before) and text.endswith(after):
                fix = f"Leave out {before.strip()!r}."
                return [Problem(where=where, what="repeats what the task writes.", fix=fix)]
        folded = text.casefold()
        own = [
            word
            for word in dict.fromkeys((*self.openings, *self.markers))
            if folded.count(word.casefold()) > (word in allowed)
        ]
        foreign = [word for word in MARKER.findall(text) if word not in (*self.markers, *own)]
        return [
            Problem(
                where=where,
                what=f"contains {word!r}, which the task writes by itself.",
                fix="Take it out of the text.",
            )
            for word in own
        ] + [
            Problem(
                where=where,
                what=f"contains {word!r}, which reads as a panel marker that this task has not.",
                fix="Write it in other brackets, or take it out.",
            )
            for word in dict.fromkeys(foreign)
        ]

    def _marker_problems(self, text: str) -> list[Problem]:
        """Missing, repeated, misplaced and foreign markers of a whole caption."""
        found: list[Problem] = []
        if self.prefix and not text.startswith(self.prefix):
            found.append(
                Problem(
                    where="caption", what=f"does not start with {self.prefix!r}.", fix="Add it."
                )
            )
        position = -1
        for opening in self.openings:
            n = text.count(opening)
            at = text.find(opening)
            if n == 0:
                found.append(Problem(where="caption", what=f"lacks {opening!r}.", fix="Add it."))
            elif n > 1:
                found.append(Problem(where="caption", what=f"has {opening!r} {n} times."))
            elif at < position:
                found.append(Problem(where="caption", what=f"has {opening!r} out of order."))
            position = max(position, at)
        found += [
            Problem(where="caption", what=f"lacks {marker!r} in its summary.", fix="Add it.")
            for marker in self._form_markers
            if marker not in text
        ]
        for marker in dict.fromkeys(MARKER.findall(text)):
            if marker not in self.markers:
                found.append(
                    Problem(
                        where="caption", what=f"has the stray marker {marker!r}.", fix="Remove it."
                    )
                )
        return found


def _joined(text: str, joint: str) -> str:
    return text if not joint or text.endswith(_ENDED) else text + joint


def _unjoined(text: str, joint: str) -> str:
    return text.removesuffix(joint) if joint else text
