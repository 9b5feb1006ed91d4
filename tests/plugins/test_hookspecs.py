"""The contract is documented: every hook in its docstring and in docs/plugins.md."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from icl_studio import api, hookspecs
from icl_studio.plugins.manager import hook_names
from icl_studio.plugins.specs import KINDS

DOCS = Path(__file__).parents[2] / "docs" / "plugins.md"


def test_every_function_of_the_page_is_a_hook():
    functions = [
        name
        for name, value in vars(hookspecs).items()
        if inspect.isfunction(value) and value.__module__ == hookspecs.__name__
    ]
    assert tuple(functions) == hook_names()


@pytest.mark.parametrize("name", hook_names())
def test_a_hook_is_documented_and_called(name: str):
    hook = getattr(hookspecs, name)
    assert "First caller" in inspect.getdoc(hook)
    assert f"`{name}`" in DOCS.read_text(encoding="utf-8")
    assert name in {kind.hook for kind in KINDS}


@pytest.mark.parametrize("name", [n for n in api.__all__ if n != "API_VERSION"])
def test_every_public_name_is_in_the_docs(name: str):
    assert getattr(api, name) is not None
    assert f"`{name}`" in DOCS.read_text(encoding="utf-8")
