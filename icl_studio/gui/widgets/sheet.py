"""A sheet drawn to scale: a text box in every panel, and the picture where it will appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ...domain.layout import Layout
from ..theme import GAP, GAP_BLOCK, GRID, SECONDARY, font, tokens
from .texts import PanelText

STRIP_LINES, WRITING_LINES = 2, 6
"""Lines of a panel's text that stay over its picture; more while it is written."""


class SheetView(QWidget):
    """Keeps the canvas's proportions and uses all the room it is given.

    Emits ``typed(panel, text)``, panels counted from 0. With ``read_only`` nothing can be typed.
    """

    typed = Signal(int, str)

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        self._layout: Layout | None = None
        self._read_only = read_only
        self._image: QImage | None = None
        self._sharp = True
        self._progress: float | None = None
        self._shows_texts = True
        self.editors: list[PanelText] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 160)

    def sizeHint(self) -> QSize:
        return QSize(560, 560)

    def set_layout(self, layout: Layout | None) -> None:
        """Draw another layout; texts of panels that stay, stay."""
        if layout == self._layout:
            return
        self._layout = layout
        names = layout.names if layout else ()
        while len(self.editors) > len(names):
            gone = self.editors.pop()
            gone.hide()
            gone.deleteLater()
        while len(self.editors) < len(names):
            self._add_editor()
        for editor, name in zip(self.editors, names, strict=True):
            editor.set_name(name)
        self._place()
        self.update()

    def set_texts(self, texts: Sequence[str]) -> None:
        """Show these texts; a text that stands already keeps its cursor."""
        for editor, text in zip(self.editors, texts, strict=False):
            editor.set_text(text)

    def set_wrong(self, wrong: Mapping[int, Sequence[tuple[int, int]]]) -> None:
        """Underline stretches of the texts of panels."""
        for n, editor in enumerate(self.editors):
            editor.underline(wrong.get(n, ()))

    def set_image(self, image: QImage | None, *, sharp: bool = True) -> None:
        """Show a picture over the whole sheet; a preview (not ``sharp``) is drawn smoothly."""
        had = self._image is not None
        self._image, self._sharp = image, sharp
        if had != (image is not None):
            self._place()
        self.update()

    @property
    def image(self) -> QImage | None:
        return self._image

    def set_progress(self, part: float | None) -> None:
        """A thin line at the foot of the sheet, 0 to 1; None takes it away."""
        if part != self._progress:
            self._progress = part
            self.update()

    def show_texts(self, shown: bool) -> None:
        """Texts over the picture, or the picture alone."""
        self._shows_texts = shown
        self._place()

    def sheet_rect(self) -> QRect:
        """Where the sheet lies, in this widget's own coordinates."""
        if self._layout is None:
            return QRect()
        room = self.rect().adjusted(GAP_BLOCK, GAP_BLOCK, -GAP_BLOCK, -GAP_BLOCK)
        canvas = self._layout.canvas
        scale = min(room.width() / canvas.width, room.height() / canvas.height)
        width, height = round(canvas.width * scale), round(canvas.height * scale)
        left = room.left() + (room.width() - width) // 2
        return QRect(left, room.top() + (room.height() - height) // 2, width, height)

    def panel_rect(self, panel: int) -> QRect:
        """Where a panel lies."""
        assert self._layout is not None
        sheet, box = self.sheet_rect(), self._layout.panels[panel].box
        scale = sheet.width() / self._layout.canvas.width
        left, top = sheet.left() + round(box.x0 * scale), sheet.top() + round(box.y0 * scale)
        right, bottom = sheet.left() + round(box.x1 * scale), sheet.top() + round(box.y1 * scale)
        return QRect(left, top, right - left, bottom - top)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.surround))
        if self._layout is None:
            return
        sheet = self.sheet_rect()
        painter.fillRect(sheet, QColor(t.panel))
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(sheet), self._image)
        else:
            painter.setPen(QPen(QColor(t.line), 1))
            painter.setFont(font(SECONDARY))
            for n, panel in enumerate(self._layout.panels):
                box = self.panel_rect(n)
                painter.setPen(QPen(QColor(t.line), 1))
                painter.drawRect(box.adjusted(0, 0, -1, -1))
                painter.setPen(QColor(t.secondary))
                painter.drawText(box.adjusted(GAP, GRID, -GAP, 0), 0, panel.name)
        if self._progress is not None:
            line = QRect(sheet.left(), sheet.bottom() + 5, sheet.width(), 3)
            painter.fillRect(line, QColor(t.line))
            line.setWidth(round(sheet.width() * self._progress))
            painter.fillRect(line, QColor(t.accent))

    def _add_editor(self) -> None:
        n = len(self.editors)
        editor = PanelText(self)
        editor.setReadOnly(self._read_only)
        editor.typed.connect(lambda text: self.typed.emit(n, text))
        editor.typed.connect(lambda _: self._place())
        editor.focused.connect(self._place)
        self.editors.append(editor)
        editor.show()

    def _place(self) -> None:
        """Without a picture a text fills its panel; over one it is a strip at its foot."""
        if self._layout is None or len(self.editors) != len(self._layout.panels):
            return
        over = self._image is not None
        head = self.fontMetrics().height() + GRID
        for n, editor in enumerate(self.editors):
            box = self.panel_rect(n)
            if not over:
                editor.setGeometry(box.adjusted(2, head, -2, -2))
            else:
                most = WRITING_LINES if editor.hasFocus() else STRIP_LINES
                line = editor.fontMetrics().lineSpacing()
                lines = min(most, editor.lines(box.width()))
                height = min(lines * line + 6 * GRID, box.height() * 2 // 3)
                editor.setGeometry(box.adjusted(0, box.height() - height, 0, 0))
            editor.set_over_picture(over)
            editor.setVisible(not over or self._shows_texts)
