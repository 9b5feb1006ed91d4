"""One window for each user folder: a second start brings the first one to the front."""

from __future__ import annotations

import hashlib
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from ..paths import UserFolders

ANSWER_MILLIS: Final = 2000
SHOW: Final = b"show\n"


class Instance(QObject):
    """This program as the only window of its folders; ``called`` when another one starts."""

    called = Signal()

    def __init__(self, folders: UserFolders) -> None:
        super().__init__()
        home = hashlib.sha256(str(folders.data).encode()).hexdigest()[:16]
        self._name = f"icl-studio-{home}"
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)

    def is_first(self) -> bool:
        """True if there was no window yet; else the other one has been asked to show itself.

        A name that a killed window left behind is taken over.
        """
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(ANSWER_MILLIS):
            socket.write(SHOW)
            socket.waitForBytesWritten(ANSWER_MILLIS)
            socket.disconnectFromServer()
            return False
        QLocalServer.removeServer(self._name)
        self._server.listen(self._name)
        return True

    def close(self) -> None:
        self._server.close()

    def _answer(self) -> None:
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.disconnected.connect(socket.deleteLater)
        self.called.emit()
