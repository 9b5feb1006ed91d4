"""What is tried again, how soon, and when not any more."""

from __future__ import annotations

from typing import Final

from .job import JobError

CRASHES_UNTIL_QUARANTINE: Final = 3
"""Deaths of its worker (or of the whole studio) that a job may cause. Until then it runs again,
alone. A poison job must not end the night's work: InvokeAI #6333, ComfyUI #859."""

DEATHS_UNTIL_REST: Final = 10
"""Deaths in a row, nothing finished in between, after which a run ends: the machine is at
fault, not the jobs, and quarantining two hundred of them would help nobody."""

_WORDS: Final = {
    "died": "its worker process died",
    "hung": "its worker did not go on and was ended",
    "lost": "ICL Studio itself ended under it (a crash, a power cut, or it was killed)",
}


def quarantine_error(id: str, how: str, evidence: str) -> JobError:
    """What is said of a job that is quarantined, with the evidence of the last death."""
    message = (
        f"The job ended its worker {CRASHES_UNTIL_QUARANTINE} times and is not tried again by "
        f"itself; the last time {_WORDS.get(how, how)}."
    )
    return JobError(
        type="Quarantined",
        message=f"{message} {evidence}".strip(),
        fix=f"See `icl-studio queue log {id}`, then `icl-studio queue retry {id}`.",
    )
