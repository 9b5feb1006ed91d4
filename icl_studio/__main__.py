"""``python -m icl_studio`` is ``icl-studio``."""

from __future__ import annotations

from .cli.main import program

if __name__ == "__main__":
    program()
