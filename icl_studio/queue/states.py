"""What a job can be, and what may become of it: one table, from which the documents print."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

State = Literal["waiting", "paused", "running", "done", "failed", "cancelled", "quarantined"]

STATES: Final[dict[State, str]] = {
    "waiting": "waits for its turn, for its time, or for a job that it needs",
    "paused": "is passed over until it is resumed",
    "running": "a worker has claimed it, under a lease",
    "done": "its set, its adapter or its report stands",
    "failed": "could not be made; its error says why and what to do",
    "cancelled": "was called off; no half set is left, a training keeps its checkpoint",
    "quarantined": "ended its worker three times and is not tried again by itself",
}
"""Every state and what it means, in the order in which lists show them."""

UNFINISHED: Final[frozenset[State]] = frozenset(("waiting", "paused", "running"))
"""States out of which something is still to come by itself or when resumed."""


class Action(NamedTuple):
    """A change of state: out of which states, into which, and what brings it about."""

    sources: frozenset[State]
    target: State
    why: str


def _action(sources: str, target: State, why: str) -> Action:
    named = [state for state in STATES if state in sources.split()]
    return Action(frozenset(named), target, why)


ActionName = Literal[
    "claim",
    "release",
    "finish",
    "fail",
    "quarantine",
    "pause",
    "resume",
    "cancel",
    "retry",
]

ACTIONS: Final[dict[ActionName, Action]] = {
    "claim": _action("waiting", "running", "a worker takes it"),
    "release": _action(
        "running", "waiting", "the run was stopped, or its worker or studio died under it"
    ),
    "finish": _action(
        "waiting paused running failed cancelled quarantined", "done", "its set stands"
    ),
    "fail": _action("running", "failed", "it cannot be made as it is"),
    "quarantine": _action("running", "quarantined", "it ended its worker for the third time"),
    "pause": _action("waiting running", "paused", "`queue pause`"),
    "resume": _action("paused", "waiting", "`queue resume`"),
    "cancel": _action("waiting paused running", "cancelled", "`queue cancel`"),
    "retry": _action("failed cancelled quarantined", "waiting", "`queue retry`"),
}
"""All changes of state that there are, but for the taking back of a retry (:mod:`.undo`).

Nothing leads out of ``done``: duplicate such a job.
"""


def sources(action: ActionName) -> tuple[State, ...]:
    """The states out of which ``action`` leads, in the order of :data:`STATES`."""
    return tuple(state for state in STATES if state in ACTIONS[action].sources)


def states_table() -> str:
    """States and changes as the Markdown of docs/queue.md."""
    lines = ["| state | meaning |", "| --- | --- |"]
    lines += [f"| `{state}` | {meaning} |" for state, meaning in STATES.items()]
    lines += ["", "| from | to | when |", "| --- | --- | --- |"]
    for name, action in ACTIONS.items():
        froms = ", ".join(f"`{state}`" for state in sources(name))
        lines.append(f"| {froms} | `{action.target}` | {action.why} |")
    return "\n".join(lines)
