"""The oracle: reads a picture of the drawn world back into facts, by drawing it again.

`pictures` (what it sees), `likeness` (how like two pictures are), `hidden` (variety that no caption
tells), `kinds` (how a kind of panel is searched), `read` (the search), `confidence` (how sure, and
whether it is this world at all), `soften` (pictures as a model might paint them), `accuracy` (how
often it is right), `requests` (held-out sets with their captions), `metric` (all of it as
`icl-studio evaluate` uses it), `roundtrip` (pictures through an autoencoder).

It knows no kind of panel by name: what can be said of one, and how it is drawn, is the world's
business. numpy and Pillow only, but for
`roundtrip`.
"""

from icl_tiny.oracle.read import Reading, read_panel

__all__ = ["Reading", "read_panel"]
