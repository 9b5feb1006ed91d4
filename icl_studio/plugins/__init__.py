"""Plugins: found by entry point, checked one by one, gathered into one registry.

Reading order: ``info`` (what is said of a plugin), ``discovery`` (which there are),
``guard`` (what happens after a crash), ``manager`` (import and hooks), ``specs`` (what a
hook returned), ``user_tasks`` (tasks without code), ``registry`` (all of it together).
``check`` and ``scaffold`` serve plugin authors.
"""

from .info import PluginInfo
from .manager import build_plugin_manager
from .registry import Registry, load_registry

__all__ = ["PluginInfo", "Registry", "build_plugin_manager", "load_registry"]
