"""The page Train: a data set seen as it is laid out, a recipe, and the run as it learns."""
