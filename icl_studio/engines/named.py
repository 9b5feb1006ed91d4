"""Specs name their code as ``"module:callable"``; whoever does the work resolves it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ..errors import IclStudioError, PluginProblem

log = logging.getLogger(__name__)


def named(reference: str) -> Any:
    """What ``reference`` (``"module:callable"``) names, its module imported.

    Raises whatever the import raises, and ``AttributeError``.
    """
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


def plugged(reference: str, what: str, fix: str, missing: Sequence[str] = ()) -> Any:
    """As :func:`named`, of a plugin; ``what`` names it in an error: "The engine 'onnx'".

    ``missing`` are modules that it needs and this Python has not. Raises :class:`PluginProblem`
    with ``fix``.
    """
    if missing:
        raise PluginProblem(f"{what} needs {', '.join(missing)}, which is not installed.", fix=fix)
    try:
        return named(reference)
    except IclStudioError:
        raise
    except Exception as error:
        # Whatever a plugin's module raises while it is imported is that plugin's problem.
        log.exception("%s cannot be imported", what)
        said = f"{type(error).__name__}: {error}"
        raise PluginProblem(f"{what} cannot be loaded from {reference}: {said}", fix=fix) from error
