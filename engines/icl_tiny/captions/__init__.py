"""Joint captions for drawn collages, in the forms of the ten released In-Context LoRA tasks.

`markers` holds the fixed marks, `words` the words of every attribute, `forms` the sentences, and
`compose` puts them together. `join_caption` also serves text that a person typed.
"""

from icl_tiny.captions.compose import write_caption
from icl_tiny.captions.markers import MARKERS, join_caption, panel_markers
from icl_tiny.captions.words import known_words

__all__ = ["MARKERS", "join_caption", "known_words", "panel_markers", "write_caption"]
