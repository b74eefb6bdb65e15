"""Lifecycle of members by period, and on how many days they are active."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from commlab.charts import axes, bars, colours, frames
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.config import Festival
from commlab.estimate import LEVEL
from commlab.stats import wilson
from commlab.text import Words, fmt, t, word

# From the zero line outwards; what is lost stands below it.
GAINED = {"retained": colours.ACCENT, "resurrected": "#e69f00", "activated_late": "#56b4e9",
          "new": "#0072b2"}  # fmt: skip
LOST = {"dormant": colours.GREY, "left": "#d55e00"}
# Upper ends of the bands of active days: fine where most members are.
_BANDS = (0, 1, 2, 4, 7, 14, 29, 59)


@chart
def lifecycle_bars(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "month",
    festivals: Sequence[Festival] = (),
) -> Chart:
    """Return active members by period, by where they come from; lost ones below the zero line.

    Args:
        frame: `period` (first day), `new`, `retained`, `resurrected`, `activated_late`,
            `dormant`, `left` (members), `status` ("ok"; "open": hatched; "before_data": left
            out).
        lang: "en" or "zh".
        narrow: The form for phones: the last 12 periods.
        title: The finding; without it the title reads out the last complete period.
        as_of: Last day of the data.
        unit: Length of a period.
        festivals: Marked as bands.
    """
    frames.need(frame, ["period", *GAINED, *LOST], "charts.retention.lifecycle_bars")
    rows = frame[~np.isin(frames.status(frame), ["before_data", "after_data"])].sort_values(
        "period"
    )
    rows = rows.tail(12 if narrow else 30).reset_index(drop=True)
    complete = frames.status(rows) == "ok"
    frames.need(rows[complete], (), "charts.retention.lifecycle_bars")
    starts = frames.days(rows, "period")
    made = figure(
        title=title or _title(rows, complete, starts, unit, lang),
        subtitle=t(f"retention.lifecycle.subtitle_{unit}", lang),
        foot=foot(
            lang,
            n=_members(rows),
            as_of=as_of,
            extra=[t("common.foot.hatched", lang) if not complete.all() else ""],
        ),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    done = rows[complete]
    x = np.flatnonzero(complete).astype(float)
    ends = [*_stack(ax, x, done, GAINED, 1, lang), *_stack(ax, x, done, LOST, -1, lang)]
    low, high = ax.get_ylim()
    for place in np.flatnonzero(~complete):
        ax.add_patch(
            Rectangle(
                (place - 0.41, low), 0.82, high - low, facecolor="none",
                edgecolor=colours.HATCH, hatch="////", linewidth=0, zorder=0.5,
            )
        )  # fmt: skip
    ax.set_xlim(-0.55, len(rows) - 0.45)
    ax.set_ylim(low * 1.04, high * 1.03)
    axes.number_axis(ax, lambda number: fmt.number(abs(number), lang), steps=7)
    axes.keep_right_for(made, [end.text for end in ends])
    if festivals:
        axes.keep_top(made, 2.2 * made.size("small"))
    settle(made)
    names = [fmt.period(start, unit, lang, short=True) for start in starts]
    axes.fit_ticks(ax, list(range(len(rows))), names)
    axes.festival_bands(ax, festivals, lambda day: bars.place(starts, unit, day), lang)
    axes.label_ends(ax, ends)
    return made


def _members(rows: pd.DataFrame) -> float | None:
    """Return the members there are at the end, where the frame says so."""
    members = frames.numbers(rows, "members")
    return float(np.nanmax(members)) if np.isfinite(members).any() else None


def _stack(
    ax: Axes, x: np.ndarray, rows: pd.DataFrame, parts: dict[str, str], sign: int, lang: str
) -> list[axes.End]:
    """Draw bars on top of each other and return the middle of each part in the last one."""
    base = np.zeros(len(rows))
    ends = []
    for name, colour in parts.items():
        size = np.nan_to_num(frames.numbers(rows, name)) * sign
        ax.bar(x, size, 0.82, bottom=base, color=colour, linewidth=0)
        middle = float(base[-1] + size[-1] / 2)
        ends.append(
            axes.End(float(x[-1]) + 0.41, middle, t(f"retention.lifecycle.{name}", lang), colour)
        )
        base = base + size
    return ends


def _title(
    rows: pd.DataFrame, complete: np.ndarray, starts: list[dt.date], unit: str, lang: str
) -> Words:
    told = complete & np.isfinite([frames.numbers(rows, name) for name in (*GAINED, *LOST)]).all(0)
    if not told.any():  # in every period a count is hidden
        return word("retention.lifecycle.title_hidden")
    at = int(np.flatnonzero(told)[-1])
    row = rows.iloc[at]
    gained = int(sum(row[name] for name in GAINED if name != "retained"))
    lost = int(sum(row[name] for name in LOST))
    key = "title_growing" if gained >= lost else "title_shrinking"
    period = fmt.period(starts[at], unit, lang)
    return word(f"retention.lifecycle.{key}", period=period, gained=gained, lost=lost)


def bands(days: np.ndarray, members: np.ndarray, top: int) -> list[tuple[int, int, int]]:
    """Return first day, last day and members of each band of active days.

    Args:
        days: Numbers of days; a row may stand for those up to the next row.
        members: Members of each row.
        top: The largest number of days.

    Example:
        >>> bands(np.array([0, 1, 2, 3, 4]), np.array([50, 20, 0, 8, 2]), 4)
        [(0, 0, 50), (1, 1, 20), (2, 2, 0), (3, 4, 10)]
        >>> bands(np.array([0, 1, 4]), np.array([50, 20, 10]), 9)
        [(0, 0, 50), (1, 9, 30)]
    """
    # Rows of several days (where single days hold too few people) are not parted.
    ends = [end for end in _BANDS if end < top and end + 1 in days] + [top]
    found, first = [], 0
    for end in ends:
        inside = (days >= first) & (days <= end)
        found.append((first, end, int(members[inside].sum())))
        first = end + 1
    return found


@chart
def active_days(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    window_days: int | None = None,
) -> Chart:
    """Return on how many days of the window members were active, as shares with whiskers.

    Args:
        frame: `active_days` (0 to the length of the window), `members`; `status` where there is.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says how many were active at all, and often.
        as_of: Last day of the data.
        window_days: Length of the window, for the subtitle; default the largest number of days.
    """
    frames.need(frame, ["active_days", "members"], "charts.retention.active_days")
    known = frame[frames.status(frame) == "ok"]
    frames.need(known, (), "charts.retention.active_days")
    days, members = known["active_days"].to_numpy(dtype=int), frames.numbers(known, "members")
    top = int(known["until"].max()) if "until" in known.columns else int(days.max())
    # Where whoever was active is too few, one row holds everybody: there is nothing to draw.
    frames.need(known[days > 0], (), "charts.retention.active_days")
    parts = bands(days, members, top)
    counts = np.array([count for _, _, count in parts], dtype=float)
    total = float(counts.sum())
    low, high = wilson(counts, np.full(len(counts), total))
    share = counts / total
    some = 1 - float(members[days == 0].sum()) / total
    once = float(members[days == 1].sum()) / total
    alone = 2 in days  # else the row of one day holds further days
    made = figure(
        title=title
        or (
            word("retention.active_days.title", share=some, once=once)
            if alone
            else word("retention.active_days.title_some", share=some)
        ),
        subtitle=t("retention.active_days.subtitle", lang, window=str(window_days or top)),
        foot=foot(lang, n=total, as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    y = np.arange(len(parts), dtype=float)
    fill = [colours.mix(colours.GREY, 0.7) if end == 0 else colours.ACCENT for _, end, _ in parts]
    ax.barh(y, share, 0.66, color=fill, linewidth=0)
    reach = np.vstack([share - low, high - share])
    ax.errorbar(share, y, xerr=np.abs(reach), fmt="none", ecolor=colours.INK, elinewidth=1.1)
    ax.set_ylim(len(parts) - 0.5, -0.5)
    ax.set_yticks(y, [_band_name(first, end, lang) for first, end, _ in parts], size=made.size())
    ax.tick_params(axis="y", labelcolor=colours.INK)
    for place, figure_, end in zip(y, share, high, strict=True):
        ax.annotate(
            fmt.share(float(figure_), lang), (float(end), place), xytext=(5, 0),
            textcoords="offset points", va="center", size=made.size(),
        )  # fmt: skip
    ax.set_xlim(0, float(high.max()) * (1.22 if narrow else 1.1))
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda *_: ""))
    ax.spines["bottom"].set_visible(False)
    return made


def _band_name(first: int, end: int, lang: str) -> str:
    if first == end:
        return fmt.days(first, lang)
    return t("retention.active_days.band", lang, first=str(first), last=str(end))
