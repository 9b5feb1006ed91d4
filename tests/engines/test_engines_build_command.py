"""``icl-studio engines build``: what is asked for, read exactly, before anything is started."""

from __future__ import annotations

import pytest

from icl_studio.cli.console import AppContext
from icl_studio.cli.engines_build import _canvases, _targets
from icl_studio.cli.main import main
from icl_studio.engines.hardware import Gpu
from icl_studio.errors import LayoutInvalid, NotFound, UserError

CARD = Gpu(name="RTX 4090", target="sm_89", memory_mb=24564, driver="580.65")


@pytest.fixture(scope="module")
def app() -> AppContext:
    return AppContext(safe_mode=False)


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        (["sm_89"], ("sm_89",)),
        (["sm_89, SM120", "8.6"], ("sm_89", "sm_120", "sm_86")),
        (["89", "sm89", "sm-89"], ("sm_89",)),
    ],
)
def test_targets_are_read_as_people_write_them(named: list[str], meant: tuple[str, ...]) -> None:
    assert _targets(named) == meant


@pytest.mark.parametrize("text", ["", "ada", "sm_", "sm_89x", "rtx 4090"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no GPU target"):
        _targets([text])


def test_without_a_target_it_is_the_card_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icl_studio.engines.hardware.nvidia_gpus", lambda: (CARD, CARD))
    assert _targets(None) == ("sm_89",)
    monkeypatch.setattr("icl_studio.engines.hardware.nvidia_gpus", lambda: ())
    with pytest.raises(UserError, match="no NVIDIA card to build for"):
        _targets(None)


def test_all_tasks_canvases_are_taken_up_to_9072_tokens(app: AppContext) -> None:
    sizes = _canvases(None, app.registry.model("flux.1-dev"), app.registry)
    assert max(size.tokens for size in sizes) == 9072
    assert max(max(size) for size in sizes) == 2048
    small = _canvases(None, app.registry.model("tiny"), app.registry)
    assert max(size.tokens for size in small) < 500


def test_tasks_and_sizes_can_be_named_together(app: AppContext) -> None:
    flux = app.registry.model("flux.1-dev")
    sizes = _canvases(["film-storyboard,1024x1024", "1024×1024"], flux, app.registry)
    assert sizes == ((1024, 1536), (1024, 1024))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("film-storybord", NotFound),
        ("1000x1000", LayoutInvalid),
        ("0x64", LayoutInvalid),
        ("4096x4096", LayoutInvalid),
    ],
)
def test_a_canvas_that_the_model_cannot_draw_is_refused(
    app: AppContext, text: str, error: type[UserError]
) -> None:
    with pytest.raises(error):
        _canvases([text], app.registry.model("flux.1-dev"), app.registry)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "onnx"], "is not built for a GPU"),
        (["--dtype", "int4"], "no precision 'int4'"),
        (["--model", "no-such-model"], "no model called"),
    ],
)
def test_other_mistakes_are_told_at_once(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX has no package for this system")
    assert main(["engines", "build", "--model", "tiny", "--target", "sm_89", *words]) == 2
    assert said in capsys.readouterr().err
