"""A matrix of squares: a figure in each, darker where it is larger, grey where there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from commlab.charts import colours, labels
from commlab.charts.style import Chart
from commlab.text import fmt

_SCALE = mpl.colormaps["viridis_r"]
_ENDS = (0.06, 0.86)  # neither glaring yellow nor near black
_PEOPLE = 1.0  # width of the column of counts, in squares


@dataclasses.dataclass(frozen=True)
class Squares:
    """What a matrix shows.

    Attributes:
        value: Figures that decide the colour, shape (rows, columns); NaN is grey.
        text: What stands in each square.
        below: What stands under it, smaller; empty: nothing.
        rows: Name of each row, the first on top.
        columns: Name of each column.
        people: People behind each row; None: no such column.
        scale: Figures of the lightest and darkest colour.
    """

    value: np.ndarray
    text: Sequence[Sequence[str]]
    below: Sequence[Sequence[str]]
    rows: Sequence[str]
    columns: Sequence[str]
    people: np.ndarray | None
    scale: tuple[float, float]


def percent(x: float, lang: str) -> str:
    """Return a share as a whole number of the hundred; nothing for none, "<1" below one.

    Example:
        >>> percent(0.553, "en"), percent(0.0, "en"), percent(0.004, "en")
        ('55', '', '<1')
    """
    if not np.isfinite(x) or x == 0:
        return ""
    return "<1" if x < 0.005 else fmt.number(round(100 * x), lang)


def draw(made: Chart, shown: Squares, *, head: str) -> Axes:
    """Fill a chart with the matrix.

    Args:
        made: The chart, without axes yet.
        shown: What it shows.
        head: Head of the column of people.
    """
    ax = made.add_subplot()
    height, width = shown.value.shape
    left = _PEOPLE if shown.people is not None else 0.0
    ax.set_xlim(-left, width)
    ax.set_ylim(height, 0)
    low, high = shown.scale
    for row, column in np.ndindex(height, width):
        x = float(shown.value[row, column])
        fill: colours.Colour = colours.PALE
        if np.isfinite(x):
            share = min(max((x - low) / (high - low), 0.0), 1.0) if high > low else 0.0
            fill = _SCALE(_ENDS[0] + (_ENDS[1] - _ENDS[0]) * share)[:3] if x > low else colours.CARD
        corner = (column + 0.03, row + 0.04)
        ax.add_artist(Rectangle(corner, 0.94, 0.92, facecolor=fill, linewidth=0))
        under = shown.below[row][column] if shown.below else ""
        colour = colours.text_on(fill) if np.isfinite(x) else colours.QUIET
        text = shown.text[row][column] if np.isfinite(x) else ""
        _write(ax, made, (column + 0.5, row + (0.36 if under else 0.52)), text, colour, "base")
        _write(ax, made, (column + 0.5, row + (0.74 if text else 0.52)), under, colour, "small")
    if shown.people is not None:
        for row, n in enumerate(shown.people):
            _write(ax, made, (-left / 2, row + 0.52), fmt.number(n, made.lang), colours.QUIET,
                   "small")  # fmt: skip
    room, lines = (64, 2) if made.narrow else (170, 1)
    names = [labels.name(name, room, made.size(), lines=lines) for name in shown.rows]
    ax.set_yticks(np.arange(height) + 0.5, names, size=made.size())
    ax.tick_params(axis="y", labelcolor=colours.INK, pad=1)
    places, heads = list(np.arange(width) + 0.5), list(shown.columns)
    if shown.people is not None:
        places, heads = [-left / 2, *places], [head, *heads]
    # Side by side where there is room for the longest, else upright.
    each = 72 * (made.get_figwidth() - 1.2) / (width + left)
    upright = max(labels.width(name, made.size("small")) for name in heads) > each
    ax.set_xticks(places, heads, size=made.size("small"), rotation=90 if upright else 0)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.spines["bottom"].set_visible(False)
    for text_ in ax.texts:  # they stand inside the axes: measuring them all would take long
        text_.set_in_layout(False)
    return ax


def _write(
    ax: Axes, made: Chart, at: tuple[float, float], text: str, colour: colours.Colour, kind: str
) -> None:
    if text:
        ax.text(*at, text, ha="center", va="center", color=colour, size=made.size(kind))
