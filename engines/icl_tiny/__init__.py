"""The embedded model `tiny`: its drawn world, captions, tokenizers, and the recipe that trained it.

`world`, `captions` and `vocabulary` are light: they need Pillow and `tokenizers` at most.
Everything that needs torch lives in `icl_tiny.training`, which `python -m icl_tiny.train` imports.
"""
