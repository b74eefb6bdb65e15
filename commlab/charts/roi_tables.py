"""Tables of notebook 12 on money: cost lines, phases, campaigns, scenarios, concentration."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.tables import Cell, Column
from commlab.text import Words, escape, fmt, has, t

_STANDING = {
    "effect": ("●", "roi.standing.effect", "good"),
    "attributed": ("○", "roi.standing.attributed", "quiet"),
}


def named(column: str, key: str) -> Cell:
    """Return a cell writer for a word of the catalogue, or the value itself."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(column)
        if value is None or pd.isna(value):
            return escape(fmt.MISSING)
        found = f"{key}.{value}"
        return escape(t(found, lang) if has(found) else value)

    return cell


def plain(name: str, decimals: int, low: str = "", high: str = "") -> Cell:
    """Return a cell writer for a plain number with its interval."""

    def cell(row: pd.Series, lang: str) -> str:
        if pd.isna(row[name]):
            return escape(fmt.MISSING)
        figure = escape(fmt.number(float(row[name]), lang, decimals=decimals))
        if not low or pd.isna(row[low]):
            return f'<span class="figure">{figure}</span>'
        ends = [fmt.number(float(row[x]), lang, decimals=decimals) for x in (low, high)]
        inner = escape(t("roi.table.ends", lang, low=ends[0], high=ends[1]))
        return f'<span class="figure">{figure}</span> <span class="interval">{inner}</span>'

    return cell


def _days(row: pd.Series, lang: str) -> str:
    days = [pd.Timestamp(row[name]).date() for name in ("starts_on", "ends_on")]
    return escape(t("roi.table.span", lang, first=days[0], last=days[1]))


def costs(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", by: str = "category",
    title: str | Words | None = None,
) -> GT:  # fmt: skip
    """Return what was spent by line, campaign, channel or group.

    Args:
        frame: `metrics.cost_table`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        by: What the rows are.
        title: Head of the table.
    """
    frames.need(frame, ["segment", "spent", "later", "billed", "share"], "roi.costs")
    columns = [
        Column(t(f"roi.by.{by}", lang), named("segment", "roi.line"), False),
        Column(t("roi.table.spent", lang), tables.money("spent", currency)),
        Column(t("common.column.share", lang),
               tables.share("share", bar=True, scale=tables.largest(frame, "share"))),
        Column(t("roi.table.later", lang), tables.money("later", currency)),
        Column(t("roi.table.billed", lang), tables.money("billed", currency)),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name=f"roi.costs.{by}", lang=lang,
        title=title or t("roi.costs.title", lang), note=t("roi.costs.note", lang),
    )  # fmt: skip


def monthly(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return net revenue, margin, cost and net value by month, the latest first.

    Args:
        frame: `metrics.value_months`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["month", "buyers", "net", "margin", "spent", "value"], "roi.monthly")

    def month(row: pd.Series, lang: str) -> str:
        name = fmt.period(pd.Timestamp(row["month"]).date(), "month", lang, short=True)
        over = "" if row["status"] != "open" else f" · {t('common.status.open', lang)}"
        return escape(name + over)

    columns = [
        Column(t("common.column.month", lang), month, False),
        Column(t("roi.table.buyers", lang), tables.count("buyers")),
        Column(t("roi.table.net", lang), tables.money("net", currency)),
        Column(t("roi.table.margin", lang), tables.money("margin", currency)),
        Column(t("roi.table.spent", lang), tables.money("spent", currency)),
        Column(t("roi.table.value", lang),
               tables.amount("value", "value_low", "value_high", currency=currency)),
        Column(t("roi.table.running", lang),
               tables.amount("running", "running_low", "running_high", currency=currency)),
    ]  # fmt: skip
    return tables.build(
        frame.iloc[::-1], columns, name="roi.monthly", lang=lang,
        title=title or t("roi.monthly.title", lang),
    )  # fmt: skip


def phases(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return margin and cost by phase.

    Args:
        frame: `metrics.value_phases`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["starts_on", "ends_on", "days", "value", "per_day"], "roi.phases")
    columns = [
        Column(t("roi.table.phase", lang), _days, False),
        Column(t("roi.table.buyers", lang), tables.count("buyers")),
        Column(t("roi.table.net", lang), tables.money("net", currency)),
        Column(t("roi.table.margin", lang), tables.money("margin", currency)),
        Column(t("roi.table.spent", lang), tables.money("spent", currency)),
        Column(t("roi.table.value", lang),
               tables.amount("value", "low", "high", currency=currency)),
        Column(t("roi.table.per_day", lang),
               tables.amount("per_day", "per_day_low", "per_day_high", currency=currency)),
        Column(t("roi.table.ratio", lang), plain("ratio", 2)),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="roi.phases", lang=lang,
        title=title or t("roi.phases.title", lang), note=t("roi.phases.note", lang),
    )  # fmt: skip


def campaigns(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what each campaign cost and returned, and how that is known.

    Args:
        frame: `models.campaign_returns`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    need = ["campaign", "assigned", "spent", "attributed", "value", "standing", "reason"]
    frames.need(frame, need, "roi.campaigns")

    def added(row: pd.Series, lang: str) -> str:
        if pd.isna(row["value"]):
            return f'<span class="quiet">{escape(t("roi.table.cannot", lang))}</span>'
        return tables.amount("value", "low", "high", currency=currency)(row, lang)

    def how(row: pd.Series, lang: str) -> str:
        told = tables.mark("standing", _STANDING)(row, lang)
        why = f"roi.reason.{row['reason']}"
        if not row["reason"] or not has(why):
            return told
        return f'{told} <span class="quiet">{escape(t(why, lang))}</span>'

    columns = [
        Column(t("common.column.campaign", lang), tables.text("campaign"), False),
        Column(t("roi.table.assigned", lang), tables.count("assigned")),
        Column(t("roi.table.spent", lang), tables.money("spent", currency)),
        Column(t("roi.table.attributed", lang), tables.money("attributed_net", currency)),
        Column(t("roi.table.added", lang), added),
        Column(t("roi.table.how", lang), how, False),
    ]
    return tables.build(
        frame, columns, name="roi.campaigns", lang=lang,
        title=title or t("roi.campaigns.title", lang), note=t("roi.campaigns.note", lang),
    )  # fmt: skip


def scenarios(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return net value under stated assumptions.

    Args:
        frame: `metrics.scenarios`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    frames.need(frame, ["share", "margin", "spent", "value", "low", "high"], "roi.scenarios")
    columns = [
        Column(t("roi.table.added_share", lang), tables.share("share"), False),
        Column(t("roi.table.margin", lang), tables.money("margin", currency)),
        Column(t("roi.table.spent", lang), tables.money("spent", currency)),
        Column(
            t("roi.table.value", lang), tables.amount("value", "low", "high", currency=currency)
        ),
        Column(t("roi.table.ratio", lang), plain("ratio", 2)),
    ]
    return tables.build(
        frame, columns, name="roi.scenarios", lang=lang,
        title=title or t("roi.scenarios.title", lang), note=t("roi.scenarios.note", lang),
    )  # fmt: skip


def concentration(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the share of margin that the top buyers hold.

    Args:
        frame: `models.top_shares`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["top", "buyers", "share_value"], "roi.concentration")
    columns = [
        Column(t("roi.concentration.top", lang), tables.share("top"), False),
        Column(t("roi.table.buyers", lang), tables.count("buyers")),
        Column(t("roi.concentration.share", lang), tables.rate("share_value", bar=True)),
    ]
    return tables.build(
        frame, columns, name="roi.concentration", lang=lang,
        title=title or t("roi.concentration.title", lang),
    )  # fmt: skip
