"""Numbers of what this package makes of a model: counted up, older engines are stale.

Here, where nothing heavy is imported, for the plugin tells them to the application.
"""

from __future__ import annotations

EXPORT = "3"
"""Of the graph that an export writes for the same model."""
BUILD = "1"
"""Of the engine that is built from the same export."""
