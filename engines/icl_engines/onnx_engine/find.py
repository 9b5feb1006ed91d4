"""The stored engine that fits this model and these releases, checked before it is loaded."""

from __future__ import annotations

from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import EngineStore, StoredEngine, Wanted
from icl_studio.errors import StorageProblem
from icl_studio.paths import user_folders

from ..adapters.convert import Linear
from ..export import identity


def find_engine(model: LocatedModel, dtype: str | None) -> StoredEngine:
    """The newest sound ONNX engine of ``model`` in ``dtype``, every byte of it as it was built.

    None takes any precision. Raises :class:`NotFound` with the fields that differ when none
    fits, and :class:`StorageProblem` for a damaged one.
    """
    store = EngineStore(user_folders().engines)
    engines = [one for one in store.scan()[0] if one.manifest.model == model.spec.id]
    wanted = Wanted(
        engine="onnx",
        graph=identity.graph_digest(model.folder),
        versions=identity.versions(),
        dtype=dtype,
        weights=identity.weights(model, engines) if engines else None,
    )
    found = store.find(model.spec.id, wanted)
    store.verify(found)
    return found


def linears_of_engine(stored: StoredEngine) -> dict[str, Linear]:
    """The linears that a LoRA may adapt, with their widths, in the order of the engine's inputs.

    Raises :class:`StorageProblem` when this diffusers orders them otherwise: then every matrix
    would be handed to another linear than the one it is for.
    """
    linears = identity.linears_of_model(stored.folder)
    if tuple(linears) != stored.manifest.structure.adapters.targets:
        raise StorageProblem(
            f"The engine {stored.name} lists its linears otherwise than this diffusers does.",
            fix="Export it again.",
        )
    return linears
