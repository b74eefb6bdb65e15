"""Charts of notebook 04: models against what came, segments, concentration, second purchases."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word


@chart
def tracking(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return repeat purchases of the customers of one cutoff, week by week, and cumulated.

    Args:
        frame: `PurchaseBacktest.tracking` of one cutoff and model: week (from the cutoff),
            actual, predicted, actual_week, predicted_week, customers.
        lang: "en" or "zh".
        narrow: The form for phones: cumulated only.
        title: The finding; without it the title says by how much the total was missed.
        as_of: Last day of the data.
    """
    needed = ["week", "actual", "predicted", "actual_week", "predicted_week", "customers"]
    frames.need(frame, needed, "charts.ltv.tracking")
    rows = frame.sort_values("week")
    start = rows[rows["week"] == 0].iloc[0]
    came, said = (float(rows[name].iloc[-1] - start[name]) for name in ("actual", "predicted"))
    made = figure(
        title=title or word("ltv.tracking.title", came=round(came), said=round(said)),
        subtitle=t("ltv.tracking.subtitle", lang),
        foot=foot(lang, n=float(rows["customers"].iloc[0]), unit="", as_of=as_of),
        lang=lang,
        narrow=narrow,
    )
    panels = [("actual", "predicted", "cumulated")]
    if not narrow:
        panels.append(("actual_week", "predicted_week", "weekly"))
    grid = made.subplots(1, len(panels), squeeze=False)[0]
    axes.keep_apart(made, 12)
    # The first week holds half a week at most: drawn, it would be a step that nobody took.
    drawn = rows.iloc[1:]
    week = frames.numbers(drawn, "week")
    for ax, (actual, predicted, name) in zip(grid, panels, strict=True):
        ax.plot(week, frames.numbers(drawn, predicted), color=colours.ACCENT, linewidth=2)
        ax.plot(week, frames.numbers(drawn, actual), "o", color=colours.INK, markersize=3)
        ax.axvline(0, color=colours.QUIET, linewidth=0.9, dashes=(1, 2))
        ax.set_xlim(week.min() - 1, week.max() + 1)
        ax.set_ylim(bottom=0)
        axes.number_axis(ax, lambda x: fmt.number(x, lang))
        ax.set_title(t(f"ltv.tracking.{name}", lang), size=made.size(), loc="left",
                     color=colours.INK, pad=3)  # fmt: skip
        ax.set_xlabel(t("ltv.tracking.axis", lang), size=made.size("small"), loc="left")
        ax.tick_params(axis="x", labelsize=made.size())
    axes.keep_top(made, 2 * made.size("small") + 4)
    settle(made)
    axes.label_row(
        grid[0],
        [(t("ltv.tracking.actual", lang), colours.INK),
         (t("ltv.tracking.predicted", lang), colours.ACCENT)],
    )  # fmt: skip
    return made


@chart
def by_frequency(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return mean purchases after the cutoff by earlier repeat purchases: came and expected.

    Args:
        frame: `PurchaseBacktest.bins` of one cutoff and model: frequency (the last holds more
            too), customers, actual_mean, predicted_mean.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding.
        as_of: Last day of the data.
    """
    needed = ["frequency", "customers", "actual_mean", "predicted_mean"]
    frames.need(frame, needed, "charts.ltv.by_frequency")
    rows = frame[frame["actual_mean"].notna()].sort_values("frequency").reset_index(drop=True)
    frames.need(rows, (), "charts.ltv.by_frequency")
    made = figure(
        title=title or word("ltv.bins.title"),
        subtitle=t("ltv.bins.subtitle", lang),
        foot=foot(lang, n=float(np.nansum(frames.numbers(rows, "customers"))), unit="",
                  as_of=as_of),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    place = np.arange(len(rows))
    came, said = (frames.numbers(rows, name) for name in ("actual_mean", "predicted_mean"))
    ax.bar(place, came, width=0.62, color=colours.mix(colours.GREY, 0.55), linewidth=0)
    ax.plot(place, said, "D", color=colours.ACCENT, markersize=7)
    last = int(frame["frequency"].max())
    names = [f"{k}+" if k == last else str(k) for k in rows["frequency"].astype(int)]
    ax.set_xticks(place, names, size=made.size())
    ax.set_xlabel(t("ltv.bins.axis", lang), size=made.size("small"), loc="left")
    axes.number_axis(ax, lambda x: fmt.number(x, lang))
    axes.keep_top(made, 2.7 * made.size("small") + 4)
    settle(made)
    axes.label_row(
        ax,
        [(t("ltv.tracking.actual", lang), colours.text_in(colours.GREY)),
         (t("ltv.tracking.predicted", lang), colours.ACCENT)],
    )  # fmt: skip
    return made


@chart
def segments(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
) -> Chart:
    """Return the expected value of a buyer by segment, drawn towards the whole, with intervals.

    Args:
        frame: From `models.shrunk_means`: segment, buyers, mean (as it is), value, low, high
            (shrunk), difference, flagged, status.
        lang: "en" or "zh".
        narrow: The form for phones: 8 rows; otherwise 12.
        title: The finding; without it the title names the highest segment beyond chance.
        as_of: Last day of the data.
        currency: ISO 4217 code.
    """
    frames.need(frame, ["segment", "buyers", "mean", "value", "low", "high"], "charts.ltv.segments")
    rows = frame[frames.status(frame) == "ok"].reset_index(drop=True)
    frames.need(rows, (), "charts.ltv.segments")
    rest = max(0, len(rows) - laid.MOST[narrow])
    people = float(np.nansum(frames.numbers(rows, "buyers")))
    above = rows[frames.flags(rows, "flagged") & (frames.numbers(rows, "difference") > 0)]
    found = word("ltv.segments.title_none")
    if len(above):
        found = word("ltv.segments.title", segment=str(above["segment"].iloc[0]),
                     value=float(above["value"].iloc[0]), currency=currency)  # fmt: skip
    rows = rows.head(laid.MOST[narrow])
    made = figure(
        title=title or found,
        subtitle=t("ltv.segments.subtitle", lang),
        foot=foot(lang, n=people, unit="buyers", as_of=as_of, level=LEVEL,
                  extra=[t("ltv.segments.hollow", lang),
                         laid.not_shown(rest, lang)]),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    ax = made.add_subplot()
    flagged = frames.flags(rows, "flagged")
    for place in range(len(rows)):
        row = rows.iloc[place]
        shade = colours.ACCENT if flagged[place] else colours.GREY
        laid.mark(ax, place, (row["low"], row["high"]), row["mean"], shade, filled=False, size=8)
        ax.plot(row["value"], place, "o", color=shade, markersize=5)
    laid.name(ax, [str(name) for name in rows["segment"]])
    axes.number_axis(ax, lambda x: fmt.money(x, lang, currency), axis="x",
                     steps=3 if narrow else 6)  # fmt: skip
    axes.keep_right(made, 52)
    axes.keep_top(made, made.size("small"))
    settle(made)
    counts = [fmt.number(value, lang) for value in frames.numbers(rows, "buyers")]
    axes.beside(ax, 46, t("common.column.n", lang), list(enumerate(counts)), top=-0.6)
    return made


@chart
def lorenz(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return which share of all value the most valuable buyers hold.

    Args:
        frame: From `models.lorenz`: buyers, share_people, share_value.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title names the share of the top 10 %.
        as_of: Last day of the data.
    """
    frames.need(frame, ["buyers", "share_people", "share_value"], "charts.ltv.lorenz")
    rows = frame[frame["share_value"].notna()]
    x, y = frames.numbers(rows, "share_people"), frames.numbers(rows, "share_value")
    made = figure(
        title=title or word("ltv.lorenz.title", share=float(np.interp(0.1, x, y))),
        subtitle=t("ltv.lorenz.subtitle", lang),
        foot=foot(lang, n=float(np.nanmax(frames.numbers(frame, "buyers"))), unit="buyers",
                  as_of=as_of),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    ax.plot([0, 1], [0, 1], color=colours.GREY, linewidth=1.4, dashes=(4, 2))
    ax.plot(x, y, color=colours.ACCENT, linewidth=2.2)
    for top in (0.1, 0.2):
        _mark(ax, top, float(np.interp(top, x, y)), lang)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    axes.share_axis(ax, lang)
    axes.share_axis(ax, lang, axis="x")
    ax.set_xlabel(t("ltv.lorenz.axis", lang), size=made.size("small"), loc="left")
    settle(made)
    return made


def _mark(ax: Axes, x: float, y: float, lang: str) -> None:
    made = axes.chart_of(ax)
    ax.plot(x, y, "o", color=colours.ACCENT, markersize=6)
    text = t("ltv.lorenz.point", lang, top=x, share=y)
    ax.annotate(text, (x, y), xytext=(9, -13), textcoords="offset points", size=made.size(),
                color=colours.INK)  # fmt: skip


@chart
def second_purchase(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of buyers who have bought again by each day since the first purchase.

    Args:
        frame: `models.survival_curve` of `metrics.second_orders`: day, at_risk, survival (share
            that has not bought again), low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says how many by day 90.
        as_of: Last day of the data.
    """
    frames.need(frame, ["day", "at_risk", "survival", "low", "high"], "charts.ltv.second_purchase")
    rows = frame[frame["survival"].notna()].sort_values("day")
    day = frames.numbers(rows, "day")
    again, low, high = (1 - frames.numbers(rows, name) for name in ("survival", "high", "low"))
    at = min(90.0, float(day[-1]))
    made = figure(
        title=title or word("ltv.second.title", days=int(at),
                            share=float(again[np.searchsorted(day, at, side="right") - 1])),
        subtitle=t("ltv.second.subtitle", lang),
        foot=foot(lang, n=float(np.nanmax(frames.numbers(rows, "at_risk"))), unit="buyers",
                  as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    ax.fill_between(day, low, high, step="post", color=colours.ACCENT, alpha=0.14, linewidth=0)
    ax.step(day, again, where="post", color=colours.ACCENT, linewidth=2)
    ax.set_xlim(0, day[-1] * 1.01)
    ax.set_ylim(0, min(1.02, float(np.nanmax(high)) + 0.08))
    axes.share_axis(ax, lang)
    step = next((s for s in (14, 30, 60, 90) if day[-1] / s <= (5 if narrow else 9)), 180)
    ticks = np.arange(0, day[-1] + 1, step)
    ax.set_xticks(ticks, [str(int(tick)) for tick in ticks], size=made.size())
    ax.set_xlabel(t("ltv.second.axis", lang), size=made.size("small"), loc="left")
    ends = [axes.End(float(day[-1]), float(again[-1]), fmt.share(float(again[-1]), lang),
                     colours.ACCENT)]  # fmt: skip
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    axes.label_ends(ax, ends)
    return made
