"""The command line as a whole: help, exit codes, how errors are told, streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from icl_studio import __version__
from icl_studio.cli import main as front
from icl_studio.cli.main import COMMANDS, load_command, main
from icl_studio.errors import CaptionInvalid, JobCancelled, Problem

HEAVY = {
    *("torch", "diffusers", "transformers", "peft", "onnxruntime", "tensorrt", "PySide6"),
    *("pydantic", "pluggy", "numpy", "PIL", "huggingface_hub", "tokenizers", "rich.console"),
    *("icl_tasks", "icl_engines", "icl_tiny"),
}


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    options: dict[str, object] = {"capture_output": True, "encoding": "utf-8", "timeout": 60}
    command = [sys.executable, "-m", "icl_studio", *arguments]
    return subprocess.run(command, check=False, **(options | more))  # type: ignore[call-overload]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Puts a function in the place of the command ``rate``."""

    def put(body: Callable[[], None]) -> None:
        def rate(as_json: bool = typer.Option(False, "--json")) -> None:
            body()

        module = types.ModuleType("icl_studio.cli.stand_in")
        module.command = rate  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "rate", ("stand_in", "help"))

    return put


def test_help_loads_nothing_heavy_and_names_every_command() -> None:
    code = (
        "import sys; from icl_studio.cli.main import main; code = main(['--help']);"
        f"print(code, sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_name_and_a_help(name: str) -> None:
    command_line = load_command(name)
    assert command_line.name == name and (command_line.help or "").strip()


def test_the_commands_help_loads_nothing_heavy() -> None:
    light = {"rich.console", "pydantic"}  # typer itself loads both to show or read options
    code = (
        "import sys; from icl_studio.cli.main import COMMANDS, main;"
        "codes = [main([name, '--help']) for name in COMMANDS];"
        f"print(codes, sorted({HEAVY - light!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == f"{[0] * len(COMMANDS)} []", done.stderr


def test_version_and_module_call() -> None:
    assert run("--version").stdout == f"ICL Studio {__version__}\n"


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mkae"], "Did you mean 'make'?"),
        (["--colour"], "No such option: --colour"),
        (["tasks", "--colour"], "icl-studio tasks --help"),
    ],
)
def test_slips_of_the_pen_exit_with_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert told in shown.err and not shown.out and "Traceback" not in shown.err


def fail_with(error: BaseException) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


INVALID = CaptionInvalid(
    "The caption does not fit.",
    fix="Mend it.",
    problems=[Problem(where="panel 2", what="is empty.", fix="Write something.")],
)


def test_a_user_error_is_told_in_full_without_traceback(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    command(fail_with(INVALID))
    assert main(["rate"]) == 2
    told = capsys.readouterr().err
    for part in ("The caption does not fit.", "panel 2: is empty. Write something.", "Mend it."):
        assert part in told
    assert "Traceback" not in told and not (home / "logs").exists()


def test_a_user_error_as_json(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(fail_with(INVALID))
    assert main(["rate", "--json"]) == 2
    shown = capsys.readouterr()
    error = json.loads(shown.out)["error"]
    assert error["type"] == "CaptionInvalid" and not shown.err
    assert error["problems"] == [
        {"where": "panel 2", "what": "is empty.", "fix": "Write something."}
    ]


def test_an_error_of_ours_writes_a_log_and_names_it(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    command(fail_with(ZeroDivisionError("oh")))
    assert main(["rate"]) == 1
    (log,) = (home / "logs").iterdir()
    shown = capsys.readouterr().err
    assert str(log) in shown and "Traceback" not in shown
    text = log.read_text(encoding="utf-8")
    assert "ZeroDivisionError: oh" in text and "['rate']" in text and __version__ in text


def test_debug_shows_the_traceback(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(fail_with(INVALID))
    assert main(["--debug", "rate"]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert front.DEBUG_VARIABLE not in os.environ


@pytest.mark.parametrize("error", [KeyboardInterrupt(), JobCancelled()])
def test_ctrl_c_exits_with_130(
    command: Callable[..., None], error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    command(fail_with(error))
    assert main(["rate"]) == 130
    assert "Stopped" in capsys.readouterr().err


def test_a_full_disk_is_the_users_to_mend(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(fail_with(OSError(28, "No space left on device", "/sets")))
    assert main(["rate"]) == 2
    assert "/sets: No space left on device" in capsys.readouterr().err


def test_home_and_safe_mode_hold_for_one_run(
    command: Callable[..., None], tmp_path: Path, home: Path
) -> None:
    seen: list[tuple[Path, bool]] = []

    def body() -> None:
        from icl_studio.cli.console import context

        seen.append((context().folders.data, context().safe_mode))

    command(body)
    assert main(["--home", str(tmp_path / "elsewhere"), "--safe-mode", "rate"]) == 0
    assert main(["rate"]) == 0
    assert seen == [(tmp_path / "elsewhere", True), (home, False)]


def test_any_text_goes_through_a_pipe_of_another_encoding() -> None:
    code = (
        "from icl_studio.cli.main import _prepare_streams; _prepare_streams();"
        "print('Füchse 🦊 \\udcff')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        check=True,
    )
    assert done.stdout.decode("utf-8").rstrip() == "Füchse 🦊 \\udcff"


@pytest.mark.skipif(os.name == "nt", reason="closes file descriptors the POSIX way")
@pytest.mark.parametrize("arguments", ["--help", "tasks --json", "mkae"])
def test_closed_streams_and_readers_that_leave(arguments: str) -> None:
    call = f"{sys.executable} -m icl_studio {arguments}"
    for shell in (f"{call} >&- 2>&-", f"{call} | head -n1"):
        done = subprocess.run(shell, shell=True, capture_output=True, encoding="utf-8")
        assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr, shell
        assert "Exception ignored" not in done.stderr, shell
