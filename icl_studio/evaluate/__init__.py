"""How good sets are, in figures: requests whose truth is known, sets made, metrics asked.

In reading order: :mod:`.asking` (what is evaluated, with which metrics), :mod:`.drafts` (requests
from a file or from a task's examples), :mod:`.judging` (metrics in a process of their own;
:mod:`.__main__` is that process), :mod:`.running` (all of it, one after the other),
:mod:`.intervals` (a mean and how sure it is), :mod:`.report` (what came out), :mod:`.page` (the
same as one HTML file).

What a picture shows is no business of this room: metrics come from plugins and may load torch.
"""
