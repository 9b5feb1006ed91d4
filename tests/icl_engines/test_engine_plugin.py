"""Discovery loads nothing heavy: the plugin names the engine's factory, it does not call it."""

from __future__ import annotations

import subprocess
import sys

from icl_engines import plugin
from icl_studio.api import API_VERSION


def test_the_plugin_offers_the_torch_engine() -> None:
    (spec,) = plugin.icl_studio_engines()

    assert plugin.ICL_STUDIO_API == API_VERSION
    assert (spec.id, spec.factory) == ("torch", "icl_engines.torch_engine:create")


def test_importing_the_plugin_leaves_torch_alone() -> None:
    code = (
        "import sys, icl_engines.plugin as p; p.icl_studio_engines();"
        "heavy = {'torch', 'diffusers', 'transformers', 'peft'} & sys.modules.keys();"
        "sys.exit(str(sorted(heavy)) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
