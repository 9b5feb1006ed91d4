"""The one style sheet: what the named roles look like, in the colours of a scheme."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QColor

from ..paths import resource
from .design import EMPHASIS, GAP, GAP_BLOCK, GAP_WIDE, RADIUS, ROW, SECONDARY, TITLE, Tokens

_QT_ADDS: Final = 3
"""Pixels that Qt adds to the height of tool buttons and boxes to count in, and to no other."""


def style_sheet(t: Tokens, *, right_to_left: bool = False) -> str:
    """The named roles. Everything else is the palette's."""
    start, end = ("right", "left") if right_to_left else ("left", "right")
    return f"""
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; }}
    QLabel {{ background: transparent; }}
    [role="title"] {{ font-size: {TITLE}px; }}
    [role="emphasis"] {{ font-size: {EMPHASIS}px; }}
    [role="secondary"] {{ font-size: {SECONDARY}px; color: {t.secondary}; }}
    [role="panel"] {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px; }}
    [role="bar"] {{ background: {t.panel}; border: none; border-bottom: 1px solid {t.line}; }}
    [role="foot"] {{ background: {t.panel}; border: none; border-top: 1px solid {t.line}; }}
    [role="rail"] {{ background: {t.panel}; border: none; border-{end}: 1px solid {t.line}; }}
    [role="surround"] {{ background: {t.surround}; border: none; }}
    QPushButton, QToolButton {{
        background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        padding: 0 {GAP_WIDE}px; min-height: {ROW - 2}px; }}
    QToolButton {{ padding: 0 4px; min-width: 15px; min-height: {ROW - _QT_ADDS - 2}px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {t.secondary}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {t.window}; }}
    QPushButton:focus, QToolButton:focus {{ border: 1px solid {t.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {t.secondary}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton::menu-indicator {{
        image: url("{_drawn("down", t)}"); width: 12px; height: 12px;
        subcontrol-origin: padding; subcontrol-position: center right; right: 8px; }}
    [role="primary"] {{
        background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
        font-weight: 600; padding: 0 {GAP_BLOCK}px; }}
    [role="primary"]:hover {{ border-color: {t.text}; }}
    [role="primary"]:focus {{ border: 2px solid {t.text}; }}
    [role="primary"]:pressed {{ background: {t.accent}; }}
    [role="primary"]:disabled {{
        background: {t.raised}; color: {t.secondary}; border-color: {t.line}; }}
    [role="quiet"] {{ background: transparent; border-color: transparent; }}
    [role="quiet"]:hover {{ background: {t.raised}; border-color: {t.line}; }}
    [role="quiet"]:focus {{ border: 1px solid {t.accent}; }}
    [role="quiet"]:checked {{ background: {t.raised}; border-color: {t.line}; }}
    [role="chip"] {{ border-radius: 13px; padding: 0 {GAP_WIDE}px; min-height: 24px; }}
    QToolButton[role="chip"] {{ min-height: {24 - _QT_ADDS}px; }}
    [role="chip"]:checked {{ border-color: {t.accent}; background: {tint(t)}; }}
    [role="chip"]:focus {{ border: 1px solid {t.text}; }}
    [role="thumb"] {{
        background: transparent; border: 1px solid transparent; padding: 0; min-width: 12px; }}
    [role="thumb"]:hover {{ border-color: {t.secondary}; }}
    [role="thumb"]:focus {{ border-color: {t.accent}; }}
    [role="place"] {{
        background: transparent; border: none; border-{start}: 3px solid transparent;
        border-radius: 0; min-height: 46px; min-width: 50px; padding: 0; color: {t.secondary}; }}
    [role="place"]:hover {{ background: {t.raised}; border-color: transparent; }}
    [role="place"]:checked, [role="place"]:checked:hover {{
        border-{start}-color: {t.accent}; background: {t.raised}; color: {t.text}; }}
    [role="place"]:focus {{ border: 1px solid {t.accent}; border-{start}: 3px solid {t.accent}; }}
    QLineEdit, QPlainTextEdit, QTextEdit {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        padding: 3px 6px; selection-background-color: {t.accent};
        selection-color: {t.on_accent}; }}
    QLineEdit {{ min-height: 20px; }}
    QLineEdit > QToolButton {{
        min-height: 0; min-width: 0; padding: 0; border: none; background: transparent; }}
{_boxes(t)}
    [role="reading"] {{ background: transparent; border: none; padding: 0; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus {{ border-color: {t.accent}; }}
    [role="in-sheet"] {{ background: transparent; border: 1px solid transparent; }}
    [role="in-sheet"]:focus {{ border: 1px solid {t.accent}; }}
    [role="over-picture"] {{
        background: {_veil(t.panel)}; border: none; border-radius: 0; padding: 2px 6px; }}
    [role="over-picture"]:focus {{ border: 1px solid {t.accent}; }}
    QAbstractItemView {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        outline: none; }}
    QTableView, QListView {{
        selection-background-color: {tint(t)}; selection-color: {t.text}; }}
    QTableView::item {{ padding: 0 {GAP}px; border: none; }}
    QTableView::item:selected, QListView::item:selected {{
        background: {tint(t)}; color: {t.text}; }}
    [role="gallery"] {{ background: {t.surround}; border: none; border-radius: 0; }}
    QHeaderView {{ background: transparent; border: none; border-radius: 0; }}
    QHeaderView::section {{
        background: {t.panel}; color: {t.secondary}; font-size: {SECONDARY}px; border: none;
        border-bottom: 1px solid {t.line}; padding: 0 8px; min-height: 26px; }}
    QProgressBar {{
        background: {t.window}; border: none; border-radius: 2px; max-height: 4px;
        min-height: 4px; text-align: center; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {t.line}; border-radius: 3px; margin: 2px; }}
    QScrollBar::handle:vertical {{ min-height: 28px; }}
    QScrollBar::handle:horizontal {{ min-width: 28px; }}
    QScrollBar::handle:hover {{ background: {t.secondary}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
{_sliders(t, right_to_left)}
    QSplitter::handle {{ background: transparent; }}
    """


def tint(t: Tokens) -> str:
    """What is chosen: a little of the accent, so that text keeps its colour and contrast."""
    accent, ground = QColor(t.accent), QColor(t.panel)
    mixed = [
        round(0.2 * one + 0.8 * other)
        for one, other in zip(accent.getRgb()[:3], ground.getRgb()[:3], strict=True)  # type: ignore[index]
    ]
    return QColor(*mixed).name()


def _boxes(t: Tokens) -> str:
    """Boxes to choose and to count in look like the buttons and fields beside them."""
    return f"""
    QComboBox, QAbstractSpinBox {{
        background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        min-height: {ROW - 2}px; padding: 0 6px 0 {GAP}px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QAbstractSpinBox {{
        background: {t.panel}; padding-right: 20px; min-height: {ROW - _QT_ADDS - 2}px; }}
    QComboBox:hover, QAbstractSpinBox:hover {{ border-color: {t.secondary}; }}
    QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {t.accent}; }}
    QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {t.secondary}; }}
    QComboBox::drop-down {{
        subcontrol-origin: border; subcontrol-position: center right; width: 22px;
        border: none; }}
    QComboBox::down-arrow {{ image: url("{_drawn("down", t)}"); width: 12px; height: 12px; }}
    QComboBox::down-arrow:disabled {{ image: url("{_drawn("down-off", t)}"); }}
    QComboBox QAbstractItemView {{ border-radius: 0; padding: 2px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
        subcontrol-origin: border; width: 20px; border: none; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; top: 2px; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; bottom: 2px; }}
    QAbstractSpinBox::up-arrow {{ image: url("{_drawn("up", t)}"); width: 10px; height: 10px; }}
    QAbstractSpinBox::down-arrow {{
        image: url("{_drawn("down", t)}"); width: 10px; height: 10px; }}
    QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::up-arrow:off {{
        image: url("{_drawn("up-off", t)}"); }}
    QAbstractSpinBox::down-arrow:disabled, QAbstractSpinBox::down-arrow:off {{
        image: url("{_drawn("down-off", t)}"); }}
    QCheckBox {{ spacing: {GAP}px; }}
    QCheckBox::indicator {{
        width: 14px; height: 14px; border: 1px solid {t.secondary}; border-radius: 4px;
        background: {t.panel}; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {t.accent}; }}
    QCheckBox::indicator:disabled {{ border-color: {t.line}; }}
    QCheckBox::indicator:checked {{
        background: {t.accent}; border-color: {t.accent};
        image: url("{_drawn("check", t)}"); }}
    QCheckBox::indicator:checked:disabled {{
        background: {t.secondary}; border-color: {t.secondary}; }}
    """


def _sliders(t: Tokens, right_to_left: bool) -> str:
    """A line that is filled up to a round handle."""
    filled = "add-page" if right_to_left else "sub-page"
    return f"""
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {t.line}; }}
    QSlider::{filled}:horizontal {{ border-radius: 2px; background: {t.accent}; }}
    QSlider::handle:horizontal {{
        width: 12px; height: 12px; margin: -5px 0; border-radius: 7px;
        border: 1px solid {t.secondary}; background: {t.raised}; }}
    QSlider::handle:horizontal:hover {{ border-color: {t.text}; }}
    QSlider::handle:horizontal:focus {{ border-color: {t.accent}; background: {t.accent}; }}
    QSlider::{filled}:horizontal:disabled, QSlider::handle:horizontal:disabled {{
        background: {t.line}; }}
    """


def _drawn(name: str, t: Tokens) -> str:
    """A style sheet takes pictures from files only; these are small and drawn for a scheme."""
    return resource("window", f"{name}-{t.scheme}.svg").as_posix()


def _veil(color: str) -> str:
    """``color``, a little transparent: text stays readable, the picture below is guessed."""
    solid = QColor(color)
    return f"rgba({solid.red()}, {solid.green()}, {solid.blue()}, 225)"
