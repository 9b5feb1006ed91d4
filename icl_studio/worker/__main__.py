"""``python -m icl_studio.worker``: the process that computes. Started by its client."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys

from .environment import OFFLINE, claim_stdio


def main() -> int:
    """Serve the line protocol on stdin and the real stdout; the exit code."""
    os.environ.update(OFFLINE)  # before any import that looks at it
    commands, replies = claim_stdio()
    faulthandler.enable()  # a crash in a native library leaves its stack in the log
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    from .loop import Loop

    return Loop(commands, replies).run()


if __name__ == "__main__":
    sys.exit(main())
