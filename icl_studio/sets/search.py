"""Searching sets: words, and fields such as ``seed:4711 lora:film rating:>3 flag:pick``.

All terms must fit. A word is looked for in everything a user wrote or chose; ``-term``
and ``not:term`` exclude; quotes keep a phrase together: ``"red hat"``, ``lora:"my style"``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..domain.problems import UserError
from .record import SetRecord

_TERM = re.compile(
    r'(?P<not>-|not:)?(?:(?P<key>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))'
)
_NUMBER = re.compile(r"([<>]=?|=)?(\d+(?:\.\d+)?)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Term:
    """One condition; ``key`` is empty for a plain word."""

    key: str
    value: str
    negated: bool

    def fits(self, record: SetRecord) -> bool:
        return self._fits(record) != self.negated

    def _fits(self, record: SetRecord) -> bool:
        if self.key in _NUMBERS:
            return _compare(_NUMBERS[self.key](record), self.value)
        if self.key == "date":
            sign, day = self.sign_and_day()
            return _COMPARE[sign](f"{record.created_at:%Y-%m-%d}"[: len(day)], day)
        if self.key == "flag":
            return (record.rating.flag or "none") == self.value.casefold()
        texts = _TEXTS[self.key](record) if self.key else _everything(record)
        return self.value.casefold() in "\n".join(texts).casefold()

    def sign_and_day(self) -> tuple[str, str]:
        """For ``date``: how to compare, and with what; days are compared as text, at the
        precision that was asked for (``2026-11`` is the month)."""
        sign = re.match(r"[<>]=?|=", self.value)
        return (sign[0], self.value[sign.end() :]) if sign else ("=", self.value)


@dataclass(frozen=True)
class Query:
    """A parsed search: all of ``terms`` must fit."""

    terms: tuple[Term, ...]

    def fits(self, record: SetRecord) -> bool:
        return all(term.fits(record) for term in self.terms)


def parse_query(text: str) -> Query:
    """The terms of a search; an empty one fits every set.

    Raises :class:`UserError` for an unknown field, or a value that its field cannot have.
    """
    terms = []
    for match in _TERM.finditer(text):
        key = (match["key"] or "").casefold()
        value = match["plain"] if match["quoted"] is None else match["quoted"]
        term = Term(key, value, bool(match["not"]))
        _check(term)
        terms.append(term)
    return Query(tuple(terms))


def _check(term: Term) -> None:
    known = ["date", "flag", *_NUMBERS, *_TEXTS]
    if term.key and term.key not in known:
        near = get_close_matches(term.key, known, n=1)
        hint = f"Did you mean {near[0]}:? " if near else ""
        raise UserError(
            f"Sets cannot be searched by {term.key!r}.",
            fix=f"{hint}Fields: {', '.join(sorted(known))}. Quote a text that has a colon.",
        )
    if term.key in _NUMBERS and term.value != "none" and not _NUMBER.fullmatch(term.value):
        raise UserError(
            f"{term.key}:{term.value} compares with no number.",
            fix=f"Write {term.key}:4, {term.key}:>3 or {term.key}:none.",
        )
    if term.key == "flag" and term.value.casefold() not in ("pick", "reject", "none"):
        raise UserError(f"There is no flag {term.value!r}.", fix="Use pick, reject or none.")
    if term.key == "date" and not re.fullmatch(r"(?:[<>]=?|=)?\d{4}(-\d\d){0,2}", term.value):
        raise UserError(
            f"{term.value!r} is no date to search for.",
            fix="Write date:2026-11-22, date:2026-11 or date:>=2026-11-01.",
        )


def term_of(text: str, key: str) -> str:
    """The value that ``key`` has in a search, empty where it has none or is left out (not:)."""
    for match in _TERM.finditer(text):
        if (match["key"] or "").casefold() == key and not match["not"]:
            found = match["plain"] if match["quoted"] is None else match["quoted"]
            return found or ""
    return ""


def with_term(text: str, key: str, value: str) -> str:
    """``text`` with ``key:value`` in the place of what it said of ``key``; empty takes it away."""
    quoted = f'"{value}"' if " " in value else value
    wanted = f"{key}:{quoted}" if value else ""
    found = [m for m in _TERM.finditer(text) if (m["key"] or "").casefold() == key]
    words: list[str] = []
    for match in _TERM.finditer(text):
        if (match["key"] or "").casefold() != key:
            words.append(match[0])
        elif match.start() == found[0].start():
            words.append(wanted)
    if not found:
        words.append(wanted)
    return " ".join(word for word in words if word)


def number_and_sign(value: str) -> tuple[str, float]:
    """How to compare, and with which number; ``value`` has been checked by :func:`parse_query`."""
    match = _NUMBER.fullmatch(value)
    assert match is not None
    return match[1] or "=", float(match[2])


def _compare(have: float | None, value: str) -> bool:
    if value == "none" or have is None:
        return value == "none" and have is None
    sign, wanted = number_and_sign(value)
    return _COMPARE[sign](have, wanted)


_NUMBERS: Mapping[str, Callable[[SetRecord], float | None]] = {
    "seed": lambda record: record.request.seed,
    "rating": lambda record: record.rating.stars,
    "steps": lambda record: record.request.sampling.steps,
    "guidance": lambda record: record.request.sampling.guidance,
}

_TEXTS: Mapping[str, Callable[[SetRecord], list[str]]] = {
    "id": lambda record: [record.id],
    "task": lambda record: [record.request.task],
    "name": lambda record: [record.request.name],
    "model": lambda record: [record.request.model],
    "engine": lambda record: [record.receipt.engine],
    "summary": lambda record: [record.request.parts.summary],
    "panel": lambda record: list(record.request.parts.panels),
    "lora": lambda record: [
        *(use.source for use in record.request.adapters),
        *(adapter.file for adapter in record.receipt.adapters),
    ],
    "tag": lambda record: list(record.tags),
}


TEXT_FIELDS: tuple[str, ...] = tuple(_TEXTS)
"""The fields that hold texts, in the order in which a plain word looks through them."""


def texts_of(field: str, record: SetRecord) -> list[str]:
    """The texts of ``record`` that ``field`` looks in."""
    return _TEXTS[field](record)


def _everything(record: SetRecord) -> list[str]:
    return [text for texts in _TEXTS.values() for text in texts(record)]
