"""A LoRA that cannot be used is refused by name, and the next sheet is as if nobody had tried."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL.Image import Image
from safetensors.torch import load_file, save_file

from icl_engines.testing import write_random_flux, write_random_lora
from icl_engines.torch_engine import TorchEngine
from icl_studio.engines.protocol import AdapterFile
from icl_studio.errors import AdapterRejected

Tensors = dict[str, torch.Tensor]
QUERY = "transformer.transformer_blocks.0.attn.to_q"


@pytest.fixture
def good(random_flux: Path, tmp_path: Path) -> Path:
    """A LoRA of a few modules, so that a refusal costs a moment only."""
    modules = [QUERY.removeprefix("transformer."), "x_embedder", "norm_out.linear"]
    return write_random_lora(tmp_path / "good.safetensors", random_flux, modules=modules)


@pytest.fixture
def refuse(
    engine: TorchEngine, sheet: Callable[[], Image], good: Path
) -> Callable[[Path], AdapterRejected]:
    """Ask for a bad file, beside a good one; both before and after a good one acts."""

    def ask(path: Path) -> AdapterRejected:
        base = sheet().tobytes()
        for acting in ([], [AdapterFile(path=good)]):
            engine.use_adapters(acting)
            before = sheet().tobytes()
            with pytest.raises(AdapterRejected) as caught:
                engine.use_adapters([AdapterFile(path=good), AdapterFile(path=path)])
            assert sheet().tobytes() == before
        engine.use_adapters([])
        assert sheet().tobytes() == base
        assert path.name in caught.value.message
        return caught.value

    return ask


Refuse = Callable[[Path], AdapterRejected]


def write_bytes(path: Path, kind: str, good: bytes) -> None:
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("data.pkl", b"")
    elif kind == "torch":
        torch.save({"a": torch.zeros(1)}, path)
    else:
        contents = {
            "empty": b"",
            "short": good[:5],
            "header cut": good[:500],
            "tensors cut": good[:-100],
            "pickle": pickle.dumps({"a": 1}),
            "huge header": (1 << 40).to_bytes(8, "little") + b"{" + bytes(100),
            "not json": (10).to_bytes(8, "little") + b"x" * 100,
            "web page": b"<!DOCTYPE html><html>Access denied</html>",
            "lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        }
        path.write_bytes(contents[kind])


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("empty", "is empty"),
        ("short", "truncated"),
        ("header cut", "truncated"),
        ("tensors cut", "truncated"),
        ("pickle", "is a pickle"),
        ("torch", "zip archive"),
        ("zip", "zip archive"),
        ("huge header", "header alone should have 1099511627776"),
        ("not json", "header is damaged"),
        ("web page", "web page"),
        ("lfs pointer", "Git LFS pointer"),
    ],
)
def test_a_file_that_is_not_sound_safetensors(
    refuse: Refuse, tmp_path: Path, good: Path, kind: str, why: str
) -> None:
    path = tmp_path / "bad.safetensors"
    write_bytes(path, kind, good.read_bytes())

    assert why in refuse(path).message


def test_a_file_that_is_not_there(refuse: Refuse, tmp_path: Path) -> None:
    assert "No such file" in refuse(tmp_path / "absent.safetensors").message


def test_a_folder(refuse: Refuse, tmp_path: Path) -> None:
    (tmp_path / "folder.safetensors").mkdir()

    refuse(tmp_path / "folder.safetensors")


def test_no_tensors_at_all(refuse: Refuse, tmp_path: Path) -> None:
    save_file({}, tmp_path / "bad.safetensors")

    assert "no tensors" in refuse(tmp_path / "bad.safetensors").message


def change(good: Path, path: Path, edit: Callable[[Tensors], object]) -> Path:
    tensors = load_file(good)
    edit(tensors)
    save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    return path


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda t: t[f"{QUERY}.lora_A.weight"].fill_(float("nan")), "not numbers"),
        (lambda t: t[f"{QUERY}.lora_B.weight"][0].fill_(float("inf")), "not numbers"),
        (lambda t: t.update({f"{QUERY}.alpha": torch.tensor(float("nan"))}), "not numbers"),
        (lambda t: t.update({f"{QUERY}.alpha": torch.tensor(True)}), "torch.bool"),
        (
            lambda t: t.update({f"{QUERY}.lora_A.weight": torch.ones(4, 64, dtype=torch.int64)}),
            "torch.int64",
        ),
        (lambda t: t.pop(f"{QUERY}.lora_B.weight"), "lacks its B"),
        (lambda t: t.pop(f"{QUERY}.lora_A.weight"), "lacks its A"),
        (lambda t: t.update({f"{QUERY}.lora_B.weight": torch.zeros(64, 3)}), "do not multiply"),
        (lambda t: t.update({f"{QUERY}.lora_A.weight": torch.zeros(4, 64, 1, 1)}), "multiply"),
        (lambda t: t.update({f"{QUERY}.alpha": torch.zeros(2)}), "alpha is not one number"),
        (lambda t: t.update({f"{QUERY}.lora_down.weight": torch.zeros(4, 64)}), "twice"),
        (lambda t: t.update({f"{QUERY}.dora_scale": torch.zeros(64)}), "DoRA"),
        (lambda t: t.update({f"{QUERY}.lora_magnitude_vector": torch.zeros(64)}), "DoRA"),
        (lambda t: t.update({f"{QUERY}.hada_w1_a": torch.zeros(4, 4)}), "LoHa"),
        (lambda t: t.update({f"{QUERY}.lokr_w1": torch.zeros(4, 4)}), "LoKr"),
        (lambda t: t.update({f"{QUERY}.diff": torch.zeros(64, 64)}), "full weight differences"),
        (lambda t: t.update({f"{QUERY}.lora_B.bias": torch.zeros(64)}), "bias"),
        (
            lambda t: t.update({"lora_te1_text_model_encoder.lora_up.weight": torch.zeros(4, 4)}),
            "text encoder",
        ),
        (
            lambda t: t.update({"text_encoder.encoder.lora_A.weight": torch.zeros(4, 4)}),
            "text encoder",
        ),
    ],
)
def test_a_part_that_is_wrong(
    refuse: Refuse, tmp_path: Path, good: Path, edit: Callable[[Tensors], object], why: str
) -> None:
    assert why in str(refuse(change(good, tmp_path / "bad.safetensors", edit)))


def test_a_module_given_whole_and_in_parts(
    refuse: Refuse, tmp_path: Path, random_flux: Path, good: Path
) -> None:
    fused = write_random_lora(
        tmp_path / "bfl.safetensors",
        random_flux,
        style="bfl",
        modules=["double_blocks.0.img_attn.qkv"],
    )
    path = change(good, tmp_path / "bad.safetensors", lambda t: t.update(load_file(fused)))

    assert "twice" in refuse(path).message


def test_a_key_that_matches_nothing_is_named_with_its_nearest_module(
    refuse: Refuse, tmp_path: Path, good: Path
) -> None:
    key = "transformer.transformer_blocks.0.attn.to_qq.lora_A.weight"
    path = change(good, tmp_path / "bad.safetensors", lambda t: t.update({key: torch.zeros(4, 64)}))

    error = str(refuse(path))
    assert key in error
    assert "The nearest module is transformer_blocks.0.attn.to_q." in error
    assert "1 of its" in error


def test_many_unknown_keys_are_counted_not_listed(
    refuse: Refuse, tmp_path: Path, good: Path
) -> None:
    more = {
        f"transformer.transformer_blocks.{i}.attn.to_q.lora_A.weight": torch.zeros(4, 64)
        for i in range(1, 19)
    }
    error = refuse(change(good, tmp_path / "bad.safetensors", lambda t: t.update(more)))

    assert "18 of its" in error.message
    assert len(error.problems) == 5


@pytest.mark.parametrize(
    ("module", "base"),
    [
        ("lora_unet_down_blocks_0_attentions_0_proj_in", "Stable Diffusion"),
        ("diffusion_model.blocks.0.self_attn.q", "Wan"),
        ("base_model.model.model.layers.0.self_attn.q_proj", "a language model"),
    ],
)
def test_a_lora_of_another_architecture_says_of_which(
    refuse: Refuse, tmp_path: Path, module: str, base: str
) -> None:
    path = tmp_path / "bad.safetensors"
    save_file(
        {
            f"{module}.lora_down.weight": torch.zeros(4, 8),
            f"{module}.lora_up.weight": torch.zeros(8, 4),
        },
        path,
    )

    message = refuse(path).message
    assert "all of its 2 keys" in message
    assert base in message


@pytest.mark.parametrize("style", ["peft", "kohya", "bfl", "comfy"])
def test_a_lora_of_another_width_says_both(refuse: Refuse, tmp_path: Path, style: str) -> None:
    other = write_random_flux(tmp_path / "other", width=96)
    path = write_random_lora(tmp_path / "bad.safetensors", other, style=style)

    assert "made for a model of width 96; this one has 64" in refuse(path).message


def test_a_control_lora_is_refused_and_its_input_named(
    refuse: Refuse, tmp_path: Path, good: Path
) -> None:
    """diffusers widens x_embedder for these and never narrows it again."""
    wide = {"transformer.x_embedder.lora_A.weight": torch.zeros(4, 128)}
    path = change(good, tmp_path / "bad.safetensors", lambda t: t.update(wide))

    message = refuse(path).message
    assert "control LoRA" in message
    assert "128" in message


def test_a_dora_by_metadata(refuse: Refuse, tmp_path: Path, good: Path) -> None:
    metadata = {"lora_adapter_metadata": json.dumps({"transformer.use_dora": True})}
    save_file(load_file(good), tmp_path / "bad.safetensors", metadata=metadata)

    assert "DoRA" in refuse(tmp_path / "bad.safetensors").message


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"lora_alpha": "sixteen"}, "alpha is 'sixteen'"),
        ({"lora_alpha": True}, "alpha is True"),
        ({"lora_alpha": float("nan")}, "alpha is nan"),
        ({"lora_alpha": 4, "alpha_pattern": ["to_q"]}, "alpha_pattern is ['to_q']"),
        ({"lora_alpha": 4, "alpha_pattern": {"to_q": None, "(": 2}}, "metadata is damaged"),
        ({"lora_alpha": 4, "alpha_pattern": {"to_q": [8]}}, "alpha is [8] for to_q"),
    ],
)
def test_damaged_training_metadata(
    refuse: Refuse, tmp_path: Path, good: Path, told: dict[str, object], why: str
) -> None:
    config = {f"transformer.{key}": value for key, value in told.items()}
    metadata = {"lora_adapter_metadata": json.dumps(config)}
    save_file(load_file(good), tmp_path / "bad.safetensors", metadata=metadata)

    assert why in refuse(tmp_path / "bad.safetensors").message


def test_a_link_to_a_bad_file_is_named_as_it_was_given(engine: TorchEngine, tmp_path: Path) -> None:
    """Files of the hub's cache are links to blobs, whose names say nothing to anyone."""
    blob = tmp_path / "e3b0c442"
    blob.write_bytes(b"PK\x03\x04")
    link = tmp_path / "film-storyboard.safetensors"
    try:
        link.symlink_to(blob)
    except OSError:
        pytest.skip("this system does not let us make links")

    with pytest.raises(AdapterRejected, match=r"film-storyboard\.safetensors is a zip") as caught:
        engine.use_adapters([AdapterFile(path=link)])
    assert blob.name not in str(caught.value)
