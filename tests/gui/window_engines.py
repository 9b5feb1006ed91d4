"""An engine in the store, for tests of pages that show one."""

from __future__ import annotations

from icl_studio.engines.hardware import this_machine
from icl_studio.engines.store import (
    AdapterInterface,
    Built,
    EngineStore,
    ParityCase,
    Profile,
    StoredEngine,
    Structure,
    Weights,
)


def keep(store: EngineStore, **versions: str) -> StoredEngine:
    structure = Structure(
        engine="onnx",
        components=("transformer",),
        graph="a" * 64,
        versions=versions,
        dtype="float32",
        profile=Profile(batch=(1, 4), image_tokens=(16, 9072), text_tokens=(16, 512)),
        adapters=AdapterInterface(targets=("proj_out",), max_rank=128),
    )
    with store.building("tiny", structure, Weights(files={"a": "b" * 64})) as building:
        (building.folder / "model.onnx").write_bytes(b"graph" * 1000)
        built = Built(created="2026-11-23T00:00:00+00:00", machine=this_machine(), seconds=1.5)
        parity = (ParityCase(image_tokens=24, text_tokens=16, relative_l2=1e-6, psnr_db=90.0),)
        return building.commit(built, parity)
