"""Charts of notebook 12: margin beside cost by month, the running sum, how long buying lasts.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from commlab.charts import axes, bars, colours, frames, labels
from commlab.charts.roi_people import compared, mouth, premium, tiers, waves
from commlab.charts.roi_tables import campaigns, concentration, costs, monthly, phases, scenarios
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.config import Festival
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

__all__ = [
    "campaigns",
    "compared",
    "concentration",
    "costs",
    "dose",
    "lives",
    "monthly",
    "months",
    "mouth",
    "phases",
    "premium",
    "running",
    "scenarios",
    "tiers",
    "waves",
]  # fmt: skip

_MOST_MONTHS = {False: 24, True: 12}


def _over(frame: pd.DataFrame, chart_name: str, columns: list[str]) -> pd.DataFrame:
    """Return the months that are over and whose figures may be shown."""
    frames.need(frame, ["month", "status", *columns], chart_name)
    rows = frame[frames.status(frame) == "ok"].dropna(subset=columns).reset_index(drop=True)
    frames.need(rows, (), chart_name)
    return rows


def _name_months(ax: Axes, rows: pd.DataFrame, lang: str) -> None:
    names = [fmt.period(day, "month", lang, short=True) for day in frames.days(rows, "month")]
    axes.fit_ticks(ax, list(range(len(rows))), names)


def _amounts(lang: str, currency: str) -> Callable[[float], str]:
    return lambda x: fmt.money(x, lang, currency)


@chart
def months(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
    festivals: Sequence[Festival] = (),
) -> Chart:
    """Return members' margin by month as bars with intervals, and the cost as a line.

    Args:
        frame: `metrics.value_months`; the last 24 months that are over are drawn, 12 on a phone.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the last month.
        as_of: Last day of the data.
        currency: ISO code of amounts.
        festivals: Marked as bands.
    """
    rows = _over(frame, "charts.roi.months", ["margin", "spent", "value_low", "value_high"])
    rows = rows.tail(_MOST_MONTHS[narrow]).reset_index(drop=True)
    end = rows.iloc[-1]
    sure = end["value_low"] > 0 or end["value_high"] < 0
    kind = ("above" if end["value"] > 0 else "below") if sure else "open"
    made = figure(
        title=title or word(f"roi.months.title_{kind}", value=abs(float(end["value"])),
                            currency=currency),
        subtitle=t("roi.months.subtitle", lang),
        foot=foot(lang, n=float(end["buyers"]), unit="buyers", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x = np.arange(len(rows), dtype=float)
    margin, spent = frames.numbers(rows, "margin"), frames.numbers(rows, "spent")
    half = margin - spent - frames.numbers(rows, "value_low")
    ax.bar(x, margin, 0.7, color=colours.mix(colours.ACCENT, 0.55), linewidth=0)
    ax.errorbar(x, margin, yerr=half, fmt="none", ecolor=colours.ACCENT, elinewidth=1.4)
    ax.plot(x, spent, color=colours.BAD, linewidth=2.2, marker="o", markersize=4)
    ax.set_xlim(-0.6, len(rows) - 0.4)
    ax.set_ylim(min(0.0, float(np.nanmin(margin - half))), None)
    axes.number_axis(ax, _amounts(lang, currency))
    ends = [axes.End(x[-1] + 0.35, float(margin[-1]), t("roi.months.margin", lang), colours.ACCENT),
            axes.End(x[-1], float(spent[-1]), t("roi.months.cost", lang), colours.BAD)]  # fmt: skip
    axes.keep_right_for(made, [one.text for one in ends])
    if festivals:
        axes.keep_top(made, 2.2 * made.size("small"))
    settle(made)
    _name_months(ax, rows, lang)
    starts = frames.days(rows, "month")
    axes.festival_bands(ax, festivals, lambda day: bars.place(starts, "month", day), lang)
    axes.label_ends(ax, ends)
    return made


@chart
def running(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
) -> Chart:
    """Return the running sum of margin less cost since costs began, with its band.

    Args:
        frame: `metrics.value_months`; months that are over are drawn.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says since when the sum is above zero.
        as_of: Last day of the data.
        currency: ISO code of amounts.
    """
    rows = _over(frame, "charts.roi.running", ["running", "running_low", "running_high"])
    y, low, high = (frames.numbers(rows, x) for x in ("running", "running_low", "running_high"))
    below = np.flatnonzero(y < 0)
    since = int(below[-1]) + 1 if len(below) else 0
    months_ = frames.days(rows, "month")
    if since >= len(rows):
        told = word("roi.running.title_not_yet", value=-float(y[-1]), currency=currency)
    else:
        kind = "title" if low[-1] > 0 else "title_open"
        told = word(f"roi.running.{kind}", month=months_[since])
    made = figure(
        title=title or told,
        subtitle=t("roi.running.subtitle", lang),
        foot=foot(lang, as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    x = np.arange(len(rows), dtype=float)
    ax.fill_between(x, low, high, color=colours.ACCENT, alpha=0.16, linewidth=0)
    ax.plot(x, y, color=colours.ACCENT, linewidth=2.4)
    if 0 < since < len(rows):
        ax.plot(x[since], y[since], "o", color=colours.ACCENT, markersize=7)
    ax.set_xlim(-0.3, len(rows) - 0.7 if len(rows) > 1 else 0.7)
    axes.number_axis(ax, _amounts(lang, currency))
    ends = [axes.End(float(x[-1]), float(y[-1]), fmt.money(float(y[-1]), lang, currency),
                     colours.ACCENT)]  # fmt: skip
    axes.keep_right_for(made, [one.text for one in ends])
    settle(made)
    _name_months(ax, rows, lang)
    axes.label_ends(ax, ends)
    return made


@chart
def lives(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    by: str = "membership",
) -> Chart:
    """Return the share that still buys by days since the first order, on either side.

    Args:
        frame: `models.survival_curve` of `models.life_rows`: segment ("in", "out"), day, at_risk,
            survival, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title compares the last day that both curves reach.
        as_of: Last day of the data.
        by: What the sides are: "membership" or "group".
    """
    columns = ["segment", "day", "at_risk", "survival", "low", "high"]
    frames.need(frame, columns, "charts.roi.lives")
    rows = frame.dropna(subset=["survival"])
    day = int(rows.groupby("segment")["day"].max().min())
    at = rows[rows["day"] <= day].sort_values("day").groupby("segment").tail(1)
    at = at.set_index("segment")
    told: Words | None = None
    if {"in", "out"} <= set(at.index):
        mine, others = (at.loc[side].astype(object).to_dict() for side in ("in", "out"))
        apart = mine["low"] > others["high"] or mine["high"] < others["low"]
        told = word(f"roi.lives.title_{'apart' if apart else 'chance'}_{by}", day=day,
                    mine=float(mine["survival"]), others=float(others["survival"]))  # fmt: skip
    made = figure(
        title=title or told or word("roi.lives.title_one"),
        subtitle=t("roi.lives.subtitle", lang),
        foot=foot(lang, n=float(rows.groupby("segment")["at_risk"].max().sum()), unit="buyers",
                  as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    ends = []
    for side, shade in (("out", colours.QUIET), ("in", colours.ACCENT)):
        one = rows[rows["segment"] == side].sort_values("day")
        if one.empty:
            continue
        x, y, low, high = (frames.numbers(one, c) for c in ("day", "survival", "low", "high"))
        ax.fill_between(x, low, high, step="post", color=shade, alpha=0.16, linewidth=0)
        ax.step(x, y, where="post", color=shade, linewidth=2.2)
        name = labels.name(t(f"roi.side.{by}_{side}", lang), 92 if narrow else 130, made.size(),
                           lines=2)  # fmt: skip
        ends.append(axes.End(float(x[-1]), float(y[-1]), name, shade))
    ax.set_xlim(0, float(rows["day"].max()) * 1.01)
    ax.set_ylim(0, 1.02)
    axes.share_axis(ax, lang)
    ax.set_xlabel(t("roi.lives.axis", lang), size=made.size("small"), loc="left")
    ax.tick_params(axis="x", labelsize=made.size())
    axes.keep_right_for(made, [one.text for one in ends])
    settle(made)
    axes.label_ends(ax, ends)
    return made


@chart
def dose(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
) -> Chart:
    """Return the margin that follows by days of taking part: adjusted dots, rings as counted.

    Args:
        frame: `models.dose_curve`.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says whether the last band differs from the first.
        as_of: Last day of the data.
        currency: ISO code of amounts.
    """
    columns = ["band", "people", "mean", "value", "low", "high"]
    frames.need(frame, [*columns, "difference_low", "difference_high"], "charts.roi.dose")
    rows = frame.dropna(subset=["value"]).reset_index(drop=True)
    frames.need(rows, (), "charts.roi.dose")
    end = rows.iloc[-1]
    kind = "more" if end["difference_low"] > 0 else "less" if end["difference_high"] < 0 else "open"
    made = figure(
        title=title or word(f"roi.dose.title_{kind}", band=str(end["band"])),
        subtitle=t("roi.dose.subtitle", lang),
        foot=foot(lang, n=float(rows["people"].sum()), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    x = np.arange(len(rows), dtype=float)
    value, low, high = (frames.numbers(rows, name) for name in ("value", "low", "high"))
    ax.plot(x, frames.numbers(rows, "mean"), "o", color=colours.QUIET, fillstyle="none")
    ax.errorbar(x, value, yerr=[value - low, high - value], fmt="o", color=colours.ACCENT,
                elinewidth=1.8, markersize=7)  # fmt: skip
    ax.set_xlim(-0.5, len(rows) - 0.5)
    ax.set_ylim(min(0.0, float(low.min()) * 1.05), None)
    axes.number_axis(ax, _amounts(lang, currency))
    ax.set_xticks(x, [str(band) for band in rows["band"]], size=made.size())
    ax.set_xlabel(t("roi.dose.axis", lang), size=made.size("small"), loc="left")
    return made
