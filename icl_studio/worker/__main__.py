"""``python -m icl_studio.worker``: the process that computes. Started by its client."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys

from .environment import OFFLINE, claim_stdio


def main() -> None:
    """Serve the line protocol on stdin and the real stdout, then end the process."""
    os.environ.update(OFFLINE)  # before any import that looks at it
    commands, replies = claim_stdio()
    faulthandler.enable()  # a crash in a native library leaves its stack in the log
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    from .loop import Loop

    Loop(commands, replies).run()
    # The engine is closed and every set is synced to disk: nothing waits for an orderly
    # exit, which would cost the second that torch takes to be torn down, and which aborts
    # over a thread that sits in a read.
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
