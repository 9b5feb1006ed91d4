"""Parts that several pages use. A part shows and emits; it knows no service."""
