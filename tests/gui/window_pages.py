"""Two small pages for tests of the window around them."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLineEdit, QVBoxLayout

from icl_studio.gui.pages import Page, PageSpec


class Plain(Page):
    """Notes what is asked of it."""

    def __init__(self, studio: Any) -> None:
        super().__init__(studio)
        self.asked: list[Any] = []
        self.edit = QLineEdit()
        QVBoxLayout(self).addWidget(self.edit)

    def primary(self) -> None:
        self.asked.append("primary")

    def cancel(self) -> None:
        self.asked.append("cancel")

    def receive(self, what: Any) -> None:
        self.asked.append(what)

    def shown(self) -> None:
        self.asked.append("shown")

    def hidden(self) -> None:
        self.asked.append("hidden")

    def save(self) -> None:
        self.asked.append("save")


class Second(Plain):
    """Another one."""


TWO = (
    PageSpec("one", lambda: "One", "create", 1, "window_pages:Plain"),
    PageSpec("two", lambda: "Two", "queue", 2, "window_pages:Second"),
)
