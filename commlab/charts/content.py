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
from commlab.charts.hours import week_hours
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.contentrates import FACTORS
from commlab.text import Words, fmt, t, word

__all__ = [
    "after_sends", "best", "cadence", "complaint_groups", "complaint_terms", "demand", "fatigue",
    "level_name", "links", "makers", "neglected", "opinion", "reactions", "sent", "tags", "topics",
    "week_hours", "winners",
]  # fmt: skip


_LINKS = ("speakers", "askers", "answerers", "sharers", "paid_sharers", "bringers")


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


@chart
def cadence(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return how many pieces were posted each week, those of members in another colour.

    Args:
        frame: `metrics.content_weeks`: week, posts, by_members.
        lang: "en" or "zh".
        narrow: The form for phones: the last 26 weeks; otherwise 52.
        title: The finding; without it the title says how many weeks had none.
        as_of: Last day of the data.
    """
    frames.need(frame, ["week", "posts", "by_members"], "charts.content.cadence")
    rows = frame.tail(26 if narrow else 52).reset_index(drop=True)
    posts, theirs = frames.numbers(rows, "posts"), frames.numbers(rows, "by_members")
    empty = int((posts == 0).sum())
    made = figure(
        title=title
        or word(
            "content.cadence.title_gaps" if empty else "content.cadence.title",
            weeks=len(rows), empty=empty, posts=float(np.median(posts)),
        ),
        subtitle=t("content.cadence.subtitle", lang),
        foot=foot(
            lang, as_of=as_of, extra=[t("content.cadence.foot", lang, posts=int(posts.sum()))]
        ),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x = np.arange(len(rows))
    ax.bar(x, posts - theirs, color=colours.GREY, width=0.8)
    ax.bar(x, theirs, bottom=posts - theirs, color=colours.ACCENT, width=0.8)
    ax.set_xlim(-0.7, len(rows) - 0.3)
    ax.set_ylim(0, max(float(posts.max()), 1) * 1.08)
    shown = axes.few(len(rows), 4 if narrow else 8)
    days = frames.days(rows, "week")
    ax.set_xticks(
        x[shown], [fmt.period(days[place], "month", lang, short=True) for place in shown],
        size=made.size(),
    )  # fmt: skip
    axes.number_axis(ax, lambda value: f"{value:g}")
    axes.keep_top(made, 2.2 * made.size("small") + 4)
    settle(made)
    axes.label_row(
        ax,
        [(t("content.maker.brand", lang), colours.GREY),
         (t("content.maker.member", lang), colours.ACCENT)],
    )  # fmt: skip
    return made


@chart
def links(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return members who ask, answer one another, share and bring somebody, week by week.

    Args:
        frame: `metrics.community_links`: week, speakers, askers, answerers, sharers, paid_sharers,
            bringers; kinds that are missing throughout are left out.
        lang: "en" or "zh".
        narrow: The form for phones: the last 13 weeks.
        title: The finding; without it the title says how many of those who speak answer others.
        as_of: Last day of the data.
    """
    frames.need(frame, ["week", *_LINKS], "charts.content.links")
    rows = frame.tail(13 if narrow else len(frame)).reset_index(drop=True)
    shown = [name for name in _LINKS if np.isfinite(frames.numbers(rows, name)).any()]
    if not shown:
        raise NotEnoughDataError("too few people to draw.", where="charts.content.links")
    spoke, told = (frames.numbers(rows, name) for name in ("speakers", "answerers"))
    both = np.isfinite(spoke) & np.isfinite(told) & (spoke > 0)
    found = word("content.links.title_plain")
    if both.any():
        found = word("content.links.title", share=float(told[both].sum() / spoke[both].sum()))
    made = figure(
        title=title or found, subtitle=t("content.links.subtitle", lang),
        foot=foot(lang, as_of=as_of, extra=[t("content.links.foot", lang)]), lang=lang,
        narrow=narrow,
    )  # fmt: skip
    names = [t(f"content.link.{name}", lang) for name in shown]
    ax = made.add_subplot()
    x = np.arange(len(rows), dtype=float)
    ends = []
    for place, (name, told_as) in enumerate(zip(shown, names, strict=True)):
        y, shade = frames.numbers(rows, name), colours.CATEGORIES[place]
        ax.plot(x, y, color=shade, linewidth=2, marker="o", markersize=3)
        last = np.flatnonzero(np.isfinite(y))[-1]
        ends.append(axes.End(float(x[last]), float(y[last]), told_as, shade))
    ax.set_xlim(-0.3, len(rows) - 0.7)
    ax.set_ylim(bottom=0)
    ticks = axes.few(len(rows), 3 if narrow else 7)
    days = frames.days(rows, "week")
    ax.set_xticks(
        x[ticks], [fmt.period(days[place], "month", lang, short=True) for place in ticks],
        size=made.size(),
    )  # fmt: skip
    axes.number_axis(ax, lambda value: f"{value:g}")
    axes.keep_right_for(made, names)
    settle(made)
    axes.label_ends(ax, ends)
    return made


@chart
def opinion(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    question: str = "nps",
) -> Chart:
    """Return the score of members and of others, wave by wave.

    Args:
        frame: `metrics.opinion`: question, wave, from_day, side, people, score, low, high,
            flagged, status.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says whether members moved since the last wave.
        as_of: Last day of the data.
        question: "nps" or "satisfaction".
    """
    need = ["question", "wave", "from_day", "side", "people", "score", "low", "high", "flagged"]
    frames.need(frame, need, "charts.content.opinion")
    rows = frame[(frame["question"] == question) & (frames.status(frame) == "ok")]
    rows = rows[rows["score"].notna()]
    frames.need(rows, (), "charts.content.opinion")
    mine = rows[rows["side"] == "members"]
    last = (mine if len(mine) else rows).iloc[-1]
    moved = bool(last["flagged"]) and len(mine) > 1
    made = figure(
        title=title
        or word(
            f"content.opinion.title_{'moved' if moved else 'still'}",
            what=word(f"content.question.{question}"), score=float(last["score"]),
        ),
        subtitle=t(f"content.opinion.subtitle_{question}", lang),
        foot=foot(
            lang, as_of=as_of, level=LEVEL,
            extra=[t("content.opinion.foot", lang, people=int(rows["people"].sum()))],
        ),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    days = sorted(set(rows["from_day"]))
    ends: list[tuple[str, str]] = []
    for side, shade, shift in (("others", colours.GREY, 0.06), ("members", colours.ACCENT, -0.06)):
        part = rows[rows["side"] == side]
        if part.empty:
            continue
        x = np.array([days.index(day) for day in part["from_day"]]) + shift
        y, low, high = (frames.numbers(part, name) for name in ("score", "low", "high"))
        ax.vlines(x, low, high, color=shade, linewidth=2)
        ax.plot(x, y, color=shade, linewidth=1.4, marker="o", markersize=6)
        ends.insert(0, (t(f"content.side.{side}", lang), shade))
    ax.set_xlim(-0.4, len(days) - 0.6)
    if question == "nps":
        ax.axhline(0, color=colours.QUIET, linewidth=0.9)
    ticks = axes.few(len(days), 4 if narrow else 8)
    names = [fmt.period(pd.Timestamp(days[one]).date(), "month", lang, short=True) for one in ticks]
    ax.set_xticks(ticks, names, size=made.size())
    axes.number_axis(ax, lambda value: f"{value:g}")
    axes.keep_top(made, 2.2 * made.size("small") + 4)
    settle(made)
    axes.label_row(ax, ends)
    return made
