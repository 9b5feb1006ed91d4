"""The page Engines: compiled engines with what they are worth, and the base models."""
