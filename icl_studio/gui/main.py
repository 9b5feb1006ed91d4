"""How the window starts: one for each user folder, on a display that is there."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from .. import __version__
from ..crashlog import write_log
from ..errors import UserError
from ..paths import UserFolders, resource, user_folders
from .instance import Instance
from .pages import PAGES, PageSpec
from .shell import STATE, MainWindow
from .studio import Studio
from .texts import tr
from .theme import Scheme, Theme

log = logging.getLogger(__name__)


class Window:
    """The whole application, put together; :meth:`close` ends everything it started."""

    def __init__(
        self,
        app: QApplication,
        folders: UserFolders,
        *,
        scheme: Scheme | None = None,
        page: str | None = None,
        pages: tuple[PageSpec, ...] = PAGES,
    ) -> None:
        app.setWindowIcon(QIcon(str(resource("desktop", "icl-studio.svg"))))
        self.theme = Theme(app, scheme)
        self.studio = Studio(folders)
        state, broken = _state(self.studio)
        if page:
            state["page"] = page
        self.main = MainWindow(self.studio, self.theme, pages, state)
        if broken is not None:
            self.studio.tell_error(broken)

    def open(self) -> None:
        self.main.show()
        self.studio.open()

    def close(self) -> None:
        """Close the window and wait until workers, threads and connections are gone."""
        self.main.close()
        self.studio.close()
        self.main.deleteLater()


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and stay until it is closed; the exit code.

    A second window of the same user folder is not opened: the first one comes to the front.
    Raises :class:`UserError` where there is no display.
    """
    parser = argparse.ArgumentParser(prog="icl-studio gui")
    parser.add_argument("--page", choices=[page.id for page in PAGES])
    parser.add_argument("--scheme", choices=["light", "dark"])
    asked = parser.parse_args(sys.argv[1:] if argv is None else list(argv))
    check_display(os.environ, sys.platform)
    qInstallMessageHandler(_qt_said)
    QCoreApplication.setApplicationName("ICL Studio")
    QCoreApplication.setApplicationVersion(__version__)
    QGuiApplication.setDesktopFileName("icl-studio")
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["icl-studio"])
    folders = user_folders()
    instance = Instance(folders)
    if not instance.is_first():
        return 0
    window = Window(app, folders, scheme=asked.scheme, page=asked.page)
    instance.called.connect(window.main.bring_up)
    before, sys.excepthook = sys.excepthook, _hook(window.studio)
    try:
        window.open()
        return app.exec()
    finally:
        sys.excepthook = before
        instance.close()
        window.close()


def check_display(environment: os._Environ[str] | dict[str, str], platform: str) -> None:
    """Raise :class:`UserError` where Qt would end the process for want of a display."""
    if not platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return
    if environment.get("WAYLAND_DISPLAY") or _x_answers(environment.get("DISPLAY", "")):
        return
    raise UserError(
        "There is no display for a window.",
        fix="Start it on a desktop (or with ssh -X), or use the commands: icl-studio --help",
    )


def _x_answers(display: str) -> bool:
    """Whether an X server listens at ``display``; a remote one is given the benefit of doubt."""
    host, _, number = display.rpartition(":")
    if host not in ("", "unix") or not number:
        return bool(host)
    file = Path(f"/tmp/.X11-unix/X{number.partition('.')[0]}")
    for address in (str(file), f"\0{file}"):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(address)
            except OSError:
                continue
            return True
    return False


def _state(studio: Studio) -> tuple[dict[str, object], UserError | None]:
    """Where the window stood; small, and read before it is shown, as it says where."""
    try:
        return studio.remembered.load(STATE), None
    except UserError as error:
        return {}, error


Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]


def _hook(studio: Studio) -> Hook:
    """What becomes of an exception that nobody took: logged and said; the window stays."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            QCoreApplication.quit()
            return
        file = write_log(error, sys.argv)
        where = tr("Details are in {file}.", file=file) if file else ""
        said = tr("Something of ours went wrong: {error}.", error=str(error) or kind.__name__)
        studio.tell(f"{said} {where}", "error")

    return hook


def _qt_said(kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
    """Qt's own messages go where ours go."""
    levels = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
    }
    log.log(levels.get(kind, logging.ERROR), "Qt: %s", text)


if __name__ == "__main__":
    sys.exit(main())
