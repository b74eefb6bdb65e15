"""Charts and tables of notebook 04 on what lies ahead by segment, and by rule of thumb."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from great_tables import GT

from commlab.charts import axes, colours, frames, rows as laid, tables
from commlab.charts.segments import column_name
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.charts.tables import Cell, Column
from commlab.estimate import LEVEL
from commlab.text import Words, escape, fmt, has, lookup, t, word


@chart
def newcomers(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    weeks: int = 52,
    shown_better: bool = True,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
) -> Chart:
    """Return what a newcomer to each segment is expected to buy again, small segments drawn in.

    Args:
        frame: From `models.segment_forecast`: segment, buyers, newcomer, newcomer_low,
            newcomer_high, newcomer_pooled, status.
        lang: "en" or "zh".
        narrow: The form for phones: 8 rows; otherwise 12.
        weeks: Weeks ahead; the notebook's default unless said.
        shown_better: Whether telling segments apart was shown to foretell better; if not, the
            title names no segment.
        title: The finding; without it the title names the first segment whose interval leaves
            out the newcomer of all.
        as_of: Last day of the data.
    """
    needed = ["segment", "buyers", "newcomer", "newcomer_low", "newcomer_high", "newcomer_pooled"]
    frames.need(frame, needed, "charts.ltv_outlook.newcomers")
    rows = frame[frames.status(frame) == "ok"]
    rows = rows.sort_values(["newcomer", "segment"], ascending=[False, True])
    rows = rows.reset_index(drop=True)
    frames.need(rows, (), "charts.ltv_outlook.newcomers")
    rest = max(0, len(rows) - laid.MOST[narrow])
    people = float(np.nansum(frames.numbers(rows, "buyers")))
    shown = rows.head(laid.MOST[narrow])
    value, low, high, pooled = (
        frames.numbers(shown, name)
        for name in ("newcomer", "newcomer_low", "newcomer_high", "newcomer_pooled")
    )
    apart = (low > pooled) | (high < pooled)
    found = word("ltv.outlook.title_none")
    if not shown_better:
        found = word("ltv.outlook.title_open")
    elif apart.any():
        first = int(np.flatnonzero(apart)[0])
        found = word("ltv.outlook.title", segment=str(shown["segment"].iloc[first]),
                     value=fmt.number(float(value[first]), lang, decimals=1),
                     pooled=fmt.number(float(pooled[first]), lang, decimals=1))  # fmt: skip
    made = figure(
        title=title or found,
        subtitle=t("ltv.outlook.subtitle", lang, weeks=weeks),
        foot=foot(lang, n=people, unit="buyers", as_of=as_of, level=LEVEL,
                  extra=[laid.not_shown(rest, lang)]),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(shown), narrow),
    )  # fmt: skip
    ax = made.add_subplot()
    ax.axvline(float(pooled[0]), color=colours.QUIET, linewidth=0.9, dashes=(4, 2))
    for place in range(len(shown)):
        shade = colours.ACCENT if apart[place] else colours.GREY
        laid.mark(ax, place, (low[place], high[place]), value[place], shade)
    laid.name(ax, [str(name) for name in shown["segment"]])
    axes.number_axis(ax, lambda x: fmt.number(x, lang, decimals=1), axis="x",
                     steps=3 if narrow else 6)  # fmt: skip
    axes.keep_right(made, 52)
    axes.keep_top(made, made.size("small"))
    settle(made)
    counts = [fmt.number(number, lang) for number in frames.numbers(shown, "buyers")]
    axes.beside(ax, 46, t("common.column.n", lang), list(enumerate(counts)), top=-0.6)
    return made


def by_segment(
    frame: pd.DataFrame, *, lang: str, by: str, weeks: int, title: str | Words | None = None
) -> GT:
    """Return expected purchases by segment: of its buyers, of a newcomer, and without segments.

    Args:
        frame: From `models.segment_forecast`.
        lang: "en" or "zh".
        by: What tells segments apart: a key under `[column]` of the common texts.
        weeks: Weeks ahead.
        title: Head of the table.
    """
    needed = ["segment", "buyers", "value", "low", "high", "pooled", "newcomer"]
    frames.need(frame, needed, "charts.ltv_outlook.by_segment")
    columns = [
        Column(column_name(by, lang), tables.text("segment"), False),
        Column(t("ltv.segments.buyers", lang), tables.count("buyers")),
        Column(t("ltv.outlook.value", lang), _figure("value", "low", "high")),
        Column(t("ltv.outlook.pooled", lang), _figure("pooled")),
        Column(t("ltv.outlook.newcomer", lang),
               _figure("newcomer", "newcomer_low", "newcomer_high")),
    ]  # fmt: skip
    return tables.build(
        frame,
        columns,
        name=f"ltv.outlook.{by}",
        title=title or t(f"ltv.outlook.head_{by}", lang, weeks=weeks),
        note=lookup("ltv.outlook.note", lang),
        lang=lang,
    )


def errors(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what a rule of thumb said on earlier days, and what came.

    Args:
        frame: `SimpleProjection.errors`: cutoff, customers, actual, predicted, bias.
        lang: "en" or "zh".
        title: Head of the table.
    """
    needed = ["cutoff", "customers", "actual", "predicted", "bias"]
    frames.need(frame, needed, "charts.ltv_outlook.errors")

    def day(row: pd.Series, lang: str) -> str:
        return escape(fmt.date(row["cutoff"], lang))

    columns = [
        Column(t("ltv.simple.cutoff", lang), day, False),
        Column(t("ltv.segments.buyers", lang), tables.count("customers")),
        Column(t("ltv.methods.predicted", lang), tables.count("predicted")),
        Column(t("ltv.methods.actual", lang), tables.count("actual")),
        Column(t("ltv.methods.bias", lang), tables.points("bias")),
    ]
    return tables.build(
        frame, columns, name="ltv.simple", title=title or lookup("ltv.simple.head", lang), lang=lang
    )


def _figure(name: str, low: str = "", high: str = "") -> Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(name)
        if value is None or pd.isna(value):
            key = f"common.status.{row.get('status')}"
            text = lookup(key, lang) if has(key) else fmt.MISSING
            return f'<span class="quiet">{escape(text)}</span>'
        told = escape(fmt.number(float(value), lang, decimals=2))
        if not low:
            return told
        ends = "–".join(fmt.number(float(row[end]), lang, decimals=2) for end in (low, high))
        return f'{told} <span class="interval">{escape(f"({ends})")}</span>'

    return cell
