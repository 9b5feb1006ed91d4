"""Shot lists: files of many sets, checked as a whole before the first becomes a job.

In reading order: :mod:`.reading` makes rows of a file, :mod:`.columns` names what may stand
in them, :mod:`.choices` puts in wildcards, :mod:`.sweeps` multiplies, :mod:`.checking` turns
rows into requests and finds every problem, :mod:`.example` writes a list to start from.
"""
