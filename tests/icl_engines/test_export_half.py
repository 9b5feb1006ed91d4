"""An export in bfloat16: rounded weights and adapter inputs, float32 around them."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest
import torch

from icl_engines.export.graph import let_go, write_transformer
from icl_engines.export.load import load_some
from icl_engines.export.parity import LIMIT
from icl_engines.export.reference import Case, step_inputs
from icl_engines.export.signature import ADAPTER, Packing, random_adapter
from icl_engines.export.slots import linears_of
from icl_engines.export.widen import widen
from icl_engines.onnx_engine.adapters import named
from icl_engines.onnx_engine.components import OnnxTransformer
from icl_engines.testing import random_flux_model, write_random_flux
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import StorageProblem

pytestmark = pytest.mark.slow
RANK = 4
FLOAT, BFLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.BFLOAT16


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> LocatedModel:
    """A FLUX of one single block: what is proven here needs no more."""
    folder = tmp_path_factory.mktemp("models") / "single"
    return random_flux_model(write_random_flux(folder, layers=0, single_layers=1))


@pytest.fixture(scope="module")
def half(single: LocatedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the transformer in bfloat16."""
    folder = tmp_path_factory.mktemp("half")
    model = load_some(single, ("transformer",), torch.bfloat16).transformer
    write_transformer(model, folder / "transformer", 8)
    config = single.folder / "transformer" / "config.json"
    shutil.copyfile(config, folder / "transformer" / "config.json")
    let_go(model)
    assert all(parameter.numel() == 0 for parameter in model.parameters())
    return folder


def test_inputs_and_output_are_float32_and_the_adapter_has_the_models_precision(
    half: Path,
) -> None:
    graph = onnx.load(half / "transformer" / "model.onnx", load_external_data=False).graph
    types = {value.name: value.type.tensor_type.elem_type for value in graph.input}
    assert {name for name, kind in types.items() if kind == BFLOAT16} == set(ADAPTER)
    assert {kind for name, kind in types.items() if name not in ADAPTER} == {FLOAT}
    assert graph.output[0].type.tensor_type.elem_type == FLOAT
    weights = [
        tensor for tensor in graph.initializer if len(tensor.dims) == 2 and min(tensor.dims) > 1
    ]
    assert weights and all(tensor.data_type == BFLOAT16 for tensor in weights)


def test_the_cpu_which_cannot_compute_it_says_so(half: Path) -> None:
    with pytest.raises(StorageProblem, match=r"cannot load .*model\.onnx"):
        OnnxTransformer(half / "transformer")


def test_widened_it_is_within_the_limit_without_and_with_an_adapter(
    half: Path, single: LocatedModel, tmp_path: Path
) -> None:
    widen(half, tmp_path, ["transformer"])
    transformer = OnnxTransformer(tmp_path / "transformer")
    model = load_some(single, ("transformer",), torch.float32).transformer
    linears = linears_of(model)
    given = step_inputs(model.config, Case(6, 4, 20, 0))
    adapter = random_adapter(linears, RANK)
    packed = Packing(linears).pack(adapter, RANK)
    distances = []
    for inputs in (None, packed):
        if inputs is not None:
            with torch.no_grad():
                for name, (a, b) in adapter.items():
                    model.get_submodule(name).weight.add_(b @ a)
        transformer.bind(named(inputs, transformer.adapter_dtype))
        with torch.inference_mode():
            expected = model(**given, return_dict=False)[0]
        got = transformer(**given)[0]
        distances.append(float((got - expected).norm() / expected.norm()))
    assert all(1e-4 < distance < LIMIT["bfloat16"] for distance in distances), distances
