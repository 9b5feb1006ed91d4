"""The page Settings: every setting with its default and what it does; unknown keys named."""
