"""Charts of notebook 10 by week and wave: cadence, links, opinion."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

_LINKS = ("speakers", "askers", "answerers", "sharers", "paid_sharers", "bringers")


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
