"""What a library says of itself, asked in a process of its own, however badly it answers."""

from __future__ import annotations

import pytest

from icl_studio.doctor.probing import Unanswered, ask

PATIENCE = 300


def test_the_last_line_counts_and_the_arguments_arrive() -> None:
    script = "import json, sys; print('a banner'); print(json.dumps({'said': sys.argv[1:]}))"
    assert ask(script, "größe", "b", seconds=PATIENCE) == {"said": ["größe", "b"]}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import icl_no_such_module", "cannot be loaded: .*No module named 'icl_no_such_module'"),
        ("import os; os._exit(3)", "cannot be loaded: exit code 3"),
        ("print('no json')", "cannot be loaded: exit code 0"),
    ],
    ids=["raises", "dies in silence", "says nonsense"],
)
def test_one_that_cannot_be_loaded_says_why(script: str, why: str) -> None:
    with pytest.raises(Unanswered, match=f"^onnx {why}"):
        ask(script, seconds=PATIENCE, who="onnx")


def test_one_that_hangs_is_not_waited_for() -> None:
    with pytest.raises(Unanswered, match="did not answer within"):
        ask("import time; time.sleep(600)", seconds=0.5)
