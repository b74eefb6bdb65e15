"""Charts of notebook 11 on layers: what each buys next, its size by month, moves, the RFM grid.

The tables on the same things are here by name too.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab.charts import axes, colours, frames, rows as laid, squares
from commlab.charts.layers_tables import (
    cells,
    cuts,
    layer_name,
    layers,
    moved,
    profile,
    tier_moved,
    tiers,
)
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.estimate import LEVEL
from commlab.metrics.layers import LAYERS
from commlab.text import Words, fmt, has, t, word

__all__ = [
    "cells", "cuts", "grid", "layers", "months", "moved", "moves", "profile", "tier_moved",
    "tiers", "worth",
]  # fmt: skip

# Who buys in the accent, who is overdue in warm colours, who never bought in blues, gone in grey.
_SHADES = {
    "loyal": colours.ACCENT, "steady": "#5fa8a3", "fading": "#d55e00", "lapsed": "#e69f00",
    "quiet": "#f0cf8a", "prospect": "#0072b2", "silent": "#9cc9e6", "active": colours.ACCENT,
    "still": "#9cc9e6", "overdue": "#e69f00", "unbought": "#9cc9e6", "gone": colours.GREY,
}  # fmt: skip
# From the bottom up: those who buy at the zero line, where their share can be read.
_STACK = ("loyal", "steady", "fading", "lapsed", "quiet", "overdue", "active", "prospect",
          "silent", "unbought", "still",
          "gone")  # fmt: skip


@chart
def worth(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    days: int = 90,
    currency: str = "CNY",
) -> Chart:
    """Return what members of each layer went on to spend, with intervals.

    Args:
        frame: `metrics.layer_table`; layers with too few are left out.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title reads out the layer that spends most.
        as_of: Last day of the data.
        days: Days of what followed.
        currency: ISO code of amounts.
    """
    where = "charts.layers.worth"
    frames.need(frame, ["segment", "people", "at_risk", "net_per_member", "net_low", "net_high"],
                where)  # fmt: skip
    known = np.isfinite(frames.numbers(frame, "net_per_member"))
    rows = frame[known & (frame["segment"] != "gone")].reset_index(drop=True)
    frames.need(rows, (), where)
    rows = rows.assign(value=rows["net_per_member"], low=rows["net_low"], high=rows["net_high"])
    best = rows.loc[rows["value"].astype(float).idxmax()]
    made = figure(
        title=title or word("segments.worth.title", layer=word(f"segments.layer.{best['segment']}"),
                            net=float(best["value"]), days=days, currency=currency),
        subtitle=t("segments.worth.subtitle", lang, days=days),
        foot=foot(lang, n=float(frames.numbers(rows, "at_risk").sum()), as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow),
    )  # fmt: skip
    ax = made.add_subplot()
    value, low, high = (frames.numbers(rows, name) for name in ("value", "low", "high"))
    for place, name in enumerate(rows["segment"]):
        laid.mark(ax, place, (low[place], high[place]), value[place], _SHADES[str(name)])
    laid.name(ax, [layer_name(str(name), lang) for name in rows["segment"]], room=(100, 190))
    ax.set_xlim(left=0)
    axes.number_axis(ax, lambda x: fmt.money(x, lang, currency), axis="x",
                     steps=3 if narrow else 6)  # fmt: skip
    axes.keep_right(made, 58)
    settle(made)
    shown = [(place, fmt.money(float(x), lang, currency)) for place, x in enumerate(value)]
    axes.beside(ax, 52, "", shown, top=-0.6)
    return made


@chart
def months(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return the share of members in each layer at the ends of months.

    Args:
        frame: `metrics.layer_months`.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says what share bought on time at the end.
        as_of: Last day of the data.
    """
    where = "charts.layers.months"
    frames.need(frame, ["month", "segment", "people", "share"], where)
    wide = frame.pivot_table(index="month", columns="segment", values="share").astype(float)
    wide = wide.dropna(axis="index", how="all").fillna(0.0)
    frames.need(wide, (), where)
    there = [name for name in _STACK if name in wide and wide[name].max() > 0]
    last = wide.iloc[-1]
    key = "title" if "steady" in there or "loyal" in there else "title_active"
    share = float(sum(last.get(name, 0.0) for name in ("loyal", "steady", "active")))
    people = frame[frame["month"] == wide.index[-1]]["people"]
    made = figure(
        title=title or word(f"segments.months.{key}", month=pd.Timestamp(wide.index[-1]).date(),
                            share=share),
        subtitle=t("segments.months.subtitle", lang),
        foot=foot(lang, n=float(people.astype(float).sum()), as_of=as_of),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    x, floor, ends = np.arange(len(wide), dtype=float), np.zeros(len(wide)), []
    for name in there:
        part = wide[name].to_numpy()
        ax.bar(x, part, 0.74, bottom=floor, color=_SHADES[name], linewidth=0)
        text = _short(name, lang) if narrow else layer_name(name, lang)
        ends.append(axes.End(x[-1] + 0.37, float(floor[-1] + part[-1] / 2), text, _SHADES[name]))
        floor += part
    ax.set_ylim(0, 1)
    ax.set_xlim(-0.5, len(wide) - 0.5)
    axes.share_axis(ax, lang)
    axes.keep_right_for(made, [end.text for end in ends])
    settle(made)
    names = [fmt.period(pd.Timestamp(day).date(), "month", lang, short=True) for day in wide.index]
    axes.fit_ticks(ax, list(range(len(wide))), names)
    axes.label_ends(ax, ends)
    return made


@chart
def moves(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    days: int = 90,
) -> Chart:
    """Return the matrix of moves between layers: of each hundred in a row, how many where.

    Args:
        frame: `metrics.layer_moves`.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says how many valuable buyers were kept.
        as_of: Last day of the data.
        days: Days between the two dates.
    """
    where = "charts.layers.moves"
    frames.need(frame, ["origin", "segment", "at_risk", "went", "rate", "status"], where)
    order = [*LAYERS, "new", "unknown"]
    origins = [name for name in order if name in set(frame["origin"])]
    ends = [name for name in order if name in set(frame["segment"])]
    kept = frame[(frame["origin"] == "loyal") & (frame["segment"] == "loyal")]["rate"].dropna()
    named = word("segments.moves.title_plain", days=days)
    if len(kept):
        named = word("segments.moves.title", share=float(kept.iloc[0]), days=days)
    at_risk = frame.groupby("origin")["at_risk"].max().reindex(origins).astype(float)
    value = frame.pivot_table(index="origin", columns="segment", values="rate")
    value = value.reindex(index=origins, columns=ends).astype(float)
    told = [t("segments.moves.grey", lang)] if value.isna().any(axis=None) else []
    made = figure(
        title=title or named,
        subtitle=t("segments.moves.subtitle", lang),
        foot=foot(lang, n=float(at_risk.sum()), as_of=as_of, extra=told),
        lang=lang,
        narrow=narrow,
        height=0.34 * len(origins) + (2.5 if narrow else 2.0),
    )
    shown = squares.Squares(
        value=value.to_numpy(),
        text=[[squares.percent(x, lang) for x in row] for row in value.to_numpy()],
        below=[],
        rows=[(_short if narrow else layer_name)(name, lang) for name in origins],
        columns=[_short(name, lang) for name in ends],
        people=at_risk.to_numpy(),
        scale=(0.0, 1.0),
    )
    squares.draw(made, shown, head=t("segments.moves.people", lang))
    return made


@chart
def grid(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
) -> Chart:
    """Return the RFM grid: net spend per buyer and buyers by recency and frequency.

    Args:
        frame: `metrics.rfm_grid`.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says what share of the money the best cell brings.
        as_of: Last day of the data.
        currency: ISO code of amounts.
    """
    where = "charts.layers.grid"
    need = ["recency", "frequency", "buyers", "share", "mean", "share_value"]
    frames.need(frame, need, where)
    best = frame.sort_values(["recency", "frequency"]).iloc[-1]
    across = sorted(set(frame["recency"].astype(int)))
    down = sorted(set(frame["frequency"].astype(int)), reverse=True)
    mean, buyers = (
        frame.pivot_table(index="frequency", columns="recency", values=name)
        .reindex(index=down, columns=across).astype(float).to_numpy()
        for name in ("mean", "buyers")
    )  # fmt: skip
    named = None
    if pd.notna(best["share_value"]) and pd.notna(best["share"]):
        named = word("segments.grid.title", share=float(best["share_value"]),
                     people=float(best["share"]))  # fmt: skip
    told = [t("common.foot.grey", lang, words=t("common.status.too_few", lang))]
    made = figure(
        title=title or named or word("segments.grid.title_plain"),
        subtitle=t("segments.grid.subtitle", lang),
        foot=foot(lang, n=float(np.nansum(buyers)), unit="buyers", as_of=as_of,
                  extra=told if np.isnan(mean).any() else []),
        lang=lang,
        narrow=narrow,
        height=0.5 * len(down) + (2.4 if narrow else 1.9),
    )  # fmt: skip
    shown = squares.Squares(
        value=mean,
        text=[[fmt.money(x, lang, currency) for x in row] for row in mean],
        below=[[fmt.number(x, lang) if np.isfinite(x) else "" for x in row] for row in buyers],
        rows=[str(score) for score in down],
        columns=[str(score) for score in across],
        people=None,
        scale=(0.0, float(np.nanmax(mean)) if np.isfinite(mean).any() else 1.0),
    )
    ax = squares.draw(made, shown, head="")
    ax.set_xlabel(t("segments.grid.axis_recency", lang), size=made.size("small"), loc="left")
    ax.set_ylabel(t("segments.grid.axis_frequency", lang), size=made.size("small"))
    return made


def _short(name: str, lang: str) -> str:
    key = f"segments.short.{name}"
    return t(key, lang) if has(key) else name
