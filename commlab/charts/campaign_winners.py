"""Charts of notebook 08 on selection and time: regression to the mean, the halves, several arms."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from great_tables import GT

from commlab.charts import axes, colours, frames, rows as laid, tables
from commlab.charts.campaign_cells import difference, p_value, scale, signed
from commlab.charts.style import Chart, chart, figure, foot, settle
from commlab.charts.tables import Column
from commlab.estimate import LEVEL
from commlab.text import Words, fmt, t, word

_APART = 0.18  # rows between the two sides of a band, so that both intervals are seen


@chart
def winners(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    unit: str = "orders",
    currency: str = "CNY",
) -> Chart:
    """Return how people picked by their month before go back to the mean, treated or not.

    Args:
        frame: `ReturnToMean.table`: band, more, side, people, before, now, low, high.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says what became of those who had bought most.
        as_of: Last day of the data.
        unit: Unit of the figures, a person.
        currency: ISO code of money.
    """
    where = "charts.campaign.winners"
    frames.need(frame, ["band", "more", "side", "people", "before", "now", "low", "high"], where)
    rows = frame[frame["now"].notna()].reset_index(drop=True)
    frames.need(rows, (), where)
    kind, times = "money" if unit == "money" else "orders", scale(unit)
    bands = sorted(rows["band"].unique(), reverse=True)
    top = rows[(rows["band"] == bands[0]) & (rows["side"] == "alone")]
    kept = float(top["now"].iloc[0] / top["before"].iloc[0]) if len(top) else np.nan
    # Said only where the interval says so too.
    falls = np.isfinite(kept) and bool(top["high"].iloc[0] < top["before"].iloc[0])
    made = figure(
        title=title or (word("campaign.winners.title_falls", share=1 - kept) if falls
                        else word("campaign.winners.title")),
        subtitle=t(f"campaign.winners.subtitle_{kind}", lang),
        foot=foot(lang, n=float(rows["people"].sum()), unit="people", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(2 * len(bands), narrow, extra=2.3),
    )  # fmt: skip
    ax = made.add_subplot()
    for place, band in enumerate(bands):
        for side, shade, shift in (("alone", colours.INK, -_APART),
                                   ("treated", colours.ACCENT, _APART)):  # fmt: skip
            row = rows[(rows["band"] == band) & (rows["side"] == side)]
            if row.empty:
                continue
            before, now, low, high = (float(row[name].iloc[0]) * times
                                      for name in ("before", "now", "low", "high"))  # fmt: skip
            ax.plot([before, now], [place + shift] * 2, color=colours.GREY, linewidth=1,
                    linestyle=(0, (2, 2)))  # fmt: skip
            laid.mark(ax, place + shift, (low, high), now, shade)
            ax.plot(before, place + shift, "o", color=colours.GREY, markersize=6.5,
                    markerfacecolor=colours.CARD)  # fmt: skip
    more = rows.groupby("band")["more"].first()
    names = [t(f"campaign.band.{'more' if more[band] else 'exactly'}", lang, k=int(band))
             for band in bands]  # fmt: skip
    laid.name(ax, names, room=(92, 190))
    axes.number_axis(ax, lambda x: fmt.money(x, lang, currency) if kind == "money"
                     else fmt.number(x, lang), axis="x", steps=3 if narrow else 6)  # fmt: skip
    axes.keep_top(made, 2.7 * made.size("small") + 4)
    settle(made)
    marks = {"before": colours.GREY, "alone": colours.INK, "treated": colours.ACCENT}
    axes.label_row(ax, [(t(f"campaign.winners.{name}", lang), shade)
                        for name, shade in marks.items()])  # fmt: skip
    return made


@chart
def halves(
    frame: pd.DataFrame,
    *,
    lang: str,
    narrow: bool = False,
    title: str | Words | None = None,
    as_of: dt.date | None = None,
    way: str = "none",
    currency: str = "CNY",
) -> Chart:
    """Return what a campaign added in its first half, in its second, and the change.

    Args:
        frame: `Novelty.table`: half, value, low, high, people, unit.
        lang: "en" or "zh".
        narrow: The form for phones.
        title: The finding; without it the title says whether it wore off.
        as_of: Last day of the data.
        way: `Novelty.way`.
        currency: ISO code of money.
    """
    where = "charts.campaign.halves"
    frames.need(frame, ["half", "value", "low", "high", "people", "unit"], where)
    rows = frame[frame["value"].notna()].reset_index(drop=True)
    frames.need(rows, (), where)
    unit = str(rows["unit"].iloc[0])
    for name in ("value", "low", "high"):
        rows[name] = frames.numbers(rows, name) * scale(unit)
    kind = "money" if unit == "money" else "orders"
    made = figure(
        title=title or word(f"campaign.halves.title_{way}"),
        subtitle=t(f"campaign.halves.subtitle_{kind}", lang),
        foot=foot(lang, n=float(rows["people"].max()), unit="people", as_of=as_of, level=LEVEL),
        lang=lang,
        narrow=narrow,
        height=laid.height(len(rows), narrow, extra=2.1),
    )
    names = [t(f"campaign.halves.{name}", lang) for name in rows["half"]]
    shades = [colours.INK if name == "change" else colours.ACCENT for name in rows["half"]]
    shown = [signed(x / scale(unit), unit, lang, currency) for x in rows["value"]]
    ax = laid.dots(made, rows, "value", names, shades, shown, lang, zero=True)
    axes.number_axis(ax, lambda x: signed(x / scale(unit), unit, lang, currency), axis="x",
                     steps=3 if narrow else 6)  # fmt: skip
    return made


def arms_table(
    frame: pd.DataFrame, *, lang: str, unit: str = "orders", currency: str = "CNY",
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return every arm against the control arm, and how likely it is the best of all.

    Args:
        frame: `models.best_arm`: arm, people, difference, low, high, p_adjusted, best.
        lang: "en" or "zh".
        unit: Unit of the metric.
        currency: ISO code of money.
        title: Head of the table.
    """
    need = ["arm", "people", "difference", "low", "high", "p_adjusted", "best"]
    frames.need(frame, need, "charts.campaign.arms_table")
    kind = "money" if unit == "money" else "orders"
    reason = frame["reason"].where(frame["status"] != "control", "campaign.arms.control")
    columns = [
        Column(t("campaign.table.arm", lang), tables.text("arm"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t(f"campaign.table.difference_{kind}", lang),
               difference("difference", currency=currency)),
        Column(t("campaign.table.p", lang), p_value("p_adjusted")),
        Column(t("campaign.table.best", lang), tables.share("best")),
    ]  # fmt: skip
    return tables.build(
        frame.assign(unit=unit, reason=reason), columns, name="campaign.arms", lang=lang,
        title=title or t("campaign.arms.title", lang), note=t("campaign.arms.note", lang),
    )  # fmt: skip
