"""Page 3: sets you can see, search, cull, compare and put together.

- ``shelf.py``: the index of the library behind a thread
- ``model.py``: Qt's list of sets, read page by page
- ``rows.py``: sheets in rows of one width, none of them cropped; no Qt
- ``gallery.py``: draws those rows; ``thumbs.py``: the small pictures in them
- ``curator.py``: rating, tagging, deleting, each with its way back
- ``search_bar.py``: the search as a line and as chips
- ``view.py``: one set, large; ``picture.py``: a picture one can zoom into and drag out
- ``compare.py``: two to four sets side by side; ``tray.py``: the best-of set that grows from them
- ``doings.py``, ``exporting.py``: run again, verify, export
- ``page.py``: puts them together
"""
