"""Charts of notebook 08 on whom to treat: Qini, uplift by tenth, profit by share treated."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames
from commlab.charts.campaign_cells import signed
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL, Estimate
from commlab.text import Words, fmt, t, word

RESPONSE = "response"


@chart
def qini(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    seen: bool = False,
    people: int | None = None,
    unit: str = "money",
    metric: str = "margin",
    currency: str = "CNY",
) -> Chart:
    """Return what treating the first of a ranking gains, against as many drawn at random.

    Args:
        frame: `Targeting.curve`: ranking, share, gain, random, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says whether people can be told apart.
        as_of: Last day of the data.
        seen: Whether the first ranking is beyond chance better than a random one.
        people: People behind it.
        unit: Unit of the gain, a person.
        metric: What was learnt: "margin" or "revenue".
        currency: ISO code of money.
    """
    frames.need(frame, ["ranking", "share", "gain", "random", "low", "high"],
                "charts.campaign.qini")  # fmt: skip
    first = str(frame["ranking"].iloc[0])
    made = _made("qini", "title_seen" if seen else "title_none", title, lang, narrow, people, as_of,
                 kind=metric)  # fmt: skip
    ax = made.add_subplot()
    one = frame[frame["ranking"] == first]
    share = frames.numbers(one, "share")
    ax.fill_between(share, frames.numbers(one, "low"), frames.numbers(one, "high"),
                    color=colours.ACCENT, alpha=0.14, linewidth=0)  # fmt: skip
    ends = []
    random = frames.numbers(one, "random")
    ax.plot(share, random, color=colours.QUIET, linewidth=1.2, dashes=(4, 3))
    drawn = [(first, colours.ACCENT, 2.2), (RESPONSE, colours.GREY, 1.6)]
    for name, shade, width in drawn:
        rows = frame[frame["ranking"] == name]
        if len(rows):
            gain = frames.numbers(rows, "gain")
            ax.plot(share, gain, color=shade, linewidth=width)
            said = "learner" if name == first else name
            ends.append((t(f"campaign.ranking.{said}", lang), shade))
    ends.append((t("campaign.ranking.random", lang), colours.QUIET))
    ax.set_xlim(0, 1)
    _axes(ax, lang, unit, currency, "qini")
    axes.keep_top(made, 2.7 * made.size("small") + 4)
    settle(made)
    axes.label_row(ax, ends)
    return made


@chart
def profit(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    best: float | None = None,
    earned: Estimate | None = None,
    people: int | None = None,
    unit: str = "money",
    metric: str = "margin",
    currency: str = "CNY",
) -> Chart:
    """Return what treating the first of the ranking earns after cost, by share treated.

    The share that earns most was chosen by the curve and is flattered by it: where the curve has
    its top the mark shows what that choice earned on people who did not make it.

    Args:
        frame: `Targeting.curve`: ranking, share, profit, profit_low, profit_high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title gives the share to treat.
        as_of: Last day of the data.
        best: Share to treat.
        earned: What that share earned on people who did not choose it.
        people: People behind it.
        unit: Unit of the gain, a person.
        metric: What was learnt: "margin" or "revenue".
        currency: ISO code of money.
    """
    frames.need(frame, ["ranking", "share", "profit", "profit_low", "profit_high"],
                "charts.campaign.profit")  # fmt: skip
    one = frame[frame["ranking"] == frame["ranking"].iloc[0]]
    made = _made("profit", "title" if best else "title_nobody", title, lang, narrow, people, as_of,
                 kind=metric, share=best or 0.0)  # fmt: skip
    ax = made.add_subplot()
    share, y = frames.numbers(one, "share"), frames.numbers(one, "profit")
    ax.fill_between(share, frames.numbers(one, "profit_low"), frames.numbers(one, "profit_high"),
                    color=colours.ACCENT, alpha=0.14, linewidth=0)  # fmt: skip
    ax.plot(share, y, color=colours.ACCENT, linewidth=2.2)
    ax.axhline(0, color=colours.QUIET, linewidth=0.9)
    if best and earned is not None and earned.ok:
        value, low, high = (float(getattr(earned, end)) for end in ("value", "low", "high"))
        ax.plot([best, best], [low, high], color=colours.INK, linewidth=2)
        ax.plot(best, value, "o", color=colours.INK, markersize=8)
    ax.set_xlim(0, 1)
    _axes(ax, lang, unit, currency, "profit")
    axes.keep_top(made, 2.7 * made.size("small") + 4)
    settle(made)
    axes.label_row(ax, [(t("campaign.profit.curve", lang), colours.ACCENT),
                        (t("campaign.profit.honest", lang), colours.INK)])  # fmt: skip
    return made


@chart
def deciles(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "money",
    currency: str = "CNY",
) -> Chart:
    """Return the difference of the arms by tenth of the ranking, best first.

    Args:
        frame: `Targeting.deciles`: decile, people, uplift, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title counts the tenths that surely gain.
        as_of: Last day of the data.
        unit: Unit of the difference, a person.
        currency: ISO code of money.
    """
    frames.need(frame, ["decile", "people", "uplift", "low", "high"], "charts.campaign.deciles")
    low, high = frames.numbers(frame, "low"), frames.numbers(frame, "high")
    sure = int((low > 0).sum())
    made = _made("deciles", "title", title, lang, narrow, int(frame["people"].sum()), as_of,
                 sure=sure)  # fmt: skip
    ax = made.add_subplot()
    x, y = frames.numbers(frame, "decile"), frames.numbers(frame, "uplift")
    ax.vlines(x, low, high, color=colours.ACCENT, linewidth=2)
    ax.plot(x, y, "o", color=colours.ACCENT, markersize=6.5)
    ax.axhline(0, color=colours.QUIET, linewidth=0.9)
    ax.set_xlim(0.4, 10.6)
    ax.set_xticks(x, [f"{k:g}" for k in x], size=made.size())
    axes.number_axis(ax, lambda value: signed(value, unit, lang, currency))
    ax.set_xlabel(t("campaign.deciles.axis", lang), size=made.size("small"), loc="left")
    return made


def _made(
    name: str, finding: str, title: str | Words | None, lang: str, narrow: bool,
    people: int | None, as_of: dt.date | None, *, kind: str = "", **values: float,
) -> Chart:  # fmt: skip
    return figure(
        title=title or word(f"campaign.{name}.{finding}", **values),
        subtitle=t(f"campaign.{name}.subtitle{f'_{kind}' if kind else ''}", lang),
        foot=foot(lang, n=None if people is None else float(people), unit="people", as_of=as_of,
                  level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip


def _axes(ax: axes.Axes, lang: str, unit: str, currency: str, name: str) -> None:
    made = axes.chart_of(ax)
    axes.number_axis(ax, lambda value: signed(value, unit, lang, currency))
    ax.set_xticks(np.linspace(0, 1, 6), [fmt.share(x, lang) for x in np.linspace(0, 1, 6)],
                  size=made.size())  # fmt: skip
    ax.set_xlabel(t(f"campaign.{name}.axis", lang), size=made.size("small"), loc="left")
