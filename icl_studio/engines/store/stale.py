"""Why an engine cannot be used here: by the name of every field that differs.

A version, a target or a weight file that differs makes the engine another one. The profile and
the rank are ranges: an engine that takes more than is wanted fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from ...domain.problems import Frozen
from .manifest import Manifest, Structure, Weights


class Difference(Frozen):
    """One field that does not fit: its name, what the engine has, what is wanted."""

    field: str
    has: str
    wants: str

    def __str__(self) -> str:
        return f"{self.field}: the engine has {self.has}, this asks for {self.wants}"


class Wanted(Frozen):
    """What an engine must be to serve; None means that anything does.

    ``target`` is the GPU at hand (``sm_89``), None for an engine that runs on the CPU.
    """

    engine: str
    graph: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    dtype: str | None = None
    weights: Weights | None = None
    target: str | None = None
    system: str | None = None


def differences(manifest: Manifest, wanted: Wanted) -> tuple[Difference, ...]:
    """Every field in which the engine of ``manifest`` is not what is ``wanted``; empty: it fits."""
    structure = manifest.structure
    return (
        *_simple(structure, wanted),
        *_versions(structure.versions, wanted.versions),
        *_place(structure, wanted),
        *(_weights(manifest.weights, wanted.weights) if wanted.weights is not None else ()),
    )


def same_release(one: str, other: str) -> bool:
    """Whether two versions are of one release: torch for the CPU (``+cpu``) and for CUDA
    (``+cu130``) trace the very same graph."""
    return one.partition("+")[0] == other.partition("+")[0]


def _simple(structure: Structure, wanted: Wanted) -> Iterator[Difference]:
    for name in ("engine", "graph", "dtype"):
        has, wants = getattr(structure, name), getattr(wanted, name)
        if wants is not None and has != wants:
            yield Difference(field=name, has=_short(has), wants=_short(wants))


def _versions(has: Mapping[str, str], wants: Mapping[str, str]) -> Iterator[Difference]:
    for name, version in wants.items():
        if not same_release(has.get(name, ""), version):
            yield Difference(field=f"versions.{name}", has=has.get(name, "none"), wants=version)


def _place(structure: Structure, wanted: Wanted) -> Iterator[Difference]:
    if structure.system and wanted.system is not None and structure.system != wanted.system:
        yield Difference(field="system", has=structure.system, wants=wanted.system)
    if structure.targets and wanted.target not in structure.targets:
        has, wants = ", ".join(structure.targets), wanted.target or "no GPU"
        yield Difference(field="targets", has=has, wants=wants)


def _weights(has: Weights, wants: Weights) -> Iterator[Difference]:
    for path in sorted({*has.files, *wants.files}):
        mine, its = has.files.get(path, "none"), wants.files.get(path, "none")
        if mine != its:
            yield Difference(field=f"weights.{path}", has=_short(mine), wants=_short(its))
    if has.fused != wants.fused:
        yield Difference(
            field="weights.fused", has=f"{len(has.fused)} LoRA", wants=f"{len(wants.fused)} LoRA"
        )


def _short(value: str) -> str:
    """A hash by its first twelve digits; other words as they are."""
    return value[:12] if len(value) == 64 else value
