"""Joint captions for drawn collages, in the forms of the ten released In-Context LoRA tasks.

`markers` holds the fixed marks, `words` and `lexicon` the words of every fact, `forms` and
`kind_forms` the sentences; `shots` and `kinds` tell panels, and `compose` puts captions together.
`join_caption` also serves text that a person typed.
"""

from icl_tiny.captions.compose import write_caption, write_parts
from icl_tiny.captions.known import ATTRIBUTES, known_words
from icl_tiny.captions.markers import MARKERS, join_caption, panel_markers

__all__ = [
    "ATTRIBUTES",
    "MARKERS",
    "join_caption",
    "known_words",
    "panel_markers",
    "write_caption",
    "write_parts",
]
