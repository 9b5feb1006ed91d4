"""Which export an engine is built from, and which built engine fits this model and card."""

from __future__ import annotations

from icl_studio.engines.hardware import Gpu, system_name
from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import EngineStore, StoredEngine, Wanted
from icl_studio.errors import NotFound, UserError

from .. import formats
from ..export import identity
from .library import Library

ENGINE = "tensorrt"


def find_export(model: LocatedModel, store: EngineStore, dtype: str) -> StoredEngine:
    """The newest sound export of ``model`` in ``dtype``, else in float32, verified.

    Raises :class:`NotFound` with the command that makes one, or with what differs, and
    :class:`StorageProblem` for a damaged one.
    """
    wanted = _of_model(model, store, Wanted(engine="onnx", versions=identity.versions()))
    refusal: NotFound | None = None
    for precision in dict.fromkeys((dtype, "float32")):
        try:
            found = store.find(model.spec.id, wanted.model_copy(update={"dtype": precision}))
        except NotFound as error:
            refusal = error
            continue
        store.verify(found)
        return found
    assert refusal is not None
    raise NotFound(
        f"An engine is built from an export. {refusal.message}",
        fix=refusal.fix,
        problems=refusal.problems,
    )


def find_built(
    model: LocatedModel, store: EngineStore, library: Library, gpu: Gpu, dtype: str | None
) -> StoredEngine:
    """The newest sound engine of ``model`` for ``gpu``, every byte of it as it was built.

    Raises :class:`NotFound` with the fields that differ, and :class:`StorageProblem`.
    """
    found = store.find(
        model.spec.id,
        _of_model(
            model,
            store,
            Wanted(
                engine=ENGINE,
                versions=versions(library),
                dtype=dtype,
                target=gpu.target,
                system=system_name(),
            ),
        ),
        command=build_command(model.spec.id, gpu.target),
    )
    store.verify(found)
    return found


def versions(library: Library) -> dict[str, str]:
    """What determines a built engine: the export's releases, TensorRT's, and how we build.

    Without what marks a package's build: torch for the CPU exports the very graph that torch for
    CUDA does, and an engine is often built on another machine than it runs on.
    """
    found = identity.versions() | {library.name: library.version, "build": formats.BUILD}
    return {name: release.partition("+")[0] for name, release in found.items()}


def build_command(model: str, target: str) -> str:
    return f"icl-studio engines build --engine {ENGINE} --model {model} --target {target}"


def this_gpu(gpus: tuple[Gpu, ...], index: int = 0) -> Gpu:
    """The card that computes; raises :class:`UserError` where there is none."""
    if len(gpus) <= index:
        where = f"only {len(gpus)}" if gpus else "none that its driver shows"
        raise UserError(
            f"The TensorRT engine computes on an NVIDIA GPU, and this machine has {where}.",
            fix="Use --engine auto or torch here. Engines can be built here for another machine.",
        )
    return gpus[index]


def _of_model(model: LocatedModel, store: EngineStore, wanted: Wanted) -> Wanted:
    """``wanted`` with the graph and the weights of ``model``; these are hashed only if needed."""
    engines = [one for one in store.scan()[0] if one.manifest.model == model.spec.id]
    graph = identity.graph_digest(model.folder)
    weights = identity.weights(model, engines) if engines else None
    return wanted.model_copy(update={"graph": graph, "weights": weights})
