"""What an engine is, as far as the application knows: a protocol and data, no heavy import."""
