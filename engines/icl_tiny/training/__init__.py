"""How `tiny` is trained: VAE, latents, transformer with its text encoders, distillation.

Reading order: `config`, `loop` (what every stage shares), `models`, `data`, then the stages
`vae`, `latents`, `reading`, `flux`, `distill`, `decoder`, and `assemble`, which writes the
diffusers folder.
"""
