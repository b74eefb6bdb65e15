"""Colours of charts: one meaning, or one channel, has one colour in every report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from matplotlib import colors as mcolors

from commlab.errors import ArgumentError

Colour: TypeAlias = str | tuple[float, float, float]

CARD = "#ffffff"
INK = "#1f2328"
QUIET = "#5b636d"
LINE = "#e3e0d8"
ACCENT = "#0b6e6e"
GOOD = "#2e7d4f"
BAD = "#b3402e"
WATCH = "#a86f00"
GREY = "#a4abb3"  # what the accent is compared with
PALE = "#ecebe7"  # cells without a figure
HATCH = "#b9b5ab"  # lines of the hatching of what is not over yet
FESTIVAL = "#f6efdf"  # bands of festivals

# Okabe & Ito (2008), the colours that stand out on white; black and yellow are left out.
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def luminance(colour: Colour) -> float:
    """Return the relative luminance of a colour (WCAG 2.2), 0 for black to 1 for white.

    Example:
        >>> luminance("#ffffff"), luminance("#000000")
        (1.0, 0.0)
    """
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in mcolors.to_rgb(colour)
    ]
    return round(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2], 10)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2), 1 to 21.

    Example:
        >>> contrast("#ffffff", "#000000")
        21.0
    """
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def text_on(background: Colour) -> str:
    """Return black or white, whichever reads better on `background`: always 4.5 : 1 or more.

    Example:
        >>> text_on("#ffffff"), text_on("#0b6e6e")
        ('#000000', '#ffffff')
    """
    return max(("#000000", "#ffffff"), key=lambda colour: contrast(colour, background))


def text_in(colour: str, *, at_least: float = 4.5) -> str:
    """Return `colour` darkened until it can be read as text on white.

    Example:
        >>> text_in(ACCENT) == ACCENT, contrast(text_in("#e69f00"), CARD) >= 4.5
        (True, True)
    """
    rgb = mcolors.to_rgb(colour)
    for step in range(21):
        share = 1 - step / 20
        darker = (rgb[0] * share, rgb[1] * share, rgb[2] * share)
        if contrast(darker, CARD) >= at_least:
            return mcolors.to_hex(darker)
    return INK


def mix(colour: str, share: float, other: str = CARD) -> str:
    """Return `share` of a colour mixed with the rest of another.

    Example:
        >>> mix("#000000", 0.5)
        '#808080'
    """
    pairs = zip(mcolors.to_rgb(colour), mcolors.to_rgb(other), strict=True)
    red, green, blue = (share * one + (1 - share) * two for one, two in pairs)
    return mcolors.to_hex((red, green, blue))


def by_name(names: Sequence[str], among: Sequence[str] = ()) -> dict[str, str]:
    """Return a colour for each name that does not depend on the chart it is in.

    A name's colour is its place in the sorted list `among`. Only when two names of one chart
    would share a colour (there are more names than colours) does the later one move on.

    Args:
        names: The names in the chart, most important first, at most as many as `CATEGORIES`.
        among: All names there are, e.g. every channel of the workspace, so that a channel keeps
            its colour in charts that show other channels beside it. Default: `names` alone.

    Example:
        >>> both = by_name(["ads", "store"], among=["ads", "expo", "store"])
        >>> both["store"] == by_name(["store"], among=["ads", "expo", "store"])["store"]
        True
    """
    if len(set(names)) > len(CATEGORIES):
        raise ArgumentError(
            f"{len(set(names))} names in one chart, must be <= {len(CATEGORIES)}.",
            fix="Show the largest and draw the others in grey.",
        )
    homes = {name: place for place, name in enumerate(sorted({*among, *names}))}
    taken: dict[str, int] = {}
    for name in names:
        place = homes[name] % len(CATEGORIES)
        while place in taken.values() and name not in taken:
            place = (place + 1) % len(CATEGORIES)
        taken.setdefault(name, place)
    return {name: CATEGORIES[place] for name, place in taken.items()}
