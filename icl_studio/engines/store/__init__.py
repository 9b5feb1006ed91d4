"""The engine store: compiled engines on disk, each with a manifest that says what it is.

Reading order: :mod:`.manifest` (what is recorded), :mod:`.key` (what makes two engines the
same), :mod:`.stale` (which field differs from what is wanted), :mod:`.folder` (listing,
committing, verifying, removing), :mod:`.disk` (durable files and the lock).

An engine is an executable artifact: its files are hashed before anything deserialises them
(:meth:`.folder.EngineStore.verify`), and a manifest that does not bear its own seal is refused.
"""

from .disk import sha256_of
from .folder import EngineStore, StoredEngine, name_prefix, outward_damage
from .key import engine_key
from .manifest import (
    AdapterInterface,
    Built,
    EngineFile,
    FusedAdapter,
    Manifest,
    ParityCase,
    Profile,
    Stamp,
    Structure,
    Weights,
)
from .stale import Difference, Wanted, differences

__all__ = [
    "AdapterInterface",
    "Built",
    "Difference",
    "EngineFile",
    "EngineStore",
    "FusedAdapter",
    "Manifest",
    "ParityCase",
    "Profile",
    "Stamp",
    "StoredEngine",
    "Structure",
    "Wanted",
    "Weights",
    "differences",
    "engine_key",
    "name_prefix",
    "outward_damage",
    "sha256_of",
]
