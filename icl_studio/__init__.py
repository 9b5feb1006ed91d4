"""ICL Studio: sets of pictures that belong together, made with In-Context LoRA.

Reading order for newcomers: ``ARCHITECTURE.md`` at the root of the repository.
"""

__version__ = "0.1.0"
