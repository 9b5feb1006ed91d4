"""An index of the sets in one folder, so that tens of thousands are listed at once.

It is a cache: the truth is in the folders, and deleting the file loses nothing.

- ``database.py``: the SQLite file, where it lies, what happens when it is damaged
- ``refresh.py``: bringing it up to date, reading only records that have changed
- ``query.py``: a search as SQL, with the meaning of :mod:`icl_studio.sets.search`
- ``shelf.py``: what the command line and the window ask
"""

from .database import Index, index_file, open_index
from .query import ORDERS, Order
from .refresh import Refreshed
from .rows import SetRow
from .shelf import IndexedLibrary

__all__ = [
    "ORDERS",
    "Index",
    "IndexedLibrary",
    "Order",
    "Refreshed",
    "SetRow",
    "index_file",
    "open_index",
]
