"""Charts with one thing a row: its name left, a mark with its interval, figures right."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from commlab.charts import axes, colours, frames, labels
from commlab.charts.style import Chart, settle
from commlab.text import t

MOST = {False: 12, True: 8}  # rows a chart holds, on a phone fewer


def height(count: int, narrow: bool, extra: float = 1.8) -> float:
    """Return the height in inches of a chart of so many rows.

    Args:
        count: Rows.
        narrow: The form for phones, where names take two lines.
        extra: Inches for title, axis and foot.
    """
    return max(3.0, (0.4 if narrow else 0.29) * count + extra)


def not_shown(count: int, lang: str) -> str:
    """Return the words of the foot on what did not fit; empty where all did."""
    return t("common.foot.not_shown", lang, k=count) if count > 0 else ""


def name(ax: Axes, names: Sequence[str], *, room: tuple[float, float] = (92, 190)) -> None:
    """Write one name a row along y, the first on top.

    Args:
        ax: Axes whose rows are numbered from 0.
        names: One a row.
        room: Points for the longest name, narrow and wide.
    """
    made = axes.chart_of(ax)
    points, lines = (room[0], 2) if made.narrow else (room[1], 1)
    shown = [labels.name(one, points, made.size(), lines=lines) for one in names]
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_yticks(np.arange(len(names)), shown, size=made.size(), linespacing=1.05)
    ax.tick_params(axis="y", labelcolor=colours.INK)


def mark(
    ax: Axes,
    place: float,
    ends: tuple[float, float],
    middle: float,
    shade: str,
    *,
    shape: str = "o",
    filled: bool = True,
    size: float = 6.5,
) -> None:
    """Draw one mark with its interval along x.

    Args:
        ax: Axes with rows along y.
        place: The row.
        ends: Ends of the interval.
        middle: The figure.
        shade: Colour.
        shape: Shape of the mark; shape as well as colour may say a verdict.
        filled: Whether the mark is full or hollow.
        size: Points across.
    """
    ax.plot(ends, [place, place], color=shade, linewidth=2)
    face = shade if filled else colours.CARD
    ax.plot(middle, place, marker=shape, color=shade, markersize=size, markerfacecolor=face)


def dots(
    made: Chart, frame: pd.DataFrame, middle: str, names: Sequence[str], shades: Sequence[str],
    values: Sequence[str], lang: str, *, shares: bool = False, zero: bool = False,
) -> Axes:  # fmt: skip
    """Fill a chart: one row each, a dot with its interval, its name left, its figure right.

    Args:
        made: The chart, not settled yet.
        frame: Its `middle`, low and high are drawn, the first row on top.
        middle: Column of the dots.
        names: What stands left of each row.
        shades: Colour of each row.
        values: What stands right of each row.
        lang: "en" or "zh".
        shares: Whether the axis is one of shares.
        zero: Whether zero must be in sight: it means something.
    """
    ax = made.add_subplot()
    x, low, high = (frames.numbers(frame, column) for column in (middle, "low", "high"))
    for place, shade in enumerate(shades):
        mark(ax, place, (low[place], high[place]), x[place], shade)
    name(ax, names, room=(112, 230))
    if zero:
        ax.axvline(0, color=colours.QUIET, linewidth=0.9, zorder=1.5)
    steps = 3 if made.narrow else 6
    if shares:
        axes.share_axis(ax, lang, axis="x", steps=steps)
    else:
        axes.number_axis(ax, lambda x: f"{x:g}", axis="x", steps=steps)
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(steps))
    axes.keep_right(made, 52)
    settle(made)
    axes.beside(ax, 46, "", list(enumerate(values)), top=-0.6)
    return ax
