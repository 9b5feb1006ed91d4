"""Captioners: texts into the task's form, a local server, a model through transformers."""
