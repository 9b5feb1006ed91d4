"""Tuning a task: data sets, joint captions, recipes, run records. Knows no torch.

Read in this order: :mod:`.material` (what lies in a folder or zip), :mod:`.dataset` (sheets of
one size per bucket, and everything that is wrong with them), :mod:`.captioning`,
:mod:`.recipe`, :mod:`.job` (what a trainer is handed), :mod:`.record`.
"""
