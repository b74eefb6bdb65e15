"""Tables of notebook 12: cost lines, phases, campaigns, members against others, scenarios."""

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
_SURE = {
    "more": ("▲", "roi.verdict.more", "good"),
    "less": ("▼", "roi.verdict.less", "bad"),
    "chance": ("○", "roi.verdict.chance", "quiet"),
}


def _named(column: str, key: str) -> Cell:
    """Return a cell writer for a word of the catalogue, or the value itself."""

    def cell(row: pd.Series, lang: str) -> str:
        value = row.get(column)
        if value is None or pd.isna(value):
            return escape(fmt.MISSING)
        found = f"{key}.{value}"
        return escape(t(found, lang) if has(found) else value)

    return cell


def _number(name: str, decimals: int, low: str = "", high: str = "") -> Cell:
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
        Column(t(f"roi.by.{by}", lang), _named("segment", "roi.line"), False),
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
        Column(t("roi.table.value", lang), tables.amount("value", "low", "high", currency=currency)),
        Column(t("roi.table.per_day", lang),
               tables.amount("per_day", "per_day_low", "per_day_high", currency=currency)),
        Column(t("roi.table.ratio", lang), _number("ratio", 2)),
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
        return told + (f"<br>{escape(t(why, lang))}" if row["reason"] and has(why) else "")

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


def compared(
    frame: pd.DataFrame, *, lang: str, by: str = "membership", title: str | Words | None = None
) -> GT:
    """Return repurchase and days of buying on either side, as counted and adjusted.

    Args:
        frame: `models.compare_buyers`.
        lang: "en" or "zh".
        by: What the sides are: "membership" or "group".
        title: Head of the table.
    """
    need = ["measure", "members_in", "members_out", "rate_in", "rate_out", "naive", "value"]
    frames.need(frame, need, "roi.compared")

    def shares(name: str, low: str = "", high: str = "", *, signed: bool = False) -> Cell:
        def cell(row: pd.Series, lang: str) -> str:
            if row["measure"] != "repurchase":
                return _number(name, 1, low, high)(row, lang)
            return (tables.points if signed else tables.share)(name, *filter(None, (low, high)))(
                row, lang
            )

        return cell

    columns = [
        Column(t("roi.table.measure", lang), _named("measure", "roi.measure"), False),
        Column(t(f"roi.side.{by}_in", lang), shares("rate_in")),
        Column(t(f"roi.side.{by}_out", lang), shares("rate_out")),
        Column(t("roi.table.naive", lang), shares("naive", "naive_low", "naive_high", signed=True)),
        Column(t("roi.table.adjusted", lang), shares("value", "low", "high", signed=True)),
        Column(t("roi.table.trimmed", lang), tables.share("trimmed")),
        Column(t("roi.table.robust", lang), tables.share("robust")),
    ]
    return tables.build(
        frame, columns, name="roi.compared", lang=lang,
        title=title or t(f"roi.compared.title_{by}", lang), note=t("roi.compared.note", lang),
    )  # fmt: skip


def tiers(
    frame: pd.DataFrame, *, lang: str, tier: str = "", title: str | Words | None = None
) -> GT:
    """Return months in a tier, and the difference as the trade reckons it and corrected.

    Args:
        frame: `models.tier_months`.
        lang: "en" or "zh".
        tier: Name of the tier.
        title: Head of the table.
    """
    frames.need(frame, ["segment", "people", "value", "low", "high"], "roi.tiers")
    columns = [
        Column(t("roi.table.what", lang), _named("segment", "roi.tier"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("roi.table.months", lang), _number("value", 1, "low", "high")),
    ]
    return tables.build(
        frame, columns, name="roi.tiers", lang=lang,
        title=title or t("roi.tiers.title", lang, tier=tier), note=t("roi.tiers.note", lang),
    )  # fmt: skip


def waves(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what members and others answer by wave.

    Args:
        frame: `metrics.survey_waves`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["question", "wave", "members_in", "members_out", "difference", "flagged", "status"]
    frames.need(frame, need, "roi.waves")
    rows = frame.copy()
    above = frames.numbers(rows, "difference") > 0
    flagged = frames.flags(rows, "flagged")
    shown = frames.status(rows) == "ok"
    rows["verdict"] = [
        ("more" if up else "less") if sign else ("chance" if ok else "")
        for sign, up, ok in zip(flagged, above, shown, strict=True)
    ]
    columns = [
        Column(t("roi.table.question", lang), _named("question", "roi.question"), False),
        Column(t("roi.table.wave", lang), tables.text("wave"), False),
        Column(t("roi.table.n_in", lang), tables.count("members_in")),
        Column(t("roi.table.n_out", lang), tables.count("members_out")),
        Column(t("roi.table.members", lang), _number("mean_in", 1, "mean_in_low", "mean_in_high")),
        Column(t("roi.table.others", lang),
               _number("mean_out", 1, "mean_out_low", "mean_out_high")),
        Column(t("common.column.difference", lang), _number("difference", 1, "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _SURE), False),
    ]  # fmt: skip
    return tables.build(
        rows, columns, name="roi.waves", lang=lang,
        title=title or t("roi.waves.title", lang), note=t("roi.waves.note", lang),
    )  # fmt: skip


def premium(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what is sold at full price and how deep discounts go, members and others.

    Args:
        frame: `metrics.brand_premium`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["measure", "segment", "buyers", "orders", "rate"], "roi.premium")
    columns = [
        Column(t("roi.table.measure", lang), _named("measure", "roi.premium"), False),
        Column(t("roi.table.who", lang), _named("segment", "roi.who"), False),
        Column(t("roi.table.buyers", lang), tables.count("buyers")),
        Column(t("roi.table.orders", lang), tables.count("orders")),
        Column(t("common.column.share", lang), tables.rate()),
    ]
    return tables.build(
        frame, columns, name="roi.premium", lang=lang,
        title=title or t("roi.premium.title", lang), note=t("roi.premium.note", lang),
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
        Column(t("roi.table.value", lang), tables.amount("value", "low", "high", currency=currency)),
        Column(t("roi.table.ratio", lang), _number("ratio", 2)),
    ]
    return tables.build(
        frame, columns, name="roi.scenarios", lang=lang,
        title=title or t("roi.scenarios.title", lang), note=t("roi.scenarios.note", lang),
    )  # fmt: skip
