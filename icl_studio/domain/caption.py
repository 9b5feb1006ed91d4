"""Joint captions: one text for a whole set, rendered from parts and parsed back.

A caption is prefix, summary, then one part per panel, each opened by a marker such as
``[SCENE-1]`` (arXiv 2410.23775, section 3). For every template ``t`` and every valid
``x``: ``t.parse(t.render(x)) == x``.
"""

from __future__ import annotations

from typing import Annotated, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from .markers import (
    MARKER,
    cut_at,
    first_sentence,
    held_problems,
    joined,
    opening_problems,
    stray_problems,
    unjoined,
)
from .problems import CaptionInvalid, Frozen, Problem
from .roles import role_names, role_problems

SUMMARY = "{summary}"
# Neither space nor control character; no joint at the end, which would hide where it begins.
_OPENING = r"^[^\s\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f,;]$"


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
        return role_names((self.summary, *self.panels))


class CaptionTemplate(Frozen):
    """How a task writes its joint caption.

    ``openings`` holds, per panel, the literal that opens its part: usually its marker,
    for the first panel of visual identity plain words, because the released prompt prints
    ``[LEFT]`` alone, between the two texts. ``summary_form`` wraps the summary (a marker
    such as ``[FOUR-PANEL]`` may stand in it). ``summary_joint`` and ``panel_joint`` are the
    punctuation put after a text that is not already ended by ``. ! ? …``. With ``roles``,
    texts name people in angle brackets, and a bracket that is left open is a problem.
    """

    prefix: Text = ""
    summary_form: Text = SUMMARY
    openings: tuple[Annotated[str, Field(pattern=_OPENING)], ...] = Field(min_length=1)
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
        return self.written(parts)

    def parse(self, caption: str) -> CaptionParts:
        """The parts of a joint caption; raises :class:`CaptionInvalid` naming what is off.

        Accepts what :meth:`render` gives and captions of the released data sets in the
        same form; white space does not matter. Released captions print no opening that is
        plain words (``Logo:``): where such a one should open the first panel and is
        missing, the first sentence (or what stands before a semicolon) is the summary, and
        the rest up to the next marker is the first panel. Parts that :meth:`render` would
        refuse are refused here too.
        """
        parts = self._read(one_line(caption))
        found = self.problems(parts)
        if found:
            raise CaptionInvalid("The caption does not fit its task.", problems=found)
        return parts

    def written(self, parts: CaptionParts) -> str:
        """The caption of ``parts`` as they stand, whatever is wrong with their texts."""
        summary = parts.summary
        if not self._is_whole_form(summary):
            summary = self.summary_form.replace(SUMMARY, summary)
        pieces = [self.prefix] if self.prefix else []
        pieces.append(joined(summary, self.summary_joint))
        last = len(parts.panels) - 1
        for i, (opening, text) in enumerate(zip(self.openings, parts.panels, strict=True)):
            pieces += [opening, text if i == last else joined(text, self.panel_joint)]
        return " ".join(pieces)

    def _read(self, text: str) -> CaptionParts:
        """The parts of a caption on one line, as they stand; raises for a broken form."""
        unopened = self._is_unopened(text)
        openings = self.openings[unopened:]
        found = self._form_problems(text) + opening_problems(text, openings)
        found += stray_problems(text, self.markers)
        if found:
            raise CaptionInvalid("The caption does not follow its task's form.", problems=found)
        head, *panels = cut_at(text.removeprefix(self.prefix), openings)
        if unopened:
            head, first = first_sentence(head)
            panels = [first, *panels]
            if not first:
                problem = Problem(
                    where="caption",
                    what=f"has one sentence only before {openings[0]!r}: the text of panel 1 "
                    "is missing.",
                    fix=f"Write it after the summary, opened by {self.openings[0]!r}.",
                )
                raise CaptionInvalid(
                    "The caption does not follow its task's form.", problems=[problem]
                )
        panels[:-1] = [unjoined(panel, self.panel_joint) for panel in panels[:-1]]
        summary = unjoined(head, self.summary_joint)
        before, after = self.summary_form.split(SUMMARY)
        if summary.startswith(before) and summary.endswith(after):
            summary = summary.removeprefix(before).removesuffix(after).strip()
        return CaptionParts(summary=summary, panels=tuple(panels))

    def _is_unopened(self, text: str) -> bool:
        """Whether the first panel's opening is plain words and left out, as if released."""
        first = self.openings[0]
        return len(self.openings) > 1 and not MARKER.search(first) and first not in text

    def _form_problems(self, text: str) -> list[Problem]:
        """What a whole caption lacks of prefix and summary form."""
        missing = [
            Problem(where="caption", what=f"lacks {marker!r} in its summary.", fix="Add it.")
            for marker in self._form_markers
            if marker not in text
        ]
        if self.prefix and not text.startswith(self.prefix):
            what = f"does not start with {self.prefix!r}."
            missing.insert(0, Problem(where="caption", what=what, fix="Add it."))
        return missing

    def problems(self, parts: CaptionParts, counter: TokenCounter | None = None) -> list[Problem]:
        """Everything wrong with ``parts``: panel count, empty text, markers, roles, length.

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
            found += role_problems(where, text) if self.roles else []
        if not found and not self._reads_back(parts):
            found.append(
                Problem(
                    where="caption",
                    what="would not be read back as it was typed: a text and what the task "
                    "prints beside it run into each other.",
                    fix="Change how the texts begin and end.",
                )
            )
        if counter is not None and not found:
            count = counter.count(self.written(parts))
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

    def _reads_back(self, parts: CaptionParts) -> bool:
        try:
            return self._read(self.written(parts)) == parts
        except CaptionInvalid:
            return False

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
        return held_problems(where, text, own, self.markers)
