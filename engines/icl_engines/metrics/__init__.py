"""Metrics for any model's pictures, from weights that the user has: CLIP-T and DINOv2.

`weights` finds a metric's model and refuses what cannot be used, `clip_t` and `dinov2` score.
Loaded in a metric's own process only.
"""
