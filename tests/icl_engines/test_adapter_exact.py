"""An adapter acts as if ``weight * alpha / rank * B @ A`` had been added to the weights.

The references below spell out, by hand and apart from the code under test, which rows of a
fused BFL linear are which diffusers linear.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from peft.utils.other import get_pattern_key
from safetensors.torch import load_file, save_file

from icl_engines.adapters import AdapterStack
from icl_engines.adapters.check import load_adapter
from icl_engines.adapters.convert import Linear
from icl_engines.testing import LORA_STYLES, write_random_lora
from icl_engines.testing.lora import LoraStyle
from icl_studio.engines.protocol import AdapterFile

WIDTH = 64
ALPHA = 3.0
RANK = 4
Deltas = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def base(random_flux: Path) -> FluxTransformer2DModel:
    return FluxTransformer2DModel.from_pretrained(random_flux, subfolder="transformer")


@pytest.fixture
def model(base: FluxTransformer2DModel) -> FluxTransformer2DModel:
    return deepcopy(base)


@pytest.fixture
def linears(base: FluxTransformer2DModel) -> dict[str, Linear]:
    return {
        name: Linear(module.in_features, module.out_features)
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear)
    }


def dense(path: Path, scale: float) -> Deltas:
    """``scale * B @ A`` per module of the file, under the file's own names."""
    tensors = load_file(path)
    found: Deltas = {}
    for key, up in tensors.items():
        for end, other in (
            (".lora_B.weight", ".lora_A.weight"),
            (".lora_up.weight", ".lora_down.weight"),
        ):
            if key.endswith(end):
                stem = key.removesuffix(end)
                found[stem] = scale * up.double() @ tensors[stem + other].double()
    return found


def as_diffusers(deltas: Deltas) -> Deltas:
    """The same deltas under diffusers' names; BFL and kohya modules taken apart by hand."""
    found: Deltas = {}
    for name, delta in deltas.items():
        for prefix in ("base_model.model.", "transformer.", "diffusion_model.", "lora_unet_"):
            name = name.removeprefix(prefix)
        found |= _bfl_part(name.replace("_", "."), delta) or {name: delta}
    return found


def _bfl_part(name: str, delta: torch.Tensor) -> Deltas:
    """``name`` has dots for underscores, so that kohya's and BFL's names are one."""
    words = name.split(".")
    if words[:2] == ["double", "blocks"]:
        block, rest = f"transformer_blocks.{words[2]}.", ".".join(words[3:])
        if rest.endswith("attn.qkv"):
            names = {
                "img.attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
                "txt.attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
            }[rest]
            rows = (slice(0, WIDTH), slice(WIDTH, 2 * WIDTH), slice(2 * WIDTH, 3 * WIDTH))
            return {block + one: delta[cut] for one, cut in zip(names, rows, strict=True)}
        plain = {
            "img.mod.lin": "norm1.linear",
            "txt.mod.lin": "norm1_context.linear",
            "img.attn.proj": "attn.to_out.0",
            "txt.attn.proj": "attn.to_add_out",
            "img.mlp.0": "ff.net.0.proj",
            "img.mlp.2": "ff.net.2",
            "txt.mlp.0": "ff_context.net.0.proj",
            "txt.mlp.2": "ff_context.net.2",
        }
        return {block + plain[rest]: delta}
    if words[:2] == ["single", "blocks"]:
        block, rest = f"single_transformer_blocks.{words[2]}.", ".".join(words[3:])
        if rest == "linear1":
            return {
                f"{block}attn.to_q": delta[:WIDTH],
                f"{block}attn.to_k": delta[WIDTH : 2 * WIDTH],
                f"{block}attn.to_v": delta[2 * WIDTH : 3 * WIDTH],
                f"{block}proj_mlp": delta[3 * WIDTH :],
            }
        return {block + {"linear2": "proj_out", "modulation.lin": "norm.linear"}[rest]: delta}
    if name == "final.layer.adaLN.modulation.1":
        shift, scale = delta[:WIDTH], delta[WIDTH:]
        return {"norm_out.linear": torch.cat([scale, shift])}
    whole = {
        "img.in": "x_embedder",
        "txt.in": "context_embedder",
        "time.in.in.layer": "time_text_embed.timestep_embedder.linear_1",
        "time.in.out.layer": "time_text_embed.timestep_embedder.linear_2",
        "vector.in.in.layer": "time_text_embed.text_embedder.linear_1",
        "vector.in.out.layer": "time_text_embed.text_embedder.linear_2",
        "guidance.in.in.layer": "time_text_embed.guidance_embedder.linear_1",
        "guidance.in.out.layer": "time_text_embed.guidance_embedder.linear_2",
        "final.layer.linear": "proj_out",
    }
    return {whole[name]: delta} if name in whole else {}


def merged(base: FluxTransformer2DModel, *all_deltas: Deltas) -> FluxTransformer2DModel:
    """The base with deltas added to its weights, in float64."""
    model = deepcopy(base).double()
    for deltas in all_deltas:
        for name, delta in deltas.items():
            model.get_submodule(name).weight.data += delta
    return model


def forward(model: FluxTransformer2DModel) -> torch.Tensor:
    """One forward pass on fixed random inputs, in the model's own precision."""
    generator = torch.Generator().manual_seed(0)
    config, dtype = model.config, model.dtype

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(dtype)

    with torch.inference_mode():
        result: torch.Tensor = model(
            hidden_states=draw(1, 12, config.in_channels),
            encoder_hidden_states=draw(1, 7, config.joint_attention_dim),
            pooled_projections=draw(1, config.pooled_projection_dim),
            timestep=torch.tensor([0.6], dtype=dtype),
            guidance=torch.tensor([3.5], dtype=dtype),
            img_ids=FluxPipeline._prepare_latent_image_ids(1, 3, 4, "cpu", dtype),
            txt_ids=torch.zeros(7, 3, dtype=dtype),
            return_dict=False,
        )[0]
    return result


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.double() - b.double()).norm() / b.double().norm())


def linear_names(model: FluxTransformer2DModel) -> Iterator[str]:
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and "lora" not in name:
            yield name.removesuffix(".base_layer")


@pytest.mark.parametrize("alpha", [None, ALPHA], ids=["no alpha", "alpha"])
@pytest.mark.parametrize("style", LORA_STYLES)
def test_every_linear_gets_exactly_its_delta(
    base: FluxTransformer2DModel,
    model: FluxTransformer2DModel,
    random_flux: Path,
    tmp_path: Path,
    style: LoraStyle,
    alpha: float | None,
) -> None:
    path = write_random_lora(
        tmp_path / "a.safetensors", random_flux, style=style, rank=RANK, alpha=alpha
    )
    AdapterStack(model).use([AdapterFile(path=path, weight=0.7)])

    expected = as_diffusers(dense(path, 0.7 * (alpha / RANK if alpha else 1.0)))
    assert expected.keys() == set(linear_names(base))
    for name, delta in expected.items():
        layer = model.get_submodule(name)
        (adapter,) = layer.active_adapters
        assert relative(layer.get_delta_weight(adapter), delta) < 1e-5, name
        assert torch.equal(layer.base_layer.weight, base.get_submodule(name).weight)
    reference = forward(merged(base, expected))
    assert relative(forward(model), reference) < 1e-5
    assert relative(forward(base), reference) > 0.01


def test_two_adapters_of_different_styles_and_ranks_add_up(
    base: FluxTransformer2DModel, model: FluxTransformer2DModel, random_flux: Path, tmp_path: Path
) -> None:
    one = write_random_lora(tmp_path / "1.safetensors", random_flux, style="kohya", alpha=ALPHA)
    two = write_random_lora(
        tmp_path / "2.safetensors",
        random_flux,
        style="peft",
        rank=8,
        seed=1,
        ranks={"proj_out": 2, "transformer_blocks.0.attn.to_q": 3},
    )
    AdapterStack(model).use([AdapterFile(path=one, weight=1.2), AdapterFile(path=two, weight=-0.4)])

    first = as_diffusers(dense(one, 1.2 * ALPHA / RANK))
    reference = forward(merged(base, first, as_diffusers(dense(two, -0.4))))
    assert relative(forward(model), reference) < 1e-5


def test_a_file_named_twice_acts_with_the_sum_of_its_weights(
    base: FluxTransformer2DModel, model: FluxTransformer2DModel, random_flux: Path, tmp_path: Path
) -> None:
    path = write_random_lora(tmp_path / "a.safetensors", random_flux)
    AdapterStack(model).use(
        [AdapterFile(path=path, weight=0.5), AdapterFile(path=path, weight=0.3)]
    )

    assert relative(forward(model), forward(merged(base, as_diffusers(dense(path, 0.8))))) < 1e-5


def test_an_adapter_of_some_modules_leaves_the_others_unwrapped(
    base: FluxTransformer2DModel, model: FluxTransformer2DModel, random_flux: Path, tmp_path: Path
) -> None:
    """``proj_out`` is the end of every single block's name too; only the last one is meant."""
    path = write_random_lora(tmp_path / "a.safetensors", random_flux, modules=["proj_out"])
    AdapterStack(model).use([AdapterFile(path=path)])

    wrapped = [name for name, module in model.named_modules() if hasattr(module, "lora_A")]
    assert wrapped == ["proj_out"]


@pytest.mark.parametrize("rslora", [False, True])
def test_diffusers_own_metadata_tells_alpha(
    base: FluxTransformer2DModel,
    model: FluxTransformer2DModel,
    random_flux: Path,
    tmp_path: Path,
    rslora: bool,
) -> None:
    """``FluxPipeline.save_lora_weights`` keeps alpha in the metadata, in no key."""
    plain = write_random_lora(tmp_path / "plain.safetensors", random_flux, rank=RANK)
    config = {"transformer.r": RANK, "transformer.lora_alpha": 8, "transformer.use_rslora": rslora}
    path = tmp_path / "saved.safetensors"
    save_file(load_file(plain), path, metadata={"lora_adapter_metadata": json.dumps(config)})
    AdapterStack(model).use([AdapterFile(path=path)])

    scale = 8 / RANK**0.5 if rslora else 8 / RANK
    assert relative(forward(model), forward(merged(base, as_diffusers(dense(path, scale))))) < 1e-5


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16], ids=str)
def test_an_alpha_that_is_a_whole_number_is_that_number(
    random_flux: Path, linears: dict[str, Linear], tmp_path: Path, dtype: torch.dtype
) -> None:
    """kohya's extraction for FLUX writes the rank as an integer tensor."""
    as_float = write_random_lora(
        tmp_path / "float.safetensors", random_flux, style="kohya", rank=RANK, alpha=8
    )
    tensors = load_file(as_float)
    for key in [key for key in tensors if key.endswith(".alpha")]:
        tensors[key] = tensors[key].to(dtype)
    save_file(tensors, tmp_path / "whole.safetensors")

    expected = load_adapter(as_float, linears)
    found = load_adapter(tmp_path / "whole.safetensors", linears)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name].b, expected[name].b) for name in expected)


def test_of_two_alpha_patterns_that_fit_the_first_counts_as_in_peft(
    random_flux: Path, linears: dict[str, Linear], tmp_path: Path
) -> None:
    patterns = {"to_q": 8, "transformer_blocks.0.attn.to_q": 32}
    module = "transformer_blocks.0.attn.to_q"
    assert get_pattern_key(patterns, module) == "to_q"
    plain = write_random_lora(
        tmp_path / "plain.safetensors", random_flux, rank=RANK, modules=[module]
    )
    config = {"transformer.lora_alpha": RANK, "transformer.alpha_pattern": patterns}
    path = tmp_path / "saved.safetensors"
    save_file(load_file(plain), path, metadata={"lora_adapter_metadata": json.dumps(config)})

    scaled, as_saved = load_adapter(path, linears), load_adapter(plain, linears)
    assert torch.equal(scaled[module].b, as_saved[module].b * (8 / RANK))


def test_ours_is_what_diffusers_loads_from_peft_names(
    model: FluxTransformer2DModel, base: FluxTransformer2DModel, random_flux: Path, tmp_path: Path
) -> None:
    path = write_random_lora(tmp_path / "a.safetensors", random_flux, rank=RANK)
    AdapterStack(model).use([AdapterFile(path=path)])
    theirs = deepcopy(base)
    theirs.load_lora_adapter(load_file(path), prefix="transformer")

    assert relative(forward(model), forward(theirs)) < 1e-6
