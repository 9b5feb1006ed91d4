"""What a set was made of and how, as names and values beside its picture."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QWidget

from ...sets.record import SetRecord
from ..texts import clock, tr
from ..theme import GAP, GAP_BLOCK, GRID
from ..widgets.labels import label
from ..widgets.writing import leading
from .drawing import stars_text


def facts_of(record: SetRecord) -> list[tuple[str, str]]:
    """Names and values, in the order in which they are asked for."""
    request, receipt = record.request, record.receipt
    rating = " ".join(w for w in (stars_text(record.rating), record.rating.flag or "") if w)
    facts = [
        (tr("Rating"), rating or tr("none")),
        (tr("Task"), request.task),
        *([(tr("Shows"), request.parts.summary)] if request.name else []),
        *zip(request.layout.names, request.parts.panels, strict=False),
        (tr("Seed"), str(request.seed)),
        (
            tr("Sampling"),
            tr(
                "{steps} steps, guidance {guidance:g}",
                steps=request.sampling.steps,
                guidance=request.sampling.guidance,
            ),
        ),
        (tr("Model"), receipt.model.id),
        *((tr("LoRA"), f"{use.file} · {use.weight:g}") for use in receipt.adapters),
        (tr("Engine"), f"{receipt.engine} · {receipt.device} · {receipt.dtype}"),
        (tr("Time"), clock(sum(receipt.seconds.values()))),
        (tr("Made"), f"{record.created_at:%Y-%m-%d %H:%M}"),
        (tr("Canvas"), str(request.layout.canvas)),
    ]
    if record.assembly is not None:
        facts += [
            (panel.name, tr("{panel} of {set}", panel=taken, set=record.assembly.sources[n].id))
            for panel, (n, taken) in zip(record.panels, record.assembly.taken, strict=False)
        ]
    return facts


def facts_form(record: SetRecord) -> QWidget:
    """The facts of a set under each other; values can be copied."""
    inside = QWidget()
    form = QFormLayout(inside)
    form.setContentsMargins(0, 0, GAP, 0)
    form.setHorizontalSpacing(GAP_BLOCK)
    form.setVerticalSpacing(GRID + 2)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    for name, value in facts_of(record):
        text = label(value, wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        named = label(name, "secondary")
        named.setAlignment(leading(Qt.AlignmentFlag.AlignTop))
        named.setContentsMargins(0, 1, 0, 0)  # the small letters stand on the large ones' line
        form.addRow(named, text)
    return inside
