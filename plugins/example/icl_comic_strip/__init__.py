"""Comic strip, a task for ICL Studio."""
