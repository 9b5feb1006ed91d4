"""What the ten published tasks have in common: where their LoRA lies and how they sample."""

from icl_studio.api import AdapterSource, Sampling

SAMPLING = Sampling(steps=20, guidance=3.5)
"""The settings of arXiv 2410.23775, section 3.4."""


def adapters(task: str) -> tuple[AdapterSource, ...]:
    """The LoRA that the paper's authors published for ``task``; it fits FLUX.1 only."""
    source = f"ali-vilab/In-Context-LoRA/{task}.safetensors"
    return (AdapterSource(family="flux.1", source=source, weight=1.0),)
