"""The marks of the released tasks, and how a joint caption is put together from its parts."""

from icl_tiny.world import Layout

SCENES = ("[SCENE-1]", "[SCENE-2]", "[SCENE-3]")
PAIR = ("[LEFT]", "[RIGHT]")
STACK = ("[TOP]", "[BOTTOM]")
QUAD = ("[TOP-LEFT]", "[TOP-RIGHT]", "[BOTTOM-LEFT]", "[BOTTOM-RIGHT]")
PREFIXES: dict[str, str] = {
    "film-storyboard": "[MOVIE-SHOTS]",
    "sandstorm-visual-effect": "[SANDSTORM-PSA]",
    "sparklers-visual-effect": "[REAL-SPARKLERS-OVERLAYS]",
}
FOUR_PANEL = "[FOUR-PANEL]"
SUMMARY_FORMS: dict[str, str] = {
    "portrait-photography": f"This {FOUR_PANEL} image shows {{summary}}",
}
"""How a task's template wraps the summary, unless the summary has the form's marker itself."""
LOGO = "Logo:"
MARKERS: tuple[str, ...] = (*PREFIXES.values(), FOUR_PANEL, *SCENES, *PAIR, *STACK, *QUAD)


def panel_markers(layout: Layout) -> tuple[str, ...]:
    """The marker before each panel's text; a single picture has none.

    Visual identity describes the mark first: its first panel has no marker, its second [LEFT].
    """
    if layout.count == 1:
        return ("",)
    if layout.name == "visual-identity-design":
        return ("", "[LEFT]")
    if (layout.rows, layout.cols) == (3, 1):
        return SCENES
    if (layout.rows, layout.cols) == (1, 2):
        return PAIR
    if (layout.rows, layout.cols) == (2, 1):
        return STACK
    return QUAD


def join_caption(
    layout: Layout, summary: str, panels: tuple[str, ...], stop: str = ",", logo: bool = False
) -> str:
    """The joint caption: the layout's prefix, the summary, then each panel's marker and text.

    `stop` stands after the summary and between panels: "," in storyboards, ";" or "." in others.
    `logo` opens visual identity's first panel with the word that its template uses.
    """
    markers = panel_markers(layout)
    if len(panels) != len(markers):
        raise ValueError(
            f"{layout.name} has {len(markers)} panels, but {len(panels)} texts were given"
        )
    if summary and FOUR_PANEL not in summary:
        summary = SUMMARY_FORMS.get(layout.name, "{summary}").replace("{summary}", summary)
    parts = [" ".join(p for p in (PREFIXES.get(layout.name, ""), summary) if p)]
    parts += [f"{marker} {text}".strip() for marker, text in zip(markers, panels, strict=True)]
    if layout.name == "visual-identity-design" and logo:
        parts[1] = f"{LOGO} {parts[1]}"
    return f"{stop} ".join(part for part in parts if part)
