"""All checks, in the order in which a newcomer should read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..domain.problems import UserError
from ..engines.hardware import nvidia_gpus
from ..models.find import find_model
from ..models.state import state_of, token_state
from ..paths import UserFolders
from ..plugins import load_registry
from ..settings import Settings
from . import gpu, home, onnx, software, tensorrt
from .check import Check, fail, in_full, ok, warn

if TYPE_CHECKING:
    from ..plugins import Registry

OWN = ("icl-tasks", "icl-engines", "icl-tiny")


def examine(folders: UserFolders, *, safe_mode: bool = False) -> Iterator[Check]:
    """Every check of this machine, one after the other; none of them raises."""
    yield software.check_python()
    yield software.check_own_version()
    yield software.check_packages()
    yield from gpu.judge(gpu.torch_build(), gpu.nvidia_driver(), gpu.probe_torch())
    twins = software.check_onnx_twins()
    if twins is not None:
        yield twins
    cards = nvidia_gpus()
    on_onnx = onnx.judge_onnx(onnx.probe_onnx(), cards)
    if on_onnx is not None:
        yield on_onnx
    on_tensorrt = tensorrt.judge_tensorrt(tensorrt.probe_tensorrt(), cards)
    if on_tensorrt is not None:
        yield on_tensorrt
    settings, check = home.check_settings(folders)
    yield check
    yield from home.check_folders(folders, settings)
    registry = load_registry(folders, settings, safe_mode=safe_mode)
    yield from check_plugins(registry)
    yield software.check_engines(registry.engines.values())
    yield check_model(registry, settings, folders)
    yield home.check_hub_cache()
    yield check_token()


def check_plugins(registry: Registry) -> Iterator[Check]:
    """One line for all that work, one for each that does not."""
    for info in registry.plugins:
        if info.state == "broken":
            judge = fail if info.name in OWN else warn
            yield judge(f"plugin {info.name}", info.error, info.fix)
    works = [info.name for info in registry.plugins if info.state == "ok"]
    off = [info.name for info in registry.plugins if info.state == "disabled"]
    rest = f" Switched off: {', '.join(off)}." if off else ""
    if not registry.tasks:
        yield fail("plugins", f"No plugin gives a task.{rest}", "See `icl-studio plugins list`.")
        return
    yield ok("plugins", f"{', '.join(works)} give {len(registry.tasks)} tasks.{rest}")


def check_model(registry: Registry, settings: Settings, folders: UserFolders) -> Check:
    """The model that sets are made with unless another is named."""
    name = settings.model
    try:
        state = state_of(find_model(name, registry), folders)
    except UserError as error:
        return fail("model", in_full(error), error.fix)
    if state.problem:
        return fail("model", f"{name}: {state.problem}", f"See `icl-studio models show {name}`.")
    if state.present:
        return ok("model", f"{name} is here: {state.folder}.")
    if state.kind == "hub":
        size = f" ({state.spec.download_gb:.1f} GB)" if state.spec.download_gb else ""
        what = f"{name} is not here yet; it is downloaded when first used{size}."
        return warn("model", what, "Make a set with it once before you rely on it.")
    return fail("model", f"The model {name} is not here.", "Install ICL Studio again.")


def check_token() -> Check:
    token = token_state()
    if token:
        return ok("hub token", f"There is one, from {token}; whether it is valid shows on use.")
    return ok("hub token", "None; only gated models such as FLUX.1-dev need one: hf auth login.")
