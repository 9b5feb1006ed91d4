"""What can be wrong with user input, as data and as the root of the error tree.

The rest of the tree is drawn in :mod:`icl_studio.errors`; the root lives here because
the domain may import nothing of ours, and must be able to refuse input all the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of every domain record: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Problem(Frozen):
    """One thing that is wrong: where it is, what it is, and what mends it."""

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" {self.fix}" if self.fix else "")


class IclStudioError(Exception):
    """Root of every error that ICL Studio raises on purpose."""


class UserError(IclStudioError):
    """Something the user can mend: says what happened, to what, and what to do next.

    Command line: exit code 2 and no traceback. ``fix`` is one imperative sentence,
    ``problems`` lists every single finding when there are several.
    """

    def __init__(self, message: str, *, fix: str = "", problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  - {problem}" for problem in self.problems]
        if self.fix:
            lines.append(self.fix)
        return "\n".join(lines)


class LayoutInvalid(UserError):
    """A layout breaks a canvas or panel rule."""


class CaptionInvalid(UserError):
    """A caption does not fit its template (count, markers, empty or over-long text)."""


class RequestInvalid(UserError):
    """A set request does not fit its task or model; ``problems`` lists every finding."""
