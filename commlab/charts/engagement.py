"""Charts of how often members come: stickiness over time, and readings of retention."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, lookup, t, word


@chart
def stickiness(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return daily over four-weekly active members, window by window, with its band.

    Args:
        frame: From `metrics.stickiness`: `ends_on`, `mau`, `stickiness`, `low`, `high`, `status`.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the latest window.
        as_of: Last day of the data.
    """
    frames.need(frame, ["ends_on", "mau", "stickiness", "low", "high"], "charts.stickiness")
    rows = frame[frames.status(frame) == "ok"]
    frames.need(rows, (), "charts.stickiness")
    last = rows.iloc[-1]
    made = figure(
        title=title
        or word(
            "retention.stickiness.title",
            share=float(last["stickiness"]),
            often=float(1 / last["stickiness"]) if last["stickiness"] else 0.0,
        ),
        subtitle=lookup("retention.stickiness.subtitle", lang),
        foot=foot(lang, n=float(last["mau"]), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    x = np.arange(len(rows), dtype=float)
    y = frames.numbers(rows, "stickiness")
    low, high = frames.numbers(rows, "low"), frames.numbers(rows, "high")
    ax.fill_between(x, low, high, color=colours.ACCENT, alpha=0.14, linewidth=0)
    ax.plot(x, y, color=colours.ACCENT, linewidth=2.2, marker="o", markersize=4)
    ax.set_ylim(0, float(np.nanmax(high)) * 1.15)
    shown = axes.few(len(rows), 4 if narrow else 8)
    days = frames.days(rows, "ends_on")
    ax.set_xticks(x[shown], [fmt.period(days[place], "month", lang, short=True) for place in shown])
    axes.share_axis(ax, lang)
    axes.keep_right(made, 44)
    settle(made)
    text = fmt.share(float(y[-1]), lang)
    axes.label_ends(ax, [axes.End(float(x[-1]), float(y[-1]), text, colours.ACCENT)])
    return made


@chart
def kinds(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "month",
) -> Chart:
    """Return two readings of retention as curves: active in the period, and in it or later.

    Args:
        frame: From `metrics.retention_kinds`: `kind`, `period`, `at_risk`, `rate`, `low`,
            `high`, `status`.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out both at the third period.
        as_of: Last day of the data.
        unit: Length of a period.
    """
    frames.need(frame, ["kind", "period", "rate", "low", "high"], "charts.kinds")
    rows = frame[(frames.status(frame) == "ok") & (frame["period"] > 0)]
    frames.need(rows, (), "charts.kinds")
    shades = {"on": colours.ACCENT, "unbounded": colours.GREY}
    both = [set(rows.loc[rows["kind"] == kind, "period"]) for kind in shades]
    common = sorted(set.intersection(*both))
    frames.need(rows[rows["period"].isin(common)], (), "charts.kinds")
    at = max((number for number in common if number <= 3), default=common[0])
    read = rows[rows["period"] == at].set_index("kind")["rate"].astype(float)
    made = figure(
        title=title
        or word(
            "retention.kinds.title",
            when=t(f"common.period.{unit}", lang, k=str(at)),
            on=float(read["on"]),
            later=float(read["unbounded"]),
        ),
        subtitle=lookup("retention.kinds.subtitle", lang),
        foot=foot(lang, n=float(rows["at_risk"].max()), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )
    ax = made.add_subplot()
    ends = []
    for kind, shade in shades.items():
        one = rows[rows["kind"] == kind].sort_values("period")
        x, y = one["period"].to_numpy(dtype=float), frames.numbers(one, "rate")
        low, high = frames.numbers(one, "low"), frames.numbers(one, "high")
        ax.fill_between(x, low, high, color=shade, alpha=0.14, linewidth=0)
        ax.plot(x, y, color=shade, linewidth=2.2, marker="o", markersize=4)
        text = lookup(f"retention.kinds.{kind}", lang)
        ends.append(axes.End(float(x[-1]), float(y[-1]), text, shade))
    last = float(rows["period"].max())
    ax.set_xlim(0.9, last + 0.05 * last)
    ax.set_ylim(0, min(1.03, float(np.nanmax(frames.numbers(rows, "high"))) * 1.06))
    axes.share_axis(ax, lang)
    axes.period_axis(ax, int(last), unit, lang, first=1)
    axes.keep_right(made, 96 if narrow else 130)
    settle(made)
    axes.label_ends(ax, ends)
    return made
