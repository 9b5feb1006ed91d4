"""Small real models and LoRA files for tests: the classes of FLUX.1, random weights.

Nothing here is a mock: the folders load with ``FluxPipeline.from_pretrained`` and the LoRA
files are what trainers write, at another width. For tests of anything that takes a model::

    from icl_engines.testing import random_flux_model, write_random_flux

    folder = write_random_flux(tmp_path / "flux", seed=0)
    engine = create(random_flux_model(folder), EngineOptions(device="cpu"))
"""

from .flux import random_flux_model, write_random_flux
from .lora import LORA_STYLES, write_random_lora

__all__ = ["LORA_STYLES", "random_flux_model", "write_random_flux", "write_random_lora"]
