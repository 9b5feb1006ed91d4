"""The pure middle of the house: layouts, captions, tasks, requests, events.

Standard library and pydantic only; nothing here imports another part of ICL Studio
(enforced by import-linter), so every rule in this package can be read, tested and
reused without a model, a window or a disk.
"""
