"""Which plugins there are: the entry points of the group ``icl_studio``, in order.

pluggy's own ``load_setuptools_entrypoints`` stops at the first exception and skips
duplicate names in silence; so we list first, and load one by one (``manager``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

from ..domain.problems import Problem
from ..hookspecs import ENTRY_POINT_GROUP
from .info import PluginInfo, raised

OWN_DISTRIBUTION = "icl-studio"
OWN_PLUGINS = ("icl-tasks", "icl-engines", "icl-tiny")


class Candidate:
    """An entry point and what is said of it before anything is imported."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self.entry_point = entry_point
        distribution, version = _origin(entry_point.dist)
        self.info = PluginInfo(
            name=entry_point.name,
            distribution=distribution,
            version=version,
            module=entry_point.value,
            own=_normal(distribution) == OWN_DISTRIBUTION and entry_point.name in OWN_PLUGINS,
        )

    @property
    def order(self) -> tuple[int, str, str]:
        """Our own first, in their fixed order; the others by name, then distribution."""
        rank = OWN_PLUGINS.index(self.info.name) if self.info.own else len(OWN_PLUGINS)
        return rank, self.info.name, self.info.distribution


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def installed() -> tuple[list[EntryPoint], list[PluginInfo]]:
    """All installed entry points of our group, and distributions that cannot be read.

    Reads metadata, imports nothing. One distribution with a damaged ``entry_points.txt``
    makes :func:`importlib.metadata.entry_points` raise for all; then each is read alone.
    """
    try:
        return list(entry_points(group=ENTRY_POINT_GROUP)), []
    # Whatever the standard library's parser stumbles over, in any installed package.
    except Exception:  # noqa: BLE001
        return _one_by_one()


def _one_by_one() -> tuple[list[EntryPoint], list[PluginInfo]]:
    found: list[EntryPoint] = []
    unreadable: list[PluginInfo] = []
    for distribution in distributions():
        try:
            found += distribution.entry_points.select(group=ENTRY_POINT_GROUP)
        # As above: one damaged distribution must not hide the others.
        except Exception as error:  # noqa: BLE001
            name, version = _origin(distribution)
            info = PluginInfo(name=name or "?", distribution=name, version=version)
            fix = f"Reinstall {name or 'the package'}."
            unreadable.append(info.broken(*raised("reading entry_points.txt", error, fix)))
    return found, unreadable


def _origin(distribution: Distribution | None) -> tuple[str, str]:
    """Name and version of a distribution; empty where its metadata is missing."""
    if distribution is None:
        return "", ""
    try:
        metadata = distribution.metadata
        return str(metadata["Name"] or ""), str(metadata["Version"] or "")
    # Damaged metadata is named by the loading that fails, not here.
    except Exception:  # noqa: BLE001
        return "", ""


def candidates(found: Iterable[EntryPoint]) -> list[Candidate]:
    """``found`` in loading order, each name once: a second plugin of a name is broken.

    An entry point listed twice by the same distribution counts once: a checkout that is
    both installed and on the path shows itself twice.
    """
    listed: list[Candidate] = []
    owners: dict[str, Candidate] = {}
    for candidate in sorted(map(Candidate, found), key=lambda c: c.order):
        info = candidate.info
        first = owners.setdefault(info.name, candidate)
        if first is not candidate:
            if (first.info.distribution, first.info.module) == (info.distribution, info.module):
                continue
            owner = first.info.distribution or "another distribution"
            candidate.info = info.broken(
                Problem(
                    where="entry point",
                    what=f"the name {info.name!r} is taken by {owner} ({first.info.module}).",
                    fix=f"Uninstall {owner} or {info.distribution}, or have its author rename "
                    "the entry point.",
                )
            )
        listed.append(candidate)
    return listed
