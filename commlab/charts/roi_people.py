"""Tables of notebook 12 on people: members against others, tiers, surveys, full price."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.roi_tables import named, plain
from commlab.charts.tables import Cell, Column
from commlab.text import Words, t

_SURE = {
    "more": ("▲", "roi.verdict.more", "good"),
    "less": ("▼", "roi.verdict.less", "bad"),
    "chance": ("○", "roi.verdict.chance", "quiet"),
    "few": ("–", "common.status.too_few", "quiet"),
}


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
                return plain(name, 1, low, high)(row, lang)
            return (tables.points if signed else tables.share)(name, *filter(None, (low, high)))(
                row, lang
            )

        return cell

    columns = [
        Column(t("roi.table.measure", lang), named("measure", "roi.measure"), False),
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
        Column(t("roi.table.what", lang), named("segment", "roi.tier"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("roi.table.months", lang), plain("value", 1, "low", "high")),
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
        ("more" if up else "less") if sign else ("chance" if ok else "few")
        for sign, up, ok in zip(flagged, above, shown, strict=True)
    ]
    columns = [
        Column(t("roi.table.question", lang), named("question", "roi.question"), False),
        Column(t("roi.table.wave", lang), tables.text("wave"), False),
        Column(t("roi.table.n_in", lang), tables.count("members_in")),
        Column(t("roi.table.n_out", lang), tables.count("members_out")),
        Column(t("roi.table.members", lang), plain("mean_in", 1, "mean_in_low", "mean_in_high")),
        Column(t("roi.table.others", lang),
               plain("mean_out", 1, "mean_out_low", "mean_out_high")),
        Column(t("common.column.difference", lang), plain("difference", 1, "low", "high")),
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
        Column(t("roi.table.measure", lang), named("measure", "roi.premium"), False),
        Column(t("roi.table.who", lang), named("segment", "roi.who"), False),
        Column(t("roi.table.buyers", lang), tables.count("buyers")),
        Column(t("roi.table.orders", lang), tables.count("orders")),
        Column(t("common.column.share", lang), tables.rate()),
    ]
    return tables.build(
        frame, columns, name="roi.premium", lang=lang,
        title=title or t("roi.premium.title", lang), note=t("roi.premium.note", lang),
    )  # fmt: skip


def mouth(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what members passed on: counts, apart from any money.

    Args:
        frame: `metrics.word_of_mouth`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["what", "members", "times"], "roi.mouth")
    columns = [
        Column(t("roi.table.what", lang), named("what", "roi.mouth"), False),
        Column(t("common.column.members", lang), tables.count("members")),
        Column(t("roi.table.times", lang), tables.count("times")),
    ]
    return tables.build(
        frame, columns, name="roi.mouth", lang=lang,
        title=title or t("roi.mouth.title", lang), note=t("roi.mouth.note", lang),
    )  # fmt: skip
