"""What a plugin module's source says, read as a syntax tree and never run."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from typing import Literal

from ..domain.problems import Frozen
from ..hookspecs import API_ATTRIBUTE, API_VERSION
from .manager import PREFIX, hook_names

HEAVY = frozenset(
    {"torch", "torchvision", "diffusers", "transformers", "peft", "accelerate", "tensorflow"}
    | {"onnxruntime", "tensorrt", "tensorrt_rtx", "PySide6", "PyQt6", "cv2", "jax"}
)
"""Packages that a plugin module may not import while the window or a command starts."""


class Finding(Frozen):
    """One thing about a plugin: an ``error`` keeps it out, a ``warning`` will hurt later."""

    level: Literal["error", "warning"]
    where: str
    what: str
    fix: str = ""


def source_findings(file: str, text: str) -> list[Finding]:
    """What is wrong with the plugin module ``text``: API version, hooks, imports."""
    tree = _parsed(file, text)
    if isinstance(tree, Finding):
        return [tree]
    return [*_version(file, tree), *_hooks(file, tree), *_imports(file, tree)]


def import_findings(file: str, text: str) -> list[Finding]:
    """What is wrong with the imports of ``text``, a module that is no plugin by itself."""
    tree = _parsed(file, text)
    return [tree] if isinstance(tree, Finding) else list(_imports(file, tree))


def _parsed(file: str, text: str) -> ast.Module | Finding:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"{file}:{line}" if line else file
        what = f"cannot be parsed: {getattr(error, 'msg', error)}."
        return Finding(level="error", where=where, what=what, fix="Correct the syntax.")


def _version(file: str, tree: ast.Module) -> Iterator[Finding]:
    fix = f"Write `{API_ATTRIBUTE} = {API_VERSION}` at the top of the module."
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if not any(isinstance(t, ast.Name) and t.id == API_ATTRIBUTE for t in targets):
            continue
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and value.value is not True:
            if value.value == API_VERSION:
                return
            what = f"{API_ATTRIBUTE} is {value.value!r}; this ICL Studio has API {API_VERSION}."
        else:
            what = f"{API_ATTRIBUTE} is not a plain number."
        yield Finding(level="error", where=f"{file}:{node.lineno}", what=what, fix=fix)
        return
    yield Finding(level="error", where=file, what=f"{API_ATTRIBUTE} is missing.", fix=fix)


def _hooks(file: str, tree: ast.Module) -> Iterator[Finding]:
    known = hook_names()
    sound = 0
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        where = f"{file}:{node.lineno}"
        marked = [d for d in node.decorator_list if "hookimpl" in ast.dump(d)]
        if not marked and not node.name.startswith(PREFIX):
            continue
        renamed = any("specname" in ast.dump(decorator) for decorator in marked)
        if node.name not in known and not renamed:
            near = difflib.get_close_matches(node.name, known, n=1, cutoff=0.5)
            fix = f"Did you mean {near[0]}?" if near else f"Hooks are {', '.join(known)}."
            what = f"{node.name} is not a hook of this API."
            yield Finding(level="error", where=where, what=what, fix=fix)
        elif not marked:
            what = f"{node.name} lacks @hookimpl, so it would never be called."
            yield Finding(level="error", where=where, what=what, fix="Add @hookimpl above it.")
        elif isinstance(node, ast.AsyncFunctionDef):
            what = f"{node.name} is asynchronous; hooks are plain functions."
            yield Finding(level="error", where=where, what=what, fix="Write `def`.")
        else:
            sound += 1
    if not sound:
        fix = f"Implement one of {', '.join(known)} (docs/plugins.md)."
        yield Finding(level="error", where=file, what="implements no hook.", fix=fix)


def _imports(file: str, tree: ast.Module) -> Iterator[Finding]:
    for node, names in _imported(tree):
        where = f"{file}:{node.lineno}"
        for name in names:
            top = name.split(".")[0]
            if top in HEAVY:
                what = f"imports {top} when the plugin is listed, which slows every command."
                fix = "Import it in the function that a worker calls."
                yield Finding(level="error", where=where, what=what, fix=fix)
            elif top == "icl_studio" and name not in ("icl_studio.api", "icl_studio"):
                what = f"imports {name}, which may change at any time."
                fix = "Import from icl_studio.api only."
                yield Finding(level="warning", where=where, what=what, fix=fix)


def _imported(tree: ast.Module) -> Iterator[tuple[ast.stmt, list[str]]]:
    """Imports that run with the module: everything outside functions."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            yield node, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "icl_studio":
                yield node, [f"icl_studio.{alias.name}" for alias in node.names]
            else:
                yield node, [node.module]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
