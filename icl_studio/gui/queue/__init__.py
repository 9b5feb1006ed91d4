"""Queue: what is to be made, how far it is, and what went wrong with a way on.

:mod:`.telling` what is said of jobs, in words, :mod:`.table` the jobs as a Qt model, a page of
them at a time, :mod:`.model` what can be done with them, :mod:`.lists` shot lists that were
dropped, :mod:`.page` and the views beside it.
"""
