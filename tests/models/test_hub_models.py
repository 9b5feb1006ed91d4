"""Models from the hub: every refusal is told before a byte of weights is asked for.

The hub is imitated over HTTP; everything on this side of the wire is the real thing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import FakeHub, serving

ASK = """
import json, sys
from icl_studio.domain.model import AdapterUse, ModelSpec
from icl_studio.errors import UserError
from icl_studio.models import hub
from icl_studio.models.adapters import resolve_adapter
from icl_studio.models.locate import locate
from icl_studio.paths import user_folders

seen = []
spec = ModelSpec(id="m", title="m", source=sys.argv[1], family="flux.1")
if len(sys.argv) > 2:
    hub.SPARE_BYTES = int(sys.argv[2])
progress = lambda done, total: seen.append((done, total))
try:
    if spec.source.endswith(".safetensors"):
        found = str(resolve_adapter(AdapterUse(source=spec.source), user_folders(), progress).path)
    else:
        found = str(locate(spec, user_folders(), progress).folder)
    print(json.dumps({"folder": found, "progress": seen}))
except UserError as error:
    answer = {"type": type(error).__name__, "message": error.message, "fix": error.fix}
    print(json.dumps({"error": answer, "progress": seen}))
"""


@pytest.fixture
def gated(flux: Path) -> FakeHub:
    return FakeHub.of_folder(flux, gated=True, tokens={"guest": False, "friend": True})


def ask(hub: FakeHub, cache: Path, *more: str, token: str = "", repo: str = "", **env: str) -> dict:
    """What ``locate`` says in a process of its own whose hub is ours."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    variables |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(cache), **env}
    if token:
        variables["HF_TOKEN"] = token
    done = subprocess.run(
        [sys.executable, "-c", ASK, repo or hub.repository, *more],
        env=variables,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def weights(hub: FakeHub) -> list[str]:
    return [name for name in hub.downloads if name.endswith(".safetensors")]


def test_a_whole_model_is_downloaded_with_progress_then_used_without_network(
    flux: Path, tmp_path: Path
) -> None:
    hub = FakeHub.of_folder(flux)
    extra = {"flux1-dev.safetensors": b"x" * 99, "vae/model.fp16.safetensors": b"x", "p.jpg": b"x"}
    hub.files |= extra
    with serving(hub):
        first = ask(hub, tmp_path / "hüb")
        folder = Path(first["folder"])
        assert (folder / "transformer/config.json").is_file()
        assert not set(hub.downloads) & set(extra)
        done, total = first["progress"][-1]
        assert done == total > 0
        hub.downloads.clear()
        hub.broken = True
        assert ask(hub, tmp_path / "hüb")["folder"] == str(folder)
    assert not hub.downloads


def test_a_gated_model_without_token(gated: FakeHub, tmp_path: Path) -> None:
    with serving(gated):
        error = ask(gated, tmp_path)["error"]
    assert error["type"] == "ModelUnavailable"
    assert "no hub token" in error["message"]
    assert f"{gated.url}/someone/flux" in error["fix"] and "hf auth login" in error["fix"]
    assert not gated.downloads


def test_a_gated_model_whose_licence_was_not_accepted(gated: FakeHub, tmp_path: Path) -> None:
    with serving(gated):
        error = ask(gated, tmp_path, token="guest")["error"]
    assert "has not been given access" in error["message"]
    assert f"{gated.url}/someone/flux" in error["fix"]
    assert not gated.downloads


def test_a_gated_model_with_an_accepted_licence(gated: FakeHub, tmp_path: Path) -> None:
    with serving(gated):
        assert "folder" in ask(gated, tmp_path, token="friend")


def test_a_refused_token(gated: FakeHub, tmp_path: Path) -> None:
    with serving(gated):
        error = ask(gated, tmp_path, token="expired")["error"]
    assert "refused your token" in error["message"]
    assert not gated.downloads


def test_a_repository_that_is_not_there(gated: FakeHub, tmp_path: Path) -> None:
    with serving(gated):
        anonymous = ask(gated, tmp_path, repo="no/such")["error"]
        known = ask(gated, tmp_path, token="friend", repo="no/such")["error"]
    assert "no public model no/such" in anonymous["message"]
    assert "no model no/such" in known["message"]


def test_too_little_disk_is_said_before_the_download(flux: Path, tmp_path: Path) -> None:
    hub = FakeHub.of_folder(flux)
    name = "transformer/diffusion_pytorch_model.safetensors"
    hub.sizes[name] = 5 * 10**15
    with serving(hub):
        error = ask(hub, tmp_path)["error"]
    assert "are missing" in error["message"] and "HF_HOME" in error["fix"]
    assert not weights(hub)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"_class_name": "StableDiffusionXLPipeline"}, "is SDXL"),
        (None, "holds no diffusers model"),
    ],
)
def test_a_repository_of_another_kind(
    flux: Path, tmp_path: Path, change: dict[str, str] | None, told: str
) -> None:
    hub = FakeHub.of_folder(flux)
    index = json.loads(hub.files.pop("model_index.json"))
    if change:
        hub.files["model_index.json"] = json.dumps(index | change).encode()
    with serving(hub):
        assert told in ask(hub, tmp_path)["error"]["message"]
    assert not weights(hub)


def test_pickles_are_never_fetched(flux: Path, tmp_path: Path) -> None:
    hub = FakeHub.of_folder(flux)
    del hub.files["vae/diffusion_pytorch_model.safetensors"]
    hub.files["vae/diffusion_pytorch_model.bin"] = b"\x80\x04"
    with serving(hub):
        assert "only pickles" in ask(hub, tmp_path)["error"]["message"]
    assert not weights(hub)


def test_offline_and_unreachable(tmp_path: Path) -> None:
    nobody = FakeHub(url="http://127.0.0.1:9")
    offline = ask(nobody, tmp_path, HF_HUB_OFFLINE="1")["error"]
    assert "HF_HUB_OFFLINE" in offline["message"]
    unreached = ask(nobody, tmp_path)["error"]
    assert "could not be reached" in unreached["message"]


def test_a_hub_that_is_down(flux: Path, tmp_path: Path) -> None:
    with serving(FakeHub.of_folder(flux, broken=True)) as hub:
        assert "answered 503" in ask(hub, tmp_path)["error"]["message"]


def test_a_lora_from_the_hub(flux: Path, gated: FakeHub, tmp_path: Path) -> None:
    from icl_engines.testing import write_random_lora

    lora = write_random_lora(tmp_path / "look.safetensors", flux)
    gated.files["looks/look.safetensors"] = lora.read_bytes()
    name = "someone/flux/looks/look.safetensors"
    with serving(gated):
        assert "no hub token" in ask(gated, tmp_path, repo=name)["error"]["message"]
        found = ask(gated, tmp_path, repo=name, token="friend")
        assert Path(found["folder"]).read_bytes() == lora.read_bytes()
        size = lora.stat().st_size
        assert found["progress"][-1] == [size, size]
        absent = ask(gated, tmp_path, repo=name.replace("look.", "lock."), token="friend")
        assert "no file someone/flux/looks/lock.safetensors" in absent["error"]["message"]
        gated.broken = True
        assert ask(gated, tmp_path, repo=name)["folder"] == found["folder"]
