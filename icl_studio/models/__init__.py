"""Base models and LoRA files: naming them, finding or downloading them, counting tokens."""
