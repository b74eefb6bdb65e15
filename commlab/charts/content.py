"""Charts of notebook 10: what is clicked, how tired receivers are, cadence, opinion.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.content_tables import (
    after_sends,
    complaint_groups,
    complaint_terms,
    demand,
    level_name,
    makers,
    neglected,
    reactions,
    sent,
    tags,
    topics,
    winners,
)
from commlab.charts.content_weeks import cadence, links, opinion
from commlab.charts.hours import week_hours
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.models.contentrates import FACTORS
from commlab.text import Words, fmt, t, word

__all__ = [
    "after_sends", "best", "cadence", "complaint_groups", "complaint_terms", "demand", "fatigue",
    "level_name", "links", "makers", "neglected", "opinion", "reactions", "sent", "tags", "topics",
    "week_hours", "winners",
]  # fmt: skip


@chart
def best(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    factor: str = "",
) -> Chart:
    """Return the click rate of each form, topic or part of the day, and how likely it is the best.

    Args:
        frame: `ContentRates.to_frame()`: the level under the factor's name, posts, value, low,
            high, p_best, could_be_best, status.
        lang: "en" or "zh".
        narrow: The form for phones: 8 rows; otherwise 12.
        title: The finding; without it the title names the best, or those that could be.
        as_of: Last day of the data.
        factor: "form", "topic" or "part"; by default the one that the frame has.
    """
    factor = factor or next((name for name in FACTORS if name in frame), "form")
    need = [factor, "posts", "value", "low", "high", "p_best", "could_be_best"]
    frames.need(frame, need, "charts.content.best")
    known = frame[(frames.status(frame) == "ok") & frame["value"].notna()].reset_index(drop=True)
    frames.need(known, (), "charts.content.best")
    rows = known.head(laid.MOST[narrow])
    could = frames.flags(rows, "could_be_best")
    few = int((frames.status(frame) == "too_few").sum())
    made = figure(
        title=title or _best_title(known, factor, lang),
        subtitle=t(f"content.best.subtitle_{factor}", lang),
        foot=foot(
            lang, as_of=as_of, level=LEVEL,
            extra=[
                t("content.best.posts", lang, posts=int(known["posts"].sum())),
                t("content.best.few", lang, few=few) if few else "",
                laid.not_shown(len(known) - len(rows), lang),
            ],
        ),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow, 2.1),
    )  # fmt: skip
    ax = made.add_subplot()
    x, low, high = (frames.numbers(rows, name) for name in ("value", "low", "high"))
    for place in range(len(rows)):
        shade = colours.ACCENT if could[place] else colours.GREY
        laid.mark(ax, place, (low[place], high[place]), x[place], shade)
    laid.name(ax, [level_name(factor, one, lang) for one in rows[factor]], room=(96, 190))
    axes.share_axis(ax, lang, axis="x", steps=3 if narrow else 6)
    axes.keep_right(made, 96 if narrow else 148)
    axes.keep_top(made, made.size("small") + 2)
    settle(made)
    rates = [fmt.share(value, lang) for value in x]
    chances = [_chance(value, lang) for value in frames.numbers(rows, "p_best")]
    inner, outer = (44, 90) if narrow else (62, 140)
    axes.beside(ax, inner, t("content.best.rate", lang), list(enumerate(rates)), top=-0.6)
    axes.beside(ax, outer, t("content.best.chance", lang), list(enumerate(chances)), top=-0.6)
    return made


def _chance(value: float, lang: str) -> str:
    if value < 0.005:
        return "<" + fmt.share(0.01, lang, decimals=0)
    return fmt.share(min(value, 0.99), lang, decimals=0) if value < 0.995 else (
        ">" + fmt.share(0.99, lang, decimals=0)
    )  # fmt: skip


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _best_title(rows: pd.DataFrame, factor: str, lang: str) -> Words:
    could = rows[frames.flags(rows, "could_be_best")]
    first = rows.iloc[0]
    values = {
        "best": _capital(level_name(factor, first[factor], lang)), "rate": float(first["value"]),
        "others": len(could) - 1,
    }  # fmt: skip
    if len(could) <= 1:
        return word("content.best.title", **values)
    names = t("content.best.comma", lang).join(
        level_name(factor, one, lang) for one in could[factor].head(3)
    )
    key = "title_several" if len(could) <= 3 else "title_many"
    return word(f"content.best.{key}", **values, names=_capital(names), more=len(could) - 3)


@chart
def fatigue(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the click rate by how many sends the person got in the week before.

    Args:
        frame: `metrics.send_fatigue`: recent, delivered, rate, low, high, ratio, ratio_low,
            ratio_high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the second send of a week.
        as_of: Last day of the data.
    """
    need = ["recent", "delivered", "rate", "low", "high", "ratio", "ratio_high"]
    frames.need(frame, need, "charts.content.fatigue")
    rows = frame[frame["rate"].notna()].reset_index(drop=True)
    frames.need(rows, (), "charts.content.fatigue")
    later = rows[(rows["recent"] == 1) & rows["ratio_high"].notna()]
    if later.empty:
        found = word("content.fatigue.title_open")
    else:
        sure = float(later["ratio_high"].iloc[0]) < 1
        found = word(
            "content.fatigue.title" if sure else "content.fatigue.title_chance",
            share=float(later["ratio"].iloc[0]),
        )
    made = figure(
        title=title or found,
        subtitle=t("content.fatigue.subtitle", lang),
        foot=foot(
            lang, as_of=as_of, level=LEVEL,
            extra=[t("content.fatigue.foot", lang, n=int(rows["delivered"].sum()))],
        ),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x = frames.numbers(rows, "recent")
    rate, low, high = (frames.numbers(rows, name) for name in ("rate", "low", "high"))
    ax.vlines(x, low, high, color=colours.ACCENT, linewidth=2.4)
    ax.plot(x, rate, "o", color=colours.ACCENT, markersize=7)
    for at, height in zip(x, rate, strict=True):
        ax.annotate(
            fmt.share(float(height), lang), (at, height), xytext=(9, 0), va="center",
            textcoords="offset points", size=made.size(), color=colours.INK,
        )  # fmt: skip
    ax.set_xlim(-0.5, float(x.max()) + 0.7)
    ax.set_ylim(0, float(np.nanmax(high)) * 1.1)
    names = [
        t("content.fatigue.more" if one >= 3 else "content.fatigue.sends", lang, n=int(one))
        for one in x
    ]
    ax.set_xticks(x, names, size=made.size())
    axes.share_axis(ax, lang)
    ax.set_xlabel(t("content.fatigue.axis", lang), size=made.size("small"), loc="left")
    return made
