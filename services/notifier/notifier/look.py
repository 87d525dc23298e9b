"""How mails look: the shop's colour, mark and small print. Owns that they can be read, in light and in dark.

Contrast is that of WCAG 2.2 (1.4.3, level AA: 4.5 to 1), by its own formula.
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls
from functools import lru_cache

from msgspec import Struct

ENOUGH = 4.5
ENOUGH_IN_DARK = 7.0
"""Of a colour that we choose."""
WHITE, INK = "#ffffff", "#14181d"
LIGHT_PAPER, DARK_PAPER = "#ffffff", "#1b1f25"
COLOUR = re.compile(r"#[0-9a-f]{6}")
_STEPS = 40


class Look(Struct, frozen=True, kw_only=True):
    """What a shop chooses."""

    accent: str = "#1f4e8c"
    """`#rrggbb`; in light mails."""
    accent_dark: str | None = None
    """In dark ones; None: the same, lightened until it can be read."""
    mark: str | None = None
    """Written at the top; None: the shop's name."""
    imprint: str | None = None
    """Postal address, register and the like, on one line at the end."""

    @property
    def colours(self) -> dict[str, str]:
        """By the names that the layout uses."""
        dark = self.accent_dark or lightened(self.accent)
        return {
            "accent": self.accent, "on_accent": _on(self.accent), "accent_dark": dark, "on_accent_dark": _on(dark),
        }  # fmt: skip


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def unreadable(accent: str, paper: str) -> str | None:
    """Why a colour cannot stand on that paper; None for one that can."""
    if not COLOUR.fullmatch(accent):
        return "write a colour like #1f4e8c"
    found = contrast(accent, paper)
    return (
        None if found >= ENOUGH else f"{accent} on {paper} has a contrast of {found:.1f}; {ENOUGH} is needed (WCAG AA)"
    )


@lru_cache(maxsize=100)
def lightened(colour: str) -> str:
    """The same hue, as light as it takes to be read well on dark paper."""
    steps = (_with_lightness(colour, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in steps if contrast(one, DARK_PAPER) >= ENOUGH_IN_DARK)


@lru_cache(maxsize=100)
def _on(accent: str) -> str:
    return max(WHITE, INK, key=lambda one: contrast(one, accent))


def _with_lightness(colour: str, more: float) -> str:
    """The colour, on its way to white."""
    hue, lightness, saturation = rgb_to_hls(*(part / 255 for part in _parts(colour)))
    mixed = hls_to_rgb(hue, lightness + (1 - lightness) * more, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in mixed)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, section 5)."""
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
