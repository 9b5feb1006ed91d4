"""Pictures of every page: ``python -m icl_studio.gui.pictures --out DIR``.

Both schemes, two scales. The window is opened without a screen, on a home that is filled first
(:mod:`.examples`; or on ``--home``, as it stands), and grabbed. A page's
``scenes`` are its states worth a picture. A scale needs a process of its own, because Qt reads
it at its start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZE = (1280, 840)
SCALES = ("1", "2")
SETTLE_SECONDS = 120.0


def main() -> int:
    """Make the pictures; see the module."""
    parser = argparse.ArgumentParser(prog="python -m icl_studio.gui.pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    parser.add_argument("--home", type=Path, help="use this home instead of a fresh one")
    parser.add_argument("--page", action="append", help="only this page; can be repeated")
    parser.add_argument("--scale", action="append", help="only this scale; can be repeated")
    parser.add_argument("--size", type=_size, default=SIZE, help="of the window, as 1280x840")
    parser.add_argument("--right-to-left", action="store_true", help="as for Arabic or Hebrew")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.here:
        take(asked.out, asked.page, asked.size, right_to_left=asked.right_to_left)
        return 0
    with tempfile.TemporaryDirectory(prefix="icl-pictures-") as made:
        home = asked.home or Path(made)
        environment = {**os.environ, "ICL_STUDIO_HOME": str(home)}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        if asked.home is None:
            os.environ["ICL_STUDIO_HOME"] = str(home)
            from .examples import make_examples

            make_examples()
        options = [word for page in asked.page or () for word in ("--page", page)]
        options += ["--size", "{}x{}".format(*asked.size)]
        options += ["--right-to-left"] if asked.right_to_left else []
        for scale in asked.scale or SCALES:
            command = [sys.executable, "-m", __spec__.name, "--here", "--out", str(asked.out)]
            subprocess.run(
                [*command, *options], env={**environment, "QT_SCALE_FACTOR": scale}, check=True
            )
    return 0


def _size(text: str) -> tuple[int, int]:
    wide, _, high = text.partition("x")
    return int(wide), int(high)


def take(
    out: Path,
    only: list[str] | None = None,
    size: tuple[int, int] = SIZE,
    *,
    right_to_left: bool = False,
) -> list[Path]:
    """Grab every page and scene in both schemes, at the scale of this process."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from ..paths import user_folders
    from .main import Window
    from .pages import PAGES
    from .theme import Scheme

    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["icl-studio"])
    if right_to_left:
        app.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    schemes: tuple[Scheme, ...] = ("dark", "light")
    written = []
    for scheme in schemes:
        window = Window(app, user_folders(), scheme=scheme)
        window.main.resize(*size)
        window.open()
        _until(app, lambda window=window: window.studio.is_ready)  # type: ignore[misc]
        window.main.resize(*size)
        for spec in PAGES:
            if only and spec.id not in only:
                continue
            window.main.show_page(spec.id)
            _until(app, lambda id=spec.id, window=window: window.main.current == id)  # type: ignore[misc]
            page = window.main.page(spec.id)
            assert page is not None
            _settle(app, window)
            for name, scene in page.scenes().items():
                scene()
                _settle(app, window)
                scale = f"{app.devicePixelRatio():g}"
                file = out / f"{spec.id}{f'-{name}' if name else ''}-{scheme}-{scale}x.png"
                window.main.grab().save(str(file))
                written.append(file)
                print(file)
        window.close()
        app.processEvents()
    return written


def _settle(app: object, window: object) -> None:
    """Until everything asked in the background is answered and drawn."""
    from .main import Window

    assert isinstance(window, Window)
    for _ in range(3):
        window.studio.background.wait(SETTLE_SECONDS)
        window.studio.desk.wait(SETTLE_SECONDS)
        _until(app, lambda: False, 0.15)


def _until(app: object, condition: Callable[[], bool], seconds: float = SETTLE_SECONDS) -> None:
    """Let the window live until ``condition``; a picture that never comes is an error."""
    from PySide6.QtWidgets import QApplication

    assert isinstance(app, QApplication)
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main())
