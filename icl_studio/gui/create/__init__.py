"""Create: write a set where it will appear, and see it appear there.

:mod:`.draft` what is being written and its undo, :mod:`.judging` what is wrong with it,
:mod:`.asking` the jobs that it becomes, :mod:`.model` all of it behind signals, :mod:`.page` and
the views beside it.
"""
