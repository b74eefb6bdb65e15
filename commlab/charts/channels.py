"""Charts of notebook 03: the way to a repeat order, channels ranked, luck apart, payback.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, labels, rows as laid
from commlab.charts.channels_practice import first_orders, invitations, invited, tagging
from commlab.charts.channels_tables import advisers, costs, outcomes, steps
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.stats import quantile
from commlab.text import Words, fmt, t, word

__all__ = [
    "advisers",
    "costs",
    "first_orders",
    "funnel_plot",
    "invitations",
    "invited",
    "outcomes",
    "payback",
    "ranking",
    "step_words",
    "steps",
    "tagging",
    "way",
]  # fmt: skip

_LIMITS = (0.95, 0.998)  # the two and three standard errors of a funnel plot
_MOST_CURVES = 5


def step_words(step: str) -> Words:
    """Return the words for a step; "a|b" is either."""
    first, *rest = step.split("|")
    named = word(f"channels.step.{first}")
    return (
        word("channels.step_either", one=named, two=step_words("|".join(rest))) if rest else named
    )


@chart
def way(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share that takes each step, of those who could be seen to take it.

    Args:
        frame: `metrics.funnel` without split: place, from_step, step, at_risk, rate, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title names the step that most are lost before.
        as_of: Last day of the data.
    """
    where = "charts.channels.way"
    frames.need(frame, ["place", "from_step", "step", "at_risk", "rate", "low", "high"], where)
    rows = frame[(frame["place"] > 0) & np.isfinite(frames.numbers(frame, "rate"))]
    frames.need(rows, (), where)
    lost = frames.numbers(rows, "at_risk") * (1 - frames.numbers(rows, "rate"))
    worst = rows.iloc[int(np.argmax(lost))]
    shades = [colours.ACCENT if step != worst["step"] else colours.BAD for step in rows["step"]]
    names = [step_words(step).render(lang) for step in rows["step"]]
    made = figure(
        title=title or word("channels.way.title", step=step_words(worst["step"]),
                            rate=float(worst["rate"])),
        subtitle=t("channels.way.subtitle", lang),
        foot=foot(lang, n=float(rows["at_risk"].iloc[0]), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    values = [fmt.share(float(x), lang) for x in rows["rate"]]
    laid.dots(made, rows, "rate", names, shades, values, lang, shares=True)
    return made


@chart
def ranking(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    outcome: str = "retained_90",
    currency: str = "CNY",
) -> Chart:
    """Return segments adjusted and drawn in, with the probability of being the best.

    Args:
        frame: `models.ranked_segments`: segment, people, mean, value, low, high, best, flagged.
        lang: "en" or "zh".
        narrow: The form for phones: 8 segments; otherwise 12.
        title: The finding; without it the title says how sure the first place is.
        as_of: Last day of the data.
        outcome: One of `metrics.newcomers.OUTCOMES`.
        currency: ISO code of amounts.
    """
    where = "charts.channels.ranking"
    frames.need(frame, ["segment", "people", "mean", "value", "low", "high", "best"], where)
    known = frame[np.isfinite(frames.numbers(frame, "value"))]
    frames.need(known, (), where)
    rows = known.head(laid.MOST[narrow]).reset_index(drop=True)
    money = outcome.startswith("margin")
    best = rows.iloc[0]
    sure = "title" if best["best"] >= LEVEL else "title_open"
    made = figure(
        title=title or word(f"channels.ranking.{sure}", segment=str(best["segment"]),
                            best=float(best["best"])),
        subtitle=t(f"channels.ranking.{outcome}", lang),
        foot=foot(lang, n=float(known["people"].sum()), as_of=as_of, level=LEVEL,
                  extra=[laid.not_shown(len(known) - len(rows), lang)]),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow, extra=2.2),
    )  # fmt: skip
    flagged = frames.flags(rows, "flagged")
    above = frames.numbers(rows, "difference") > 0
    shades = [
        colours.GREY if not sign else (colours.GOOD if up else colours.BAD)
        for sign, up in zip(flagged, above, strict=True)
    ]
    ax = made.add_subplot()
    value, low, high, mean = (frames.numbers(rows, x) for x in ("value", "low", "high", "mean"))
    for place, shade in enumerate(shades):
        ax.plot(mean[place], place, "o", color=colours.QUIET, markersize=4, fillstyle="none")
        laid.mark(ax, place, (low[place], high[place]), value[place], shade)
    laid.name(ax, [str(name) for name in rows["segment"]])
    steps_ = 3 if narrow else 6
    if money:
        axes.number_axis(ax, lambda x: fmt.money(x, lang, currency), axis="x", steps=steps_)
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(steps_))
        shown = [fmt.money(x, lang, currency) for x in value]
    else:
        axes.share_axis(ax, lang, axis="x", steps=steps_)
        shown = [fmt.share(x, lang) for x in value]
    axes.keep_right(made, 104)
    axes.keep_top(made, 14)
    settle(made)
    axes.beside(ax, 50, "", list(enumerate(shown)), top=-0.6)
    chance = [fmt.share(float(x), lang, decimals=0) for x in rows["best"]]
    axes.beside(ax, 98, t("channels.ranking.best", lang), list(enumerate(chance)), top=-0.6)
    return made


@chart
def funnel_plot(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    outcome: str = "retained_90",
) -> Chart:
    """Return the rate of each segment against its size, with what luck alone would do.

    Spiegelhalter 2005 (Statistics in Medicine 24): inside the limits a segment differs from the
    rate of all by no more than chance, however it ranks. The limits take people as independent, so
    a segment counts as beyond luck only where the comparison that heeds chat groups says so, too.

    Args:
        frame: `models.ranked_segments` of a yes-or-no outcome: segment, people, mean, flagged.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title counts the segments beyond the outer limits.
        as_of: Last day of the data.
        outcome: One of the yes-or-no `metrics.newcomers.OUTCOMES`.
    """
    where = "charts.channels.funnel_plot"
    frames.need(frame, ["segment", "people", "mean", "flagged"], where)
    rows = frame[np.isfinite(frames.numbers(frame, "mean"))].reset_index(drop=True)
    frames.need(rows, (), where)
    n, rate = frames.numbers(rows, "people"), frames.numbers(rows, "mean")
    whole = float((n * rate).sum() / n.sum())
    grid = np.geomspace(n.min() * 0.9, n.max() * 1.1, 200)
    widths = [quantile(level) * np.sqrt(whole * (1 - whole) / grid) for level in _LIMITS]
    error = np.sqrt(whole * (1 - whole) / n)
    outside = np.abs(rate - whole) > quantile(_LIMITS[1]) * error
    outside &= frames.flags(rows, "flagged")
    made = figure(
        title=title or word("channels.funnel_plot.title", out=int(outside.sum()), of=len(rows)),
        subtitle=t(f"channels.funnel_plot.{outcome}", lang),
        foot=foot(lang, n=float(n.sum()), as_of=as_of,
                  extra=[t("channels.funnel_plot.limits", lang)]),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    for width, shade in zip(reversed(widths), (0.2, 0.45), strict=True):
        ax.fill_between(grid, np.clip(whole - width, 0, 1), np.clip(whole + width, 0, 1),
                        color=colours.mix(colours.GREY, shade), linewidth=0)  # fmt: skip
    ax.axhline(whole, color=colours.QUIET, linewidth=0.9)
    ax.plot(n[~outside], rate[~outside], "o", color=colours.QUIET, markersize=6)
    ax.plot(n[outside], rate[outside], "o", color=colours.ACCENT, markersize=7)
    ax.set_xscale("log")
    ax.set_xlim(grid[0], grid[-1])
    axes.share_axis(ax, lang)
    ticks = [tick for tick in (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000)
             if grid[0] <= tick <= grid[-1]]  # fmt: skip
    ax.set_xticks(ticks, [fmt.number(float(tick), lang) for tick in ticks], size=made.size())
    ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    ax.set_xlabel(t("channels.funnel_plot.axis", lang), size=made.size("small"), loc="left")
    settle(made)
    far = np.argsort(-np.abs(rate - whole) / error)[: 3 if narrow else 6]
    for place in far[outside[far]]:
        # Right of the middle there is room to the left only.
        left = np.log(n[place] / grid[0]) > 0.5 * np.log(grid[-1] / grid[0])
        ax.annotate(
            labels.name(rows["segment"].iloc[place], 80, made.size("small")),
            (n[place], rate[place]), xytext=(-7 if left else 7, 4), textcoords="offset points",
            size=made.size("small"), color=colours.INK, ha="right" if left else "left",
        )  # fmt: skip
    return made


@chart
def payback(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return what a member has left by age, in times of what winning one cost.

    Args:
        frame: `metrics.margin_curves`: channel, age, at_risk, margin, low, high, cost; the five
            channels with most members are drawn.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title counts the channels that have paid back.
        as_of: Last day of the data.
    """
    where = "charts.channels.payback"
    frames.need(frame, ["channel", "age", "at_risk", "margin", "low", "high", "cost"], where)
    rows = frame[np.isfinite(frames.numbers(frame, "margin")) & (frames.numbers(frame, "cost") > 0)]
    frames.need(rows, (), where)
    sizes = rows.groupby("channel")["at_risk"].max().sort_values(ascending=False, kind="stable")
    top = list(sizes.index[:_MOST_CURVES])
    shades = colours.by_name(top)
    paid = sum(bool((one["margin"] >= one["cost"]).any()) for _, one in rows.groupby("channel"))
    made = figure(
        title=title or word("channels.payback.title", paid=paid, of=len(sizes)),
        subtitle=t("channels.payback.subtitle", lang),
        foot=foot(lang, n=float(sizes.sum()), as_of=as_of, level=LEVEL,
                  extra=[laid.not_shown(len(sizes) - len(top), lang)]),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    ends = []
    for name in top:
        one = rows[rows["channel"] == name].sort_values("age")
        x, cost = one["age"].to_numpy(dtype=float), one["cost"].to_numpy(dtype=float)
        y, low, high = (one[end].to_numpy(dtype=float) / cost for end in ("margin", "low", "high"))
        ax.fill_between(x, low, high, color=shades[name], alpha=0.14, linewidth=0)
        ax.plot(x, y, color=shades[name], linewidth=2.2)
        shown = labels.name(name, 66 if narrow else 130, made.size(), lines=2)
        ends.append(axes.End(float(x[-1]), float(y[-1]), shown, shades[name]))
    ax.axhline(1, color=colours.QUIET, linewidth=1, linestyle=(0, (4, 3)))
    ax.set_xlim(0.8, float(rows["age"].max()) + 0.2)
    axes.number_axis(ax, lambda x: t("channels.payback.times", lang, k=fmt.number(x, lang)))
    axes.period_axis(ax, int(rows["age"].max()), "month", lang, first=1)
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    axes.label_ends(ax, ends)
    return made
