"""Charts of notebook 08: what is claimed of a campaign, the weeks around it, whom it moves.

The tables of that notebook are here by name too.
"""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid
from commlab.charts.campaign_cells import scale, signed
from commlab.charts.campaign_readout_tables import (
    balance,
    deciles_table,
    detectable,
    readout_table,
    segments,
)
from commlab.charts.campaign_tables import checks, claims_table, overview
from commlab.charts.campaign_targeting import deciles, profit, qini
from commlab.charts.campaign_winners import arms_table, halves, winners
from commlab.charts.style import Chart, chart, figure, foot
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

__all__ = [
    "arms_table",
    "balance",
    "checks",
    "claims",
    "claims_table",
    "deciles",
    "deciles_table",
    "detectable",
    "event",
    "halves",
    "null_world",
    "overview",
    "profit",
    "qini",
    "readout_table",
    "segments",
    "winners",
]

_SHADES = {"effect": colours.ACCENT, "association": colours.INK, "naive": colours.GREY}


@chart
def claims(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
) -> Chart:
    """Return the claims of one unit a person as a forest: naive grey, effects in colour.

    Args:
        frame: `Claims.rows`: row, value, low, high, people, unit, status, standing, direction.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the row that carries most.
        as_of: Last day of the data.
        currency: ISO code of money.
    """
    where = "charts.campaign.claims"
    frames.need(frame, ["row", "value", "low", "high", "people", "unit", "standing"], where)
    # Relative gains and money in all are in the table: one axis holds one unit.
    inside = frame["row"].isin(_PER_PERSON) & frame["value"].notna() & frame["low"].notna()
    rows = frame[inside].reset_index(drop=True)
    frames.need(rows, (), where)
    unit = str(rows["unit"].iloc[0])
    for name in ("value", "low", "high"):
        rows[name] = frames.numbers(rows, name) * scale(unit)
    best = rows[rows["row"] != "compliers"].iloc[-1]
    amount = signed(float(best["value"]) / scale(unit), unit, lang, currency)
    told = word(f"campaign.amount.{unit}", value=amount)
    side = "none" if best["low"] <= 0 <= best["high"] else "some"
    finding = f"campaign.claims.title_{best['standing']}_{side}"
    made = figure(
        title=title or word(finding, value=told),
        subtitle=t(f"campaign.claims.subtitle_{'money' if unit == 'money' else 'orders'}", lang),
        foot=foot(lang, n=float(rows["people"].max()), unit="people", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow, extra=2.1),
    )
    names = [t(f"campaign.row.{name}", lang) for name in rows["row"]]
    shades = [_SHADES[str(kind)] for kind in rows["standing"]]
    shown = [signed(x / scale(unit), unit, lang, currency) for x in rows["value"]]
    axes.keep_top(made, 2.0 * made.size("small") + 4)
    ax = laid.dots(made, rows, "value", names, shades, shown, lang, zero=True)
    heads = [(t(f"campaign.standing.{kind}", lang), shade) for kind, shade in _SHADES.items()
             if kind in set(rows["standing"])]  # fmt: skip
    axes.label_row(ax, heads)
    _signed_axis(ax, unit, lang, currency)
    return made


def _signed_axis(ax: axes.Axes, unit: str, lang: str, currency: str) -> None:
    times = scale(unit)
    ax.xaxis.set_major_formatter(
        mpl.ticker.FuncFormatter(lambda x, _: signed(x / times, unit, lang, currency))
    )


_PER_PERSON = ("before_after", "calendar", "difference_in_differences", "event_study",
               "doubly_robust", "intention_to_treat", "cuped", "compliers")  # fmt: skip


@chart
def event(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "orders",
    days: int = 7,
    p: float | None = None,
    currency: str = "CNY",
) -> Chart:
    """Return the difference of both sides span by span, against the last one before.

    Args:
        frame: `EventStudy.table`: period, difference, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says whether both sides moved alike before.
        as_of: Last day of the data.
        unit: Unit of the differences, a person.
        days: Days of a span.
        p: p-value of the spans before being alike.
        currency: ISO code of money.
    """
    where = "charts.campaign.event"
    frames.need(frame, ["period", "difference", "low", "high"], where)
    times = scale(unit)
    x = frames.numbers(frame, "period")
    y, low, high = (frames.numbers(frame, name) * times for name in ("difference", "low", "high"))
    finding = "unknown" if p is None or np.isnan(p) else "alike" if p >= 1 - LEVEL else "apart"
    made = figure(
        title=title or word(f"campaign.event.title_{finding}"),
        subtitle=t(f"campaign.event.subtitle_{'money' if unit == 'money' else 'orders'}", lang,
                   days=days),
        foot=foot(lang, n=None, unit="", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    shades = [colours.ACCENT if now else colours.GREY for now in x == 0]
    ax.axhline(0, color=colours.QUIET, linewidth=0.9)
    ax.axvline(-0.5, color=colours.QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.vlines(x, low, high, color=shades, linewidth=2)
    for place, shade in enumerate(shades):
        face = colours.CARD if x[place] == -1 else shade
        ax.plot(x[place], y[place], "o", color=shade, markersize=6.5, markerfacecolor=face)
    ax.set_xlim(x.min() - 0.6, x.max() + 0.6)
    axes.number_axis(ax, lambda value: signed(value / times, unit, lang, currency))
    words = {0: "now", 1: "after"}
    names = [t(f"campaign.event.{words[int(k)]}", lang) if k in words and not narrow
             else fmt.number(k, lang) for k in x]  # fmt: skip
    ax.set_xticks(x, names, size=made.size())
    ax.set_xlabel(t("campaign.event.axis", lang, days=days), size=made.size("small"), loc="left")
    return made


@chart
def null_world(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return what is read off a made-up campaign that did nothing.

    Args:
        frame: `models.null_example`: row, value, low, high, people.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title gives the gain that would be reported.
        as_of: A day for the foot; as a rule none, because the world is made up.
    """
    frames.need(frame, ["row", "value", "low", "high", "people"], "charts.campaign.null_world")
    rows = frame.reset_index(drop=True)
    reported = float(frames.numbers(rows, "value")[0])
    made = figure(
        title=title or word("campaign.null.title", value=signed(reported, "ratio", lang)),
        subtitle=t("campaign.null.subtitle", lang),
        foot=foot(lang, n=float(rows["people"].max()), unit="people", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow, extra=2.1),
    )
    names = [t(f"campaign.null.{name}", lang) for name in rows["row"]]
    shades = [colours.ACCENT if name == "honest" else colours.GREY for name in rows["row"]]
    shown = [signed(float(x), "ratio", lang) for x in rows["value"]]
    ax = laid.dots(made, rows, "value", names, shades, shown, lang, zero=True)
    _signed_axis(ax, "ratio", lang, "")
    return made
