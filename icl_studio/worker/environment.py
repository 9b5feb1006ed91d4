"""What a worker process needs set before it imports anything heavy."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

# A job uses what lies on this machine: whatever must be downloaded is downloaded, with
# its licence and size shown, before any worker starts. And no library calls home.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "YES",
    "DO_NOT_TRACK": "1",
    # tokenizers warns about forks on every start otherwise, and we count few texts.
    "TOKENIZERS_PARALLELISM": "false",
}


def child_environment() -> dict[str, str]:
    """This process's environment for a worker: offline, and UTF-8 on every system."""
    return {**os.environ, **OFFLINE, "PYTHONUTF8": "1"}


def claim_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Keep the real stdin and stdout for the protocol: (commands, replies).

    Afterwards neither ``print`` nor a C library that writes to descriptor 1 can put a word
    between two messages (both go to stderr), and nobody who asks a question on stdin can
    eat a command. The copies are not inherited by processes that a library starts.
    """
    sys.stdout.flush()
    commands = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return commands, replies
