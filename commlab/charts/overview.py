"""Chart and tables of the overview: sales by month, growth accounting, targets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from great_tables import GT

from commlab.charts import axes, bars, colours, frames, tables
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.charts.tables import Column
from commlab.config import Festival
from commlab.estimate import Estimate
from commlab.text import Words, escape, fmt, has, t, word

_MOST = {False: 18, True: 12}  # months drawn
_VERDICTS = {
    "beyond": ("●", "overview.changes.beyond", "watch"),
    "exact": ("■", "overview.changes.exact", "quiet"),
    "noise": ("○", "common.status.chance", "quiet"),
    "same": ("–", "common.change.same", "quiet"),
}
_STATES = {
    "reached": ("✓", "overview.targets.reached", "good"),
    "missed": ("✗", "overview.targets.missed", "bad"),
    "open": ("○", "overview.targets.open", "watch"),
    "unknown": ("–", "overview.targets.unknown", "quiet"),
}


@chart
def sales(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    currency: str = "CNY",
    festivals: Sequence[Festival] = (),
) -> Chart:
    """Return net revenue by month.

    Args:
        frame: `metrics.monthly_sales`.
        lang: "en" or "zh".
        narrow: The form for phones: 12 months; otherwise 18.
        title: The finding; without it the title reads out the last full month.
        as_of: Last day of the data.
        currency: ISO code of the amounts.
        festivals: Marked as bands.
    """
    where = "charts.overview.sales"
    frames.need(frame, ["month", "orders", "buyers", "returning", "net", "complete"], where)
    rows = frame.tail(_MOST[narrow]).reset_index(drop=True)
    full = rows[frames.flags(rows, "complete")]
    frames.need(full, (), where)
    last = full.iloc[-1]
    buyers = float(last["buyers"]) if pd.notna(last["buyers"]) else 0.0
    again = float(last["returning"]) / buyers if buyers else 0.0
    made = figure(
        title=title or word("overview.sales.title", month=pd.Timestamp(last["month"]).date(),
                            net=float(last["net"]), again=again, currency=currency),
        subtitle=t("overview.sales.subtitle", lang),
        foot=foot(lang, n=float(frames.numbers(rows, "orders").sum()), unit="orders", as_of=as_of),
        lang=lang,
        narrow=narrow,
    )  # fmt: skip
    ax = made.add_subplot()
    net, over = frames.numbers(rows, "net"), frames.flags(rows, "complete")
    place = np.arange(len(rows))
    ax.bar(place[over], net[over], width=0.7, color=colours.ACCENT)
    if (~over).any():
        ax.bar(place[~over], net[~over], width=0.7, color=colours.PALE, hatch="////",
               edgecolor=colours.HATCH, linewidth=0)  # fmt: skip
    ax.set_xlim(-0.6, len(rows) - 0.4)
    axes.number_axis(ax, lambda x: fmt.money(x, lang, currency))
    if festivals:
        axes.keep_top(made, 2.2 * made.size("small"))
    settle(made)
    days = frames.days(rows, "month")
    axes.fit_ticks(ax, [float(k) for k in place],
                   [fmt.period(day, "month", lang, short=True) for day in days])  # fmt: skip
    axes.festival_bands(ax, festivals, lambda day: bars.place(days, "month", day), lang)
    return made


def accounting(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return growth accounting, the latest period first.

    Args:
        frame: `metrics.lifecycle`, whose books `metrics.growth_accounting` has closed.
        lang: "en" or "zh".
        title: Head of the table.
    """
    names = ["new", "activated_late", "resurrected", "dormant", "left", "active"]
    frames.need(frame, ["period", "status", *names], "charts.overview.accounting")
    rows = frame.assign(before=frame["active"].shift())
    rows = rows[(frames.status(rows) != "open") & rows["before"].notna()]
    frames.need(rows, (), "charts.overview.accounting")

    def period(row: pd.Series, lang: str) -> str:
        return escape(fmt.period(pd.Timestamp(row["period"]).date(), "month", lang))

    columns = [Column(t("overview.accounting.period", lang), period, False)]
    columns += [
        Column(t(f"overview.accounting.{name}", lang), tables.count(name))
        for name in ("before", *names)
    ]
    return tables.build(
        rows.iloc[::-1], columns, name="overview.accounting", lang=lang,
        title=title or t("overview.accounting.title", lang),
        note=t("overview.accounting.note", lang),
    )  # fmt: skip


def targets(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return the targets of the workspace, and what was reached.

    Args:
        frame: `report.targets`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["key", "unit", "target", "value", "chance", "status"], "overview.targets")

    def shown(column: str) -> tables.Cell:
        def cell(row: pd.Series, lang: str) -> str:
            if pd.isna(row[column]) or not row["unit"]:
                return escape(fmt.MISSING if pd.isna(row[column]) else f"{row[column]:g}")
            one = Estimate(value=float(row[column]), unit=str(row["unit"]))
            return escape(fmt.value(one, lang, currency=currency))

        return cell

    columns = [
        Column(t("overview.targets.figure", lang), _named, False),
        Column(t("overview.targets.target", lang), shown("target")),
        Column(t("overview.targets.value", lang), shown("value")),
        Column(t("overview.targets.chance", lang), tables.share("chance", bar=True)),
        Column(t("common.column.verdict", lang), tables.mark("status", _STATES), False),
    ]
    return tables.build(
        frame, columns, name="overview.targets", lang=lang,
        title=title or t("overview.targets.title", lang), note=t("overview.targets.note", lang),
    )  # fmt: skip


def changes(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what changed since the last run, figure by figure.

    Args:
        frame: The first of `report.changes`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    names = ["key", "unit", "before", "after", "change", "change_low", "change_high", "verdict"]
    frames.need(frame, names, "charts.overview.changes")

    def one(name: str) -> tables.Cell:
        def cell(row: pd.Series, lang: str) -> str:
            found = Estimate(value=float(row[name]), unit=str(row["unit"]))
            return escape(fmt.value(found, lang, currency=currency))

        return cell

    def moved(row: pd.Series, lang: str) -> str:
        low, high = (None if pd.isna(row[end]) else float(row[end])
                     for end in ("change_low", "change_high"))  # fmt: skip
        unit = str(row["unit"])
        change = Estimate(value=float(row["change"]), low=low, high=high, unit=unit)
        return escape(fmt.difference(change, lang, currency=currency))

    columns = [
        Column(t("overview.targets.figure", lang), _named, False),
        Column(t("overview.changes.before", lang), one("before")),
        Column(t("overview.changes.after", lang), one("after")),
        Column(t("overview.changes.change", lang), moved),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]
    return tables.build(
        frame, columns, name="overview.changes", lang=lang,
        title=title or t("overview.changes.title", lang), note=t("overview.changes.note", lang),
    )  # fmt: skip


def _named(row: pd.Series, lang: str) -> str:
    topic, _, name = str(row["key"]).partition(".")
    key = f"{topic}.card.{name.replace('.', '_')}"
    return escape(t(key, lang) if has(key) else str(row["key"]))
