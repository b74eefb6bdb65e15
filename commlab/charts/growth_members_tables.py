"""Tables of notebook 09 on single groups and members: ads, trials, red packets, check-ins."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.growth_cells import VERDICTS, named, verdict, with_ends
from commlab.charts.tables import Column
from commlab.text import Words, escape, t


def group_ads(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return group by group how many times as many are lost after ads.

    Args:
        frame: `models.ad_harm_by_group` with names of groups.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["group", "days", "losses", "ratio", "low", "high", "flagged"]
    frames.need(frame, need, "growth.group_ads")
    rows = frame[frame["ratio"].notna()]
    rows = rows.assign(verdict=verdict(rows.assign(difference=rows["ratio"] - 1), "ad_"))
    columns = [
        Column(t("growth.table.group", lang), tables.text("group"), False),
        Column(t("growth.table.ad_days", lang), tables.count("days")),
        Column(t("growth.table.losses", lang), tables.count("losses")),
        Column(t("growth.table.drawn_in", lang), with_ends("ratio", "low", "high", decimals=2)),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name=tables.titled("growth.group_ads", title), lang=lang,
        title=title or t("growth.group_ads.title", lang), note=t("growth.group_ads.note", lang),
    )  # fmt: skip


def trials(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return who pays in full after a trial: those who shared it beside those who did not.

    Args:
        frame: `metrics.trial_shares`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["label", "at_risk", "rate", "low", "high", "difference", "flagged"]
    frames.need(frame, need, "growth.trials")
    rows = frame.assign(verdict=verdict(frame).where(frame["difference"].notna(), ""))
    columns = [
        Column(t("growth.table.trial", lang), named("label", "trial"), False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("growth.table.paid_in_full", lang), tables.rate("rate", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="growth.trials", lang=lang,
        title=title or t("growth.trials.title", lang), note=t("growth.trials.note", lang),
    )  # fmt: skip


def packets(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return red packets made and opened.

    Args:
        frame: `metrics.red_packets`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["label", "people", "entries", "per_person", "low", "high"],
                "growth.packets")  # fmt: skip
    columns = [
        Column(t("growth.table.packets", lang), named("label", "packet"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("growth.table.times", lang), tables.count("entries")),
        Column(t("growth.table.points", lang), tables.count("points")),
        Column(t("growth.table.per_person", lang), with_ends("per_person", "low", "high", 1)),
    ]
    return tables.build(
        frame, columns, name="growth.packets", lang=lang,
        title=title or t("growth.packets.title", lang), note=t("growth.packets.note", lang),
    )  # fmt: skip


def check_ins(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return margin that follows checking in beside what it was rewarded with.

    Args:
        frame: `models.check_in_benefit`.
        lang: "en" or "zh".
        currency: ISO code of amounts.
        title: Head of the table.
    """
    need = ["band", "people", "value", "low", "high", "difference", "reward", "net", "net_low",
            "net_high"]  # fmt: skip
    frames.need(frame, need, "growth.check_ins")

    def days(row: pd.Series, lang: str) -> str:
        return escape(t("growth.table.days", lang, band=str(row["band"])))

    first = frame.index == frame.index[0]
    rows = frame.assign(difference=frame["difference"].mask(first), net=frame["net"].mask(first))
    gap = tables.amount("difference", "difference_low", "difference_high", currency=currency)
    net = tables.amount("net", "net_low", "net_high", currency=currency)
    columns = [
        Column(t("growth.table.checked_in", lang), days, False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("growth.table.margin_after", lang),
               tables.amount("value", "low", "high", currency=currency)),
        Column(t("growth.table.beyond", lang), gap),
        Column(t("growth.table.reward_each", lang), tables.money("reward", currency)),
        Column(t("growth.table.net", lang), net),
    ]  # fmt: skip
    return tables.build(
        rows, columns, name="growth.check_ins", lang=lang,
        title=title or t("growth.check_ins.title", lang), note=t("growth.check_ins.note", lang),
    )  # fmt: skip
