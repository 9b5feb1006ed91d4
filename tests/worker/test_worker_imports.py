"""The parent's side loads nothing heavy: only a worker process does, and only when it works."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "diffusers", "transformers", "peft", "onnxruntime", "PySide6")

CHECK = f"""
import sys
found = [name for name in {HEAVY!r} if name in sys.modules]
assert not found, found
"""


def run_fresh(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code + CHECK, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.mark.parametrize(
    "code",
    [
        "import icl_studio.worker.client\n",
        "import icl_studio.testing\n",
        # The worker's own modules, too: its engine comes in by name, when a job asks for it.
        "import icl_studio.worker.loop\n",
        "import icl_studio.generate\n",
        "from icl_studio.cli.main import main\nassert main(['--help']) == 0\n",
        "from icl_studio.cli.main import main\nassert main(['make', '--help']) == 0\n",
        "from icl_studio.cli.main import main\n"
        "assert main(['make', 'film-storyboard', '--example', '--dry-run']) == 0\n",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    done = run_fresh(code)
    assert done.returncode == 0, done.stderr
