"""From what a user asked to finished sets: plain functions for every front end.

In reading order: :mod:`.asking` turns words into requests, :mod:`.stored` reads requests
back from files, :mod:`.planning` turns requests into jobs, :mod:`.running` has a worker
carry them out. Everything that can be wrong is found before a worker starts.
"""
