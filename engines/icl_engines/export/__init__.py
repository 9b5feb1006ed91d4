"""From a diffusers folder to a compiled engine in the store, with the LoRA as an input.

Reading order: :mod:`.job` (the whole way), :mod:`.reference` (what torch makes),
:mod:`.signature` and :mod:`.slots` (names and sizes of FLUX's transformer, and how A and B get
into its graph), :mod:`.parts` (VAE and text encoders), :mod:`.graph` (torch's exporter),
:mod:`.layout` (optimum's files around the graphs), :mod:`.parity` (the gate).
"""
