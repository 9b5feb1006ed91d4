"""A search as one SQL statement, with exactly the meaning of :mod:`icl_studio.sets.search`."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from ..search import Query, Term, number_and_sign

Order = Literal["newest", "oldest", "best", "task"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)

_ORDER_BY: Final[dict[Order, str]] = {
    "newest": "sets.created DESC, sets.id DESC",
    "oldest": "sets.created, sets.id",
    "best": "coalesce(stars, -1) DESC, flag = 'pick' DESC, sets.created DESC",
    "task": "sets.task, sets.created DESC, sets.id DESC",
}
_NUMBERS: Final = {"seed": "seed", "rating": "stars", "steps": "steps", "guidance": "guidance"}


def statement(query: Query, order: Order, columns: str = "key") -> tuple[str, list[Any]]:
    """The statement that gives ``columns`` of the sets that fit, and its values."""
    conditions: list[str] = []
    values: list[Any] = []
    for term in query.terms:
        condition, own = _condition(term)
        conditions.append(f"NOT coalesce({condition}, 0)" if term.negated else condition)
        values += own
    joined = any("texts." in condition for condition in conditions)
    source = "sets JOIN texts USING (key)" if joined else "sets"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {columns} FROM {source}{where} ORDER BY {_ORDER_BY[order]}", values


def _condition(term: Term) -> tuple[str, list[Any]]:
    if term.key in _NUMBERS:
        column = _NUMBERS[term.key]
        if term.value == "none":
            return f"{column} IS NULL", []
        sign, number = number_and_sign(term.value)
        return f"{column} {sign} ?", [number]
    if term.key == "date":
        sign, day = term.sign_and_day()
        return f"substr(day, 1, {len(day)}) {sign} ?", [day]
    if term.key == "flag":
        return "coalesce(flag, 'none') = ?", [term.value.casefold()]
    column = f"texts.{term.key or 'everything'}"
    return f"instr({column}, ?) > 0", [term.value.casefold()]
