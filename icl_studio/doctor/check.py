"""One finding of the doctor."""

from __future__ import annotations

from typing import Literal

from ..domain.problems import Frozen, UserError


class Check(Frozen):
    """What was looked at, how it stands, in one sentence, and what to do about it.

    ``fail`` stops the main job (making a set); ``warn`` does not, but will be felt.
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    what: str
    fix: str = ""


def in_full(error: UserError) -> str:
    """What ``error`` says and every single finding of it, on one line."""
    return " ".join([error.message, *map(str, error.problems)])


def ok(name: str, what: str) -> Check:
    return Check(name=name, state="ok", what=what)


def warn(name: str, what: str, fix: str) -> Check:
    return Check(name=name, state="warn", what=what, fix=fix)


def fail(name: str, what: str, fix: str) -> Check:
    return Check(name=name, state="fail", what=what, fix=fix)
