"""bptui's own two themes: quiet, with one warm accent for what matters now."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="bptui-dark",
    primary="#5a9bd4",
    secondary="#7a8ca3",
    accent="#ffa62b",
    success="#8bc9a0",
    warning="#e5b567",
    error="#e0697a",
    foreground="#d8d8d8",
    background="#121212",
    surface="#161616",
    panel="#24303a",
    dark=True,
    variables={
        "bar-next": "#ffa62b",
        "bar-next-foreground": "#121212",
        "frame": "#3c3c3c",
        "point": "#e8738c",
        "here": "#3a2b12",
        "here-failed": "#45212a",
        "quiet": "#9a9a9a",
        "faint": "#636363",
    },
)
LIGHT = Theme(
    name="bptui-light",
    primary="#2f6ea8",
    secondary="#5d6b7d",
    accent="#b35c00",
    success="#2f7d4f",
    warning="#96690a",
    error="#b3263e",
    foreground="#2a2a2a",
    background="#faf9f6",
    surface="#f5f3ee",
    panel="#e6e3db",
    dark=False,
    variables={
        "bar-next": "#b35c00",
        "bar-next-foreground": "#ffffff",
        "frame": "#c9c5bb",
        "point": "#b3263e",
        "here": "#f3e2c8",
        "here-failed": "#f5d5d8",
        "quiet": "#66625a",
        "faint": "#a09a8e",
    },
)
PLAIN = ("background", "foreground", "accent", "error")
"""Of these colours ours are mixed, for a theme that is not ours."""


def variables_for(theme: Theme) -> dict[str, str]:
    """The variables of ours for a theme that lacks them."""
    if theme.ansi:
        return {
            "bar-next": "ansi_yellow", "bar-next-foreground": "ansi_black",
            "frame": "ansi_bright_black", "quiet": "ansi_white", "faint": "ansi_bright_black",
            "point": "ansi_red", "here": "ansi_default", "here-failed": "ansi_default",
        }  # fmt: skip
    colors = {name: Color.parse(value) for name, value in _plain(theme)}
    back, front, accent, error = (colors[name] for name in PLAIN)
    return {
        "bar-next": accent.hex,
        "bar-next-foreground": accent.get_contrast_text(1).hex,
        "frame": back.blend(front, 0.25).hex,
        "point": error.hex,
        "here": back.blend(accent, 0.2).hex,
        "here-failed": back.blend(error, 0.25).hex,
        "quiet": back.blend(front, 0.68).hex,
        "faint": back.blend(front, 0.42).hex,
    }


def _plain(theme: Theme) -> list[tuple[str, str]]:
    colors = theme.to_color_system().generate()
    return [(name, colors[name]) for name in PLAIN]
