"""Discovery loads nothing heavy: the plugin names the engine's factory, it does not call it."""

from __future__ import annotations

import subprocess
import sys

from icl_engines import plugin
from icl_studio.api import API_VERSION


def test_the_plugin_offers_its_engines_torch_first() -> None:
    factories = {spec.id: spec.factory for spec in plugin.icl_studio_engines()}

    assert plugin.ICL_STUDIO_API == API_VERSION
    assert factories == {
        "torch": "icl_engines.torch_engine:create",
        "onnx": "icl_engines.onnx_engine:create",
        "tensorrt": "icl_engines.tensorrt_engine:create",
    }
    assert next(iter(factories)) == "torch"


def test_importing_the_plugin_leaves_torch_alone() -> None:
    code = (
        "import sys, icl_engines.plugin as p; p.icl_studio_engines();"
        "heavy = {'torch', 'diffusers', 'transformers', 'peft', 'onnx', 'onnxruntime'};"
        "heavy |= {'tensorrt_rtx', 'tensorrt'};"
        "heavy &= sys.modules.keys();"
        "sys.exit(str(sorted(heavy)) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
