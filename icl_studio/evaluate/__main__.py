"""``python -m icl_studio.evaluate``: the process in which metrics work (see :mod:`.judging`)."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..engines.metrics import MetricSpec
from ..engines.named import plugged
from ..errors import PluginProblem
from ..worker.environment import OFFLINE, claim_stdio
from ..worker.failures import failed
from .judging import ERRANDS, Answer, GaveUp, Judge, Judged, Reported, Write, Written

log = logging.getLogger("icl_studio.evaluate")


def main() -> None:
    """Do the one errand that stdin brings; exit code 0 also when it failed and that was said."""
    os.environ.update(OFFLINE)  # before any import that looks at it
    errands, answers = claim_stdio()
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        for answer in _done(ERRANDS.validate_json(errands.read())):
            _tell(answers, answer)
    except BrokenPipeError:  # nobody waits for the rest
        log.info("nobody listens any more")
    # Whatever a plugin raises is told to the parent, which tells the user.
    except Exception as error:  # noqa: BLE001
        _tell(answers, GaveUp(why=failed("metric", error)))
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)  # torch takes a second to be torn down, and nothing waits for it


def _tell(stream: BinaryIO, answer: Answer) -> None:
    rest = memoryview(answer.model_dump_json().encode() + b"\n")
    while rest:  # an unbuffered stream may take a part only
        rest = rest[stream.write(rest) or 0 :]


def _done(errand: Write | Judge) -> Iterator[Answer]:
    if isinstance(errand, Write):
        if errand.metric.requests is None:
            raise PluginProblem(f"The metric {errand.metric.id!r} writes no requests.")
        callable_ = resolve(errand.metric, errand.metric.requests)
        yield Written(drafts=tuple(callable_(errand.task, errand.count, errand.seed)))
        return
    for spec, options in errand.metrics:
        metric = resolve(spec, spec.factory)(options)
        for index, drawn in enumerate(errand.sets):
            yield Judged(metric=spec.id, index=index, scores=tuple(metric.judge(drawn)))
        yield Reported(metric=spec.id, report=dict(metric.report()))
        del metric  # before the next one loads its own model


def resolve(spec: MetricSpec, name: str) -> Any:
    """The callable that ``spec`` names as ``name``. Raises ``PluginProblem``."""
    return plugged(
        name,
        f"The metric {spec.id!r}",
        fix="Run `icl-studio doctor` to see what is wrong, or choose another --metric.",
        missing=spec.missing(),
    )


if __name__ == "__main__":
    main()
