"""One graph to one engine file: parsed, built for its targets, streamed to the disk."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from icl_studio.engines.store import Profile
from icl_studio.errors import OutOfMemory, StorageProblem, UserError

from .graph import ParserInput
from .library import Library
from .shapes import ranges

log = logging.getLogger(__name__)
FLAGS = ("weight-streaming",)
"""Builder flags, as the manifest records them: a small card can keep a part of the weights."""


class Plan(NamedTuple):
    """What is built: shapes, usual image and text tokens, the adapters' most rank, the cards."""

    profile: Profile
    usual: tuple[int, int]
    max_rank: int
    targets: tuple[str, ...]


def compile_engine(
    library: Library, graph: ParserInput, plan: Plan, blob: Path, say: Callable[[str], None]
) -> None:
    """Build ``graph`` as ``plan`` says into the file ``blob``.

    Stops soon after SIGINT or SIGTERM with ``KeyboardInterrupt``. Raises :class:`UserError`
    with TensorRT's own words, :class:`OutOfMemory`, and :class:`StorageProblem` when the file
    cannot be written.
    """
    trt = library.trt
    told = words(trt)
    builder = trt.Builder(told)
    network = builder.create_network(_typed(trt))
    parser = trt.OnnxParser(network, told)
    say("reading the graph")
    if not parser.parse(graph.proto, str(graph.path)):
        errors = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise _refused(library, errors or told.errors)
    config = _config(library, builder, network, plan)
    with _progress(trt, say) as (monitor, stopped):
        config.progress_monitor = monitor
        written = _writer(trt, blob)
        done = builder.build_serialized_network_to_stream(network, config, written)
        written.close()
    if stopped.is_set():
        raise KeyboardInterrupt
    if written.error is not None:
        raise written.error
    if not done:
        raise _refused(library, told.errors)


def _config(library: Library, builder: Any, network: Any, plan: Plan) -> Any:
    trt = library.trt
    config = builder.create_builder_config()
    config.set_flag(trt.BuilderFlag.WEIGHT_STREAMING)
    if library.ahead_of_time:
        config.num_compute_capabilities = len(plan.targets)
        for index, target in enumerate(plan.targets):
            capability = getattr(trt.ComputeCapability, target.replace("sm_", "SM"))
            config.set_compute_capability(capability, index)
    shapes = builder.create_optimization_profile()
    for name, sizes in ranges(network, plan.profile, plan.usual, plan.max_rank).items():
        shapes.set_shape(name, *sizes)
    if config.add_optimization_profile(shapes) < 0:
        raise UserError(f"{library.name} does not take the shapes {plan.profile}.")
    return config


def _typed(trt: Any) -> int:
    """The flag by which types are the graph's own; newer releases know nothing else."""
    flags = trt.NetworkDefinitionCreationFlag
    return 1 << int(flags.STRONGLY_TYPED) if hasattr(flags, "STRONGLY_TYPED") else 0


def _refused(library: Library, errors: list[str]) -> Exception:
    said = errors[-1].strip() if errors else "it did not say why"
    if any("memory" in error.lower() and "alloc" in error.lower() for error in errors):
        return OutOfMemory(
            f"{library.name} ran out of memory while building: {said}",
            fix="Close other programs, or build with a smaller --profile.",
        )
    return UserError(
        f"{library.name} {library.version} cannot build this engine: {said}",
        fix="Use --engine torch, and report the model and this message.",
    )


def words(trt: Any) -> Any:
    """A logger that keeps errors to be told, and hands the rest to ours."""

    class Words(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self.errors.append(message)
            log.debug("%s", message)

    return Words()


def open_blob(path: Path) -> BinaryIO:
    return path.open("wb")


def _writer(trt: Any, blob: Path) -> Any:
    """Takes the engine piece by piece: it is never in memory a second time."""

    class Writer(trt.IStreamWriter):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.IStreamWriter.__init__(self)
            self._file = open_blob(blob)
            self.error: StorageProblem | None = None

        def write(self, data: bytes) -> int:
            # An exception must not pass through TensorRT's own frames: it is kept.
            try:
                return self._file.write(data)
            except OSError as error:
                self.error = StorageProblem(
                    f"The engine cannot be written: {error.strerror or error}: {blob}",
                    fix="Free some space, or check the folder.",
                )
                return -1

        def close(self) -> None:
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or StorageProblem(
                    f"The engine cannot be written: {error.strerror or error}: {blob}",
                    fix="Free some space, or check the folder.",
                )

    return Writer()


@contextmanager
def _progress(trt: Any, say: Callable[[str], None]) -> Iterator[tuple[Any, threading.Event]]:
    """TensorRT's phases told as they begin; signals stop it between two steps.

    Python's own handler would raise inside TensorRT's callback, which ends the process.
    """
    stopped = threading.Event()

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._told = ""

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            if name != self._told and steps > 1:
                self._told = name
                say(f"building: {name[:1].lower()}{name[1:]}")

        def phase_finish(self, name: str) -> None:
            pass

        def step_complete(self, name: str, step: int) -> bool:
            return not stopped.is_set()

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda *_: stopped.set())
    try:
        yield Monitor(), stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
