"""The error tree, drawn once.

::

    IclStudioError
    ├── UserError                what a user can mend: exit code 2, no traceback
    │   ├── LayoutInvalid        a canvas or panel rule is broken
    │   ├── CaptionInvalid       count, markers, empty or over-long text
    │   ├── RequestInvalid       a request does not fit its task or model
    │   ├── NotFound             no task, set, model, engine or file of that name
    │   ├── ModelUnavailable     gated, absent, no token, licence not accepted, too little disk
    │   ├── AdapterRejected      a LoRA file that is damaged, foreign or does not fit
    │   ├── PictureUnreadable    a picture that cannot be read, or has the wrong size
    │   ├── StorageProblem       full disk, unwritable folder, newer schema
    │   │   └── QueueBusy        another program holds the queue's database
    │   ├── QueueProblem         a job's state, or the queue, does not allow it
    │   ├── PluginProblem        a plugin that cannot be used
    │   ├── TrainingStopped      a training run that cannot go on; its last checkpoint stands
    │   └── OutOfMemory          the device has too little memory for this request
    ├── JobCancelled             the user stopped it; nothing is left behind
    └── InternalError            ours: exit code 1, details in the log
        ├── WorkerDied           the worker process ended without an answer
        │   └── PlaceLost        the machine that it was on has gone
        └── ProtocolError        the worker said something we do not understand

The root, ``UserError`` and what the pure domain raises live in
:mod:`icl_studio.domain.problems`, which may import nothing of ours.
"""

from __future__ import annotations

from pathlib import Path

from .domain.problems import (
    CaptionInvalid,
    IclStudioError,
    LayoutInvalid,
    Problem,
    RequestInvalid,
    UserError,
)

__all__ = [
    "AdapterRejected",
    "CaptionInvalid",
    "IclStudioError",
    "InternalError",
    "JobCancelled",
    "LayoutInvalid",
    "ModelUnavailable",
    "NotFound",
    "OutOfMemory",
    "PictureUnreadable",
    "PlaceLost",
    "PluginProblem",
    "Problem",
    "ProtocolError",
    "QueueBusy",
    "QueueProblem",
    "RequestInvalid",
    "StorageProblem",
    "TrainingStopped",
    "UserError",
    "WorkerDied",
]


class NotFound(UserError):
    """Nothing of that name: lists what there is, nearest names first."""


class ModelUnavailable(UserError):
    """A base model cannot be used: why, and the exact next step."""


class AdapterRejected(UserError):
    """A LoRA file is damaged, foreign, or does not fit; the model is untouched."""


class CaptionUnsure(UserError):
    """A captioner leaves a set to its user; another try would say the same."""


class PictureUnreadable(UserError):
    """A picture cannot be read, or its size does not fit."""


class StorageProblem(UserError):
    """A disk is full, a folder not writable, or a file written by a newer version."""


class QueueBusy(StorageProblem):
    """Another program holds the queue's database for longer than we wait."""


class QueueProblem(UserError):
    """What was asked of the queue does not fit the state of a job, or cannot be queued."""


class PluginProblem(UserError):
    """A plugin cannot be used; everything else goes on."""


class TrainingStopped(UserError):
    """A training run cannot go on (its loss is no number, its data changed); what it had stands."""


class OutOfMemory(UserError):
    """The device has too little memory for this request."""


class JobCancelled(IclStudioError):
    """The user stopped the job; nothing is left behind."""


class InternalError(IclStudioError):
    """Something of ours is wrong; the log has the details."""


class WorkerDied(InternalError):
    """The worker process ended without an answer; carries the end of its log.

    ``exit_code`` is negative for the signal that killed it (POSIX), None when unknown.
    """

    def __init__(
        self, message: str, *, exit_code: int | None = None, tail: str = "", log: Path | None = None
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.tail = tail
        self.log = log


class PlaceLost(WorkerDied):
    """The machine that a worker was on has gone: no fault of the job that it was at."""


class ProtocolError(InternalError):
    """A worker and its client do not understand each other."""
