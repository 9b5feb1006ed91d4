"""Every word can be translated, every colour read, and no widget holds one of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

import icl_studio.gui
from icl_studio.gui.style import tint
from icl_studio.gui.theme import DARK, LIGHT, Tokens

SOURCES = sorted(Path(icl_studio.gui.__file__).parent.rglob("*.py"))
SAYING = {
    "setText", "setToolTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName",
    "setAccessibleDescription", "addAction", "addMenu", "addItem", "addTab", "setStatusTip",
    "setTitle", "setSuffix", "setPrefix", "tell", "set_text", "QLabel", "QPushButton", "label",
    "Empty", "Notice",
}  # fmt: skip
NAMES = {"ICL Studio"}


def calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_every_text_that_is_shown_goes_through_tr(file: Path) -> None:
    for node in calls(file):
        name = called(node)
        if name in ("tr", "trn") and file.name != "texts.py":
            for argument in node.args[: 1 + (name == "trn")]:
                assert isinstance(argument, ast.Constant), f"{file.name}:{node.lineno}: no literal"
        if name in SAYING:
            for argument in node.args[:1]:
                text = getattr(argument, "value", None)
                if isinstance(argument, ast.JoinedStr):
                    parts = [v.value for v in argument.values if isinstance(v, ast.Constant)]
                    text = " ".join(str(part) for part in parts)
                if name == "Empty" or text in NAMES:
                    continue
                worded = isinstance(text, str) and re.search(r"[A-Za-z]{3}", text)
                assert not worded, f"{file.name}:{node.lineno}: {text!r} is not translatable"


def test_the_placeholders_of_every_text_are_given() -> None:
    for file in SOURCES:
        for node in calls(file):
            if called(node) == "tr" and node.args and isinstance(node.args[0], ast.Constant):
                wanted = set(re.findall(r"\{(\w+)", str(node.args[0].value)))
                given = {keyword.arg for keyword in node.keywords}
                assert wanted == given or None in given, f"{file.name}:{node.lineno}"


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_no_colour_stands_outside_the_theme(file: Path) -> None:
    if file.name != "design.py":
        assert not re.findall(r"#[0-9a-fA-F]{6}\b", file.read_text(encoding="utf-8"))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=lambda t: t.scheme)
def test_text_can_be_read_on_every_ground(tokens: Tokens) -> None:
    for ground in ("window", "panel", "raised", "surround"):
        for text in ("text", "secondary"):
            have = contrast(asdict(tokens)[text], asdict(tokens)[ground])
            assert have >= 4.5, f"{text} on {ground}: {have:.1f}"
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    for sign in ("ok", "warning", "error", "accent"):  # icons and lines (WCAG 1.4.11)
        assert contrast(asdict(tokens)[sign], tokens.panel) >= 3
        if sign != "accent":
            assert contrast(asdict(tokens)[sign], tint(tokens)) >= 3, f"{sign} on a chosen row"
