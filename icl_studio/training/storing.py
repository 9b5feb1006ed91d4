"""Durable files for trainers, which may not look into :mod:`icl_studio.sets`."""

from __future__ import annotations

from ..sets.files import fsync_folder, remove_tree, rename_folder, write_new
from ..sets.files import storage as storing

__all__ = ["fsync_folder", "remove_tree", "rename_folder", "storing", "write_new"]
