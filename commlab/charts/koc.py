"""Charts of notebook 06: what opinion leaders are strong in, whether they last, what follows.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, labels
from commlab.charts.koc_tables import (
    cards,
    central,
    marked,
    pieces,
    reasons,
    referral_table,
    signals,
)
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.config import SMALL_CELL
from commlab.estimate import LEVEL
from commlab.schedule import PARTS
from commlab.text import Words, fmt, t, word

__all__ = [
    "cards",
    "central",
    "curve",
    "later",
    "lifts",
    "marked",
    "pieces",
    "reasons",
    "referral_table",
    "signals",
    "stability",
]

_MOST = {False: 14, True: 10}


@chart
def stability(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return how often each of those chosen and just below is at the top when weights vary.

    Args:
        frame: `models.koc_cards`: member (pseudonym), state, rank, in_draws.
        lang: "en" or "zh".
        narrow: The form for phones: 10 people; otherwise 14.
        title: The finding; without it the title counts those who are at the top in most draws.
        as_of: Last day of the data.
    """
    frames.need(frame, ["member", "state", "rank", "in_draws"], "charts.koc.stability")
    rows = frame.head(_MOST[narrow]).reset_index(drop=True)
    share = frames.numbers(rows, "in_draws")
    sure = int((frames.numbers(frame, "in_draws") >= LEVEL).sum())
    made = figure(
        title=title or word(f"koc.stability.title{_few(sure)}", sure=sure),
        subtitle=t("koc.stability.subtitle", lang),
        foot=foot(
            lang, n=float(len(frame)), unit="", as_of=as_of, level=None,
            extra=[t("common.foot.not_shown", lang, k=len(frame) - len(rows))
                   if len(frame) > len(rows) else ""],
        ),
        lang=lang,
        narrow=narrow,
        height=_height(len(rows), narrow),
    )  # fmt: skip
    ax = made.add_subplot()
    chosen = (rows["state"] == "chosen").to_numpy()
    shades = [colours.ACCENT if one else colours.GREY for one in chosen]
    ax.barh(np.arange(len(rows)), share, color=shades, height=0.62)
    names = [str(name) for name in rows["member"]]
    _name_rows(made, ax, names)
    ax.set_xlim(0, 1)
    axes.share_axis(ax, lang, axis="x", steps=3 if narrow else 6)
    axes.keep_top(made, 2.7 * made.size("small") + 4)
    settle(made)
    heads = [(t(f"koc.state.{name}", lang), shade)
             for name, shade in (("chosen", colours.ACCENT), ("next", colours.GREY))]  # fmt: skip
    axes.label_row(ax, heads)
    return made


@chart
def later(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return what opinion leaders of the first half do in the second, beyond their matches.

    Args:
        frame: `LaterHalf.parts`: part, people, difference, low, high, flagged.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says in how many parts they stay above.
        as_of: Last day of the data.
    """
    frames.need(
        frame, ["part", "people", "difference", "low", "high", "flagged"], "charts.koc.later"
    )
    rows = frame[frame["part"].isin(PARTS)].reset_index(drop=True)
    frames.need(rows, (), "charts.koc.later")
    above = frames.flags(rows, "flagged") & (frames.numbers(rows, "difference") > 0)
    made = figure(
        title=title or word("koc.later.title", above=int(above.sum())),
        subtitle=t("koc.later.subtitle", lang),
        foot=foot(lang, n=float(rows["people"].max()), unit="", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=_height(len(rows), narrow),
    )
    names = [t(f"koc.part_name.{part}", lang) for part in rows["part"]]
    _whiskers(made, rows, "difference", names, above, lang)
    return made


@chart
def lifts(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the lift of each candidate's posts with its interval, and where it is drawn to.

    Args:
        frame: `models.post_influence`: member (pseudonym), lift, low, high, value, state.
        lang: "en" or "zh".
        narrow: The form for phones: 10 people; otherwise 14.
        title: The finding; without it the title counts those who move others.
        as_of: Last day of the data.
    """
    need = ["member", "lift", "low", "high", "value", "state"]
    frames.need(frame, need, "charts.koc.lifts")
    known = frame[frame["state"] != "too_few"].reset_index(drop=True)
    frames.need(known, (), "charts.koc.lifts")
    moves = int((known["state"] == "moves").sum())
    rows = known.head(_MOST[narrow])
    made = figure(
        title=title or word(
            f"koc.lifts.title{_few(moves)}" if moves else "koc.lifts.title_none",
            moves=moves, all=len(known),
        ),
        subtitle=t("koc.lifts.subtitle", lang),
        foot=foot(
            lang, n=float(len(known)), unit="", as_of=as_of, level=LEVEL,
            extra=[t("common.foot.not_shown", lang, k=len(known) - len(rows))
                   if len(known) > len(rows) else ""],
        ),
        lang=lang,
        narrow=narrow,
        height=_height(len(rows), narrow),
    )  # fmt: skip
    _whiskers(made, rows, "lift", [str(name) for name in rows["member"]],
              (rows["state"] == "moves").to_numpy(), lang, drawn_in="value")  # fmt: skip
    return made


@chart
def curve(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return orders of those present by day before and after posts.

    Args:
        frame: `models.event_curve`: day, mean, low, high, posts.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says what is drawn.
        as_of: Last day of the data.
    """
    frames.need(frame, ["day", "mean", "low", "high", "posts"], "charts.koc.curve")
    made = figure(
        title=title or word("koc.curve.title"),
        subtitle=t("koc.curve.subtitle", lang),
        foot=foot(
            lang, n=None, unit="", as_of=as_of, level=LEVEL,
            extra=[t("koc.curve.posts", lang, posts=int(frame["posts"].max()))],
        ),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    day, mean, low, high = (frames.numbers(frame, name) for name in ("day", "mean", "low", "high"))
    after = (day >= 0) & (day < 3)
    for mask, shade in ((after, colours.ACCENT), (~after, colours.GREY)):
        ax.vlines(day[mask], low[mask], high[mask], color=shade, linewidth=2)
        ax.plot(day[mask], mean[mask], "o", color=shade, markersize=6)
    ax.axhline(0, color=colours.QUIET, linewidth=0.9)
    ax.axvline(-0.5, color=colours.QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.number_axis(ax, lambda x: f"{x:g}")
    shown = day if not narrow else day[day.astype(int) % 2 == 0]
    ax.set_xticks(shown, [f"{value:+g}" if value else "0" for value in shown], size=made.size())
    ax.set_xlabel(t("koc.curve.axis", lang), size=made.size("small"), loc="left")
    return made


def _few(people: int) -> str:
    """Return the end of a text key: fewer people than a page may count are not counted out."""
    return "_few" if 0 < people < SMALL_CELL else ""


def _height(rows: int, narrow: bool) -> float:
    return max(3.0, (0.42 if narrow else 0.34) * rows + 1.9)


def _name_rows(made: Chart, ax: axes.Axes, names: list[str]) -> None:
    shown = [labels.name(name, 112 if made.narrow else 230, made.size(), lines=1) for name in names]
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_yticks(range(len(names)), shown, size=made.size())
    ax.tick_params(axis="y", labelcolor=colours.INK)


def _whiskers(
    made: Chart, rows: pd.DataFrame, middle: str, names: list[str], sure: np.ndarray, lang: str,
    drawn_in: str = "",
) -> None:  # fmt: skip
    """Draw one row each: a dot with its interval, zero marked, its figure right.

    With `drawn_in` the dot is hollow and a full one stands where shrinkage draws it.
    """
    ax = made.add_subplot()
    x, low, high = (frames.numbers(rows, name) for name in (middle, "low", "high"))
    shades = [colours.ACCENT if one else colours.GREY for one in sure]
    ax.axvline(0, color=colours.QUIET, linewidth=0.9)
    for place, shade in enumerate(shades):
        ax.plot([low[place], high[place]], [place, place], color=shade, linewidth=2)
        face = "white" if drawn_in else shade
        ax.plot(x[place], place, "o", color=shade, markerfacecolor=face, markersize=6.5)
    shown = frames.numbers(rows, drawn_in) if drawn_in else x
    if drawn_in:
        ax.scatter(shown, np.arange(len(shown)), color=shades, s=42, zorder=4)
    _name_rows(made, ax, names)
    axes.number_axis(ax, lambda value: f"{value:g}", axis="x", steps=3 if made.narrow else 6)
    axes.keep_right(made, 52)
    settle(made)
    values = [fmt.number(float(one), lang, decimals=1) for one in shown]
    axes.beside(ax, 46, "", list(enumerate(values)), top=-0.6)
