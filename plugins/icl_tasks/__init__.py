"""The ten tasks of In-Context LoRA, through the public plugin door."""
