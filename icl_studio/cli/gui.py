"""``icl-studio gui``: the window."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    page: Annotated[
        str | None, typer.Option(help="Open with this page in front, such as queue.")
    ] = None,
    scheme: Annotated[
        str | None, typer.Option(help="light or dark; the system's unless given.")
    ] = None,
) -> int:
    """Open the window: create, queue and look through sets.

    A second one is not opened: the first comes to the front.
    """
    from ..errors import NotFound
    from ..gui.main import main
    from ..gui.pages import PAGES

    known = [spec.id for spec in PAGES]
    if page is not None and page not in known:
        raise NotFound(f"There is no page {page!r}.", fix=f"Pages: {', '.join(known)}.")
    if scheme not in (None, "light", "dark"):
        raise NotFound(f"There is no scheme {scheme!r}.", fix="Use light or dark.")
    given = {"--page": page, "--scheme": scheme}
    return main([word for key, value in given.items() if value for word in (key, value)])
