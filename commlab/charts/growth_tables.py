"""Tables of notebook 09: generations, referred against alone, ledger, promises, coupons."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.growth_cells import VERDICTS, named, per, verdict, with_ends
from commlab.charts.tables import Column
from commlab.text import Words, escape, t


def cohorts(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the steps of newcomers by month of joining, latest first.

    Args:
        frame: `metrics.aarrr`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["cohort", "step", "at_risk", "rate", "low", "high"], "growth.cohorts")
    rows = frame.sort_values("cohort", ascending=False, kind="stable")
    columns = [
        Column(t("common.column.cohort", lang), tables.text("cohort"), False),
        Column(t("growth.table.step", lang), named("step", "step"), False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("growth.table.rate", lang), tables.rate("rate", "low", "high")),
    ]
    return tables.build(
        rows, columns, name="growth.cohorts", lang=lang,
        title=title or t("growth.cohorts.title", lang), note=t("growth.cohorts.note", lang),
    )  # fmt: skip


def generations(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the forest by generation: members, inviters, invitees, kept, K.

    Args:
        frame: `metrics.k_factor`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["generation", "at_risk", "inviters", "invitees", "kept", "value", "low", "high"]
    frames.need(frame, need, "growth.generations")

    def name(row: pd.Series, lang: str) -> str:
        code = str(row["generation"])
        if code in ("0", "all"):
            return escape(t(f"growth.generation.{code}", lang))
        return escape(t("growth.generation.other", lang, k=code))

    columns = [
        Column(t("growth.table.generation", lang), name, False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("growth.table.inviters", lang), tables.count("inviters")),
        Column(t("growth.table.invitees", lang), tables.count("invitees")),
        Column(t("growth.table.kept", lang), tables.count("kept")),
        Column(t("growth.table.raw", lang), with_ends("raw", "raw_low", "raw_high")),
        Column(t("growth.table.k", lang), with_ends("value", "low", "high")),
    ]
    return tables.build(
        frame, columns, name="growth.generations", lang=lang,
        title=title or t("growth.generations.title", lang), note=t("growth.generations.note", lang),
    )  # fmt: skip


def referred(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what referred members did against others of the same months and places.

    Args:
        frame: `metrics.referred_outcomes`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    need = ["outcome", "people", "referred", "alone", "difference", "low", "high", "held"]
    frames.need(frame, need, "growth.referred")
    rows = frame.assign(verdict=verdict(frame))

    def either(name: str) -> tables.Cell:
        money, share = tables.money(name, currency), tables.share(name)
        return lambda row, lang: (
            money if str(row["outcome"]).startswith("margin") else share)(row, lang)  # fmt: skip

    def gap(row: pd.Series, lang: str) -> str:
        if str(row["outcome"]).startswith("margin"):
            return tables.amount("difference", "low", "high", currency=currency)(row, lang)
        return tables.points("difference", "low", "high")(row, lang)

    def held(row: pd.Series, lang: str) -> str:
        parts = [t(f"growth.held.{name}", lang) for name in str(row["held"]).split()]
        return escape(t("growth.held_separator", lang).join(parts))

    columns = [
        Column(t("growth.table.outcome", lang), named("outcome", "outcome"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("growth.table.referred", lang), either("referred")),
        Column(t("growth.table.alone", lang), either("alone")),
        Column(t("growth.table.difference", lang), gap),
        Column(t("growth.table.held", lang), held, False),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="growth.referred", lang=lang,
        title=title or t("growth.referred.title", lang), note=t("growth.referred.note", lang),
    )  # fmt: skip


def ledger(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return the points ledger by reason, with what an action costs.

    Args:
        frame: `metrics.points_by_reason`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    need = ["reason", "entries", "people", "points", "per_entry", "cost"]
    frames.need(frame, need, "growth.ledger")
    columns = [
        Column(t("growth.table.reason", lang), named("reason", "reason"), False),
        Column(t("growth.table.entries", lang), tables.count("entries")),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("growth.table.points", lang), per("points", 0)),
        Column(t("growth.table.per_entry", lang), per("per_entry", 1)),
        Column(t("growth.table.worth", lang), tables.money("cost", currency)),
    ]
    return tables.build(
        frame, columns, name="growth.ledger", lang=lang,
        title=title or t("growth.ledger.title", lang), note=t("growth.ledger.note", lang),
    )  # fmt: skip


def promises(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return promised rewards by how they were kept, and who was active afterwards.

    Args:
        frame: `metrics.promised_rewards`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["label", "promises", "people", "share", "at_risk", "rate", "low", "high", "flagged"]
    frames.need(frame, need, "growth.promises")
    rows = frame.assign(verdict=verdict(frame))
    rows["verdict"] = rows["verdict"].where(rows["difference"].notna(), "")
    columns = [
        Column(t("growth.table.promise", lang), named("label", "promise"), False),
        Column(t("growth.table.promises", lang), tables.count("promises")),
        Column(t("growth.table.share", lang), tables.share("share")),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("growth.table.active", lang), tables.rate("rate", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="growth.promises", lang=lang,
        title=title or t("growth.promises.title", lang), note=t("growth.promises.note", lang),
    )  # fmt: skip


def dependence(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return buyers by the share of their orders that used a coupon.

    Args:
        frame: `metrics.coupon_dependence`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["band", "buyers", "share", "low", "high", "orders"], "growth.dependence")
    columns = [
        Column(t("growth.table.band", lang), named("band", "band"), False),
        Column(t("growth.table.buyers", lang), tables.count("buyers")),
        Column(t("growth.table.of_buyers", lang),
               tables.rate("share", "low", "high", bar=True)),
        Column(t("growth.table.orders", lang), tables.count("orders")),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="growth.dependence", lang=lang,
        title=title or t("growth.dependence.title", lang), note=t("growth.dependence.note", lang),
    )  # fmt: skip


def coupon_margins(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what orders with and without a coupon leave.

    Args:
        frame: `metrics.coupon_margins`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    need = ["label", "orders", "buyers", "revenue", "margin", "low", "high", "rate"]
    frames.need(frame, need, "growth.coupon_margins")
    columns = [
        Column(t("growth.table.coupon", lang), named("label", "coupon"), False),
        Column(t("growth.table.orders", lang), tables.count("orders")),
        Column(t("growth.table.buyers", lang), tables.count("buyers")),
        Column(t("growth.table.revenue", lang), tables.money("revenue", currency)),
        Column(t("growth.table.margin", lang),
               tables.amount("margin", "low", "high", currency=currency)),
        Column(t("growth.table.margin_share", lang), tables.share("rate")),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="growth.coupon_margins", lang=lang,
        title=title or t("growth.coupon_margins.title", lang),
        note=t("growth.coupon_margins.note", lang),
    )  # fmt: skip
