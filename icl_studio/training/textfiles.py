"""Caption files as people write them: whatever the encoding, one line of text."""

from __future__ import annotations

from pathlib import Path

from .findings import Finding, error, note, warning


def read_text(path: Path) -> tuple[str, list[Finding]]:
    """The text of a caption file on one line, and what is to be said of it.

    UTF-8, with or without a mark; UTF-16 and UTF-32 with one; else Windows-1252 is guessed, with
    a warning, for that is what old Windows editors wrote.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        return "", [error(f"{path.name} cannot be read: {problem.strerror}.", "Check it.")]
    for mark, encoding in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                return "", [error(f"{path.name} is damaged {encoding.upper()}.", "Save as UTF-8.")]
            return _one_line(text), [note(f"{path.name} is {encoding.upper()} and was read so.")]
    if b"\x00" in data:
        return "", [error(f"{path.name} is no plain text.", "Save it as UTF-8 text.")]
    try:
        return _one_line(data.decode("utf-8-sig")), []
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        told = warning(f"{path.name} is not UTF-8; read as Windows-1252.", "Save it as UTF-8.")
        return _one_line(text), [told]


def _one_line(text: str) -> str:
    return " ".join(text.split())
