"""Heat map of cohorts by periods: a figure in each cell, what is not over hatched."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from commlab.charts import colours, frames
from commlab.charts.style import Chart, figure
from commlab.text import Words, fmt, t

MOST = {False: (14, 14), True: (8, 7)}  # cohorts and periods that stay legible, wide and narrow
_ROW = {False: 0.255, True: 0.3}  # inches
_GREY = ("too_few", "masked")  # states of grey cells
_DASHED = ("before_data", "after_data", "no_base")  # states of cells that hold a dash
_SCALE = mpl.colormaps["viridis_r"]
_SCALE_ENDS = (0.1, 0.9)  # neither glaring yellow nor near black


@dataclasses.dataclass(frozen=True)
class Grid:
    """Cells by cohort (rows, oldest first) and period (columns).

    Attributes:
        cohorts: First days of the cohorts.
        heads: What stands over each column.
        value: Figures; NaN where there is none.
        status: "ok", "open", "too_few", "before_data", "after_data", "no_base"; "" where the
            frame has no row.
        n: People behind each cell; NaN where unknown.
        size: People of each cohort.
        left_out: Number of earlier cohorts that there is no room for.
    """

    cohorts: list[dt.date]
    heads: list[str]
    value: np.ndarray
    status: np.ndarray
    n: np.ndarray
    size: np.ndarray
    left_out: int


def grid(frame: pd.DataFrame, value: str, n: str, *, narrow: bool) -> Grid:
    """Return the last cohorts and first periods of a frame as a grid.

    Args:
        frame: Columns `cohort`, `period`, `value`, `n`, `status`, and if there are `size`
            (people of the cohort) and `label` (name of the period).
        value: Column of the figures.
        n: Column of the people behind them.
        narrow: The form for phones.
    """
    rows, columns = MOST[narrow]
    cohort = np.array(frames.days(frame, "cohort"), dtype=object)
    period = frame["period"].to_numpy(dtype=int)
    every = sorted(set(cohort))
    cohorts = every[-rows:]
    periods = sorted(set(period))[:columns]
    row = {day: place for place, day in enumerate(cohorts)}
    column = {number: place for place, number in enumerate(periods)}
    shape = (len(cohorts), len(periods))
    filled, counts = np.full(shape, np.nan), np.full(shape, np.nan)
    states = np.full(shape, "", dtype=object)
    size = np.full(len(cohorts), np.nan)
    heads = [str(number) for number in periods]
    values, people, of = (frames.numbers(frame, name) for name in (value, n, "size"))
    for place, state in enumerate(frames.status(frame)):
        if cohort[place] not in row or period[place] not in column:
            continue
        cell = row[cohort[place]], column[period[place]]
        states[cell], counts[cell] = state, people[place]
        filled[cell] = values[place] if state == "ok" else np.nan
        size[cell[0]] = np.nanmax([size[cell[0]], of[place], people[place], -1])
        if "label" in frame.columns:
            heads[cell[1]] = str(frame["label"].iloc[place])
    return Grid(cohorts, heads, filled, states, counts, size, len(every) - len(cohorts))


def draw(
    cells: Grid,
    write: Callable[[float], str],
    *,
    title: str | Words,
    subtitle: str,
    foot: str,
    unit: str,
    lang: str,
    narrow: bool,
) -> Chart:
    """Return the heat map.

    Args:
        cells: From `grid`.
        write: Writes the figure of a cell.
        title: The finding.
        subtitle: What is drawn, with its unit.
        foot: The line under it; what hatching and grey mean is added.
        unit: Unit of the periods, "week" or "month".
        lang: "en" or "zh".
        narrow: The form for phones.
    """
    varies = _varies(cells)
    row = _ROW[narrow] * (1.65 if varies else 1)
    notes = [foot, *_notes(cells, lang, unit)]
    foot = t("common.foot.separator", lang).join(note for note in notes if note)
    height = max(3.2, row * len(cells.cohorts) + (1.95 if narrow else 1.6))
    made = figure(
        title=title, subtitle=subtitle, foot=foot, lang=lang, narrow=narrow, height=height
    )
    ax = made.add_subplot()
    rows, columns = cells.value.shape
    counts = 1.2 if narrow else 0.9  # width of the column of n, in cells
    ax.set_xlim(-counts, columns)
    ax.set_ylim(rows, 0)
    scale = _scale(cells.value)
    for row_, column in np.ndindex(rows, columns):
        _cell(ax, cells, (row_, column), write, scale, made, varies)
    for place, people in enumerate(cells.size):
        ax.text(
            -0.12, place + 0.5, fmt.number(people if people >= 0 else None, lang), ha="right",
            va="center", size=made.size("small"), color=colours.QUIET,
        )  # fmt: skip
    ax.set_yticks(
        np.arange(rows) + 0.5,
        [fmt.period(day, unit, lang, short=narrow or unit == "week") for day in cells.cohorts],
        size=made.size(),
    )
    ax.tick_params(axis="y", labelcolor=colours.INK, pad=1)
    ax.set_xticks(
        [-0.12 - counts / 2 + 0.12, *(np.arange(columns) + 0.5)],
        [t("common.column.n", lang), *cells.heads],
        size=made.size(),
    )
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(t(f"common.axis.{unit}", lang), size=made.size("small"), loc="right")
    ax.spines["bottom"].set_visible(False)
    for text in ax.texts:  # they stand inside the axes: measuring them all would take a second
        text.set_in_layout(False)
    return made


def _varies(cells: Grid) -> bool:
    """Return whether cells of one cohort have different people behind them."""
    shown = np.where(cells.status == "ok", cells.n, np.nan)
    return any(len(set(line[~np.isnan(line)])) > 1 for line in shown)


def _scale(value: np.ndarray) -> tuple[float, float]:
    """Return the figures of the lightest and the darkest colour.

    The joining period, often all or nearly, is left out: it would press the rest together.
    """
    later = value[:, 1:] if value.shape[1] > 1 else value
    later = later if np.isfinite(later).any() else value
    if not np.isfinite(later).any():
        return 0.0, 1.0
    low, high = float(np.nanmin(later)), float(np.nanmax(later))
    return (low, high) if high > low else (0.0, max(high, 1e-9))


def _cell(
    ax: Axes,
    cells: Grid,
    place: tuple[int, int],
    write: Callable[[float], str],
    scale: tuple[float, float],
    made: Chart,
    varies: bool,
) -> None:
    row, column = place
    value, state = cells.value[place], cells.status[place]
    corner, side = (column + 0.03, row + 0.03), 0.94
    if state == "ok" and np.isfinite(value):
        low, high = _SCALE_ENDS
        share = min(max((value - scale[0]) / (scale[1] - scale[0]), 0), 1)
        fill = _SCALE(low + (high - low) * share)[:3]
        ax.add_artist(Rectangle(corner, side, side, facecolor=fill, linewidth=0))
        colour = colours.text_on(fill)
        middle = row + (0.34 if varies else 0.52)
        ax.text(
            column + 0.5, middle, write(value), ha="center", va="center", color=colour,
            size=made.size(),
        )  # fmt: skip
        if varies:
            ax.text(
                column + 0.5, row + 0.74, fmt.number(cells.n[place], made.lang), ha="center",
                va="center", color=colour, size=made.size("small"),
            )  # fmt: skip
    elif state in _GREY:
        ax.add_artist(Rectangle(corner, side, side, facecolor=colours.PALE, linewidth=0))
        if state == "masked":
            ax.text(
                column + 0.5, row + 0.52, "*", ha="center", va="center", color=colours.QUIET,
                size=made.size(),
            )  # fmt: skip
    elif state == "open" and (column == 0 or cells.status[row, column - 1] != "open"):
        # only the period that is running: the ones after it have not begun
        ax.add_artist(
            Rectangle(
                corner,
                side,
                side,
                facecolor=colours.CARD,
                edgecolor=colours.HATCH,
                hatch="////",
                linewidth=0,
            )
        )
    elif state in _DASHED:
        ax.text(
            column + 0.5, row + 0.52, "–", ha="center", va="center", color=colours.QUIET,
            size=made.size(),
        )  # fmt: skip


def _notes(cells: Grid, lang: str, unit: str) -> list[str]:
    """Return what hatching, grey and dashes mean, as far as they occur, and what is left out."""
    notes = []
    if (cells.status == "open").any():
        notes.append(t("common.foot.hatched", lang))
    if (cells.status == "too_few").any():
        notes.append(t("common.foot.grey", lang, words=t("common.status.too_few", lang)))
    if (cells.status == "masked").any():
        notes.append(t("common.foot.starred", lang, words=t("common.status.masked", lang)))
    notes += [
        t("common.foot.dash", lang, words=t(f"common.status.{state}", lang))
        for state in _DASHED
        if (cells.status == state).any()
    ]
    if cells.left_out:
        notes.append(t("common.foot.earlier", lang, k=cells.left_out))
    return notes
