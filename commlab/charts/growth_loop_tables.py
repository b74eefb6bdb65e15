"""Tables of notebook 09 on what people do: streaks, ads, shares, team buying."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.growth_cells import VERDICTS, named, verdict, with_ends
from commlab.charts.tables import Column
from commlab.text import Words, escape, t


def returns(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what follows a broken check-in streak, by its length.

    Args:
        frame: `metrics.after_a_broken_streak`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["band", "at_risk", "returned", "rate", "low", "high"], "growth.returns")

    def length(row: pd.Series, lang: str) -> str:
        return escape(t(f"growth.length.{row['band']}", lang))

    columns = [
        Column(t("growth.table.length", lang), length, False),
        Column(t("growth.table.streaks", lang), tables.count("at_risk")),
        Column(t("growth.table.returned", lang), tables.rate("rate", "low", "high", bar=True)),
    ]
    return tables.build(
        frame, columns, name="growth.returns", lang=lang,
        title=title or t("growth.returns.title", lang), note=t("growth.returns.note", lang),
    )  # fmt: skip


def ads(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how much likelier members leave, or delete an adviser, in the days after ads.

    Args:
        frame: `metrics.losses_after_ads`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["kind", "event", "groups", "days", "losses", "share", "rest_share", "ratio", "flagged"]
    frames.need(frame, need, "growth.ads")
    rows = frame.assign(verdict=verdict(frame.assign(difference=frame["ratio"] - 1), "ad_"))
    rows["verdict"] = rows["verdict"].where(rows["ratio"].notna(), "")
    columns = [
        Column(t("growth.table.ad", lang), named("kind", "ad"), False),
        Column(t("growth.table.event", lang), named("event", "event"), False),
        Column(t("growth.table.groups", lang), tables.count("groups")),
        Column(t("growth.table.ad_days", lang), tables.count("days")),
        Column(t("growth.table.losses", lang), tables.count("losses")),
        Column(t("growth.table.after", lang), tables.share("share")),
        Column(t("growth.table.usual", lang), tables.share("rest_share")),
        Column(t("growth.table.ratio", lang), with_ends("ratio", "low", "high", decimals=2)),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="growth.ads", lang=lang,
        title=title or t("growth.ads.title", lang), note=t("growth.ads.note", lang),
    )  # fmt: skip


def shares(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return what followed a member's first share, rewarded or spontaneous.

    Args:
        frame: `metrics.shares_by_reward`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["label", "event", "at_risk", "active", "rate", "low", "high", "difference", "flagged"]
    frames.need(frame, need, "growth.shares")
    marks = verdict(frame)
    harm = marks.where((frame["event"] == "brought") | (marks == "chance"), "ad_" + marks)
    rows = frame.assign(verdict=harm.where(frame["difference"].notna(), ""))
    columns = [
        Column(t("growth.table.followed", lang), named("event", "event"), False),
        Column(t("growth.table.share_kind", lang), named("label", "share"), False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
        Column(t("growth.table.happened", lang), tables.rate("rate", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="growth.shares", lang=lang,
        title=title or t("growth.shares.title", lang), note=t("growth.shares.note", lang),
    )  # fmt: skip


def teams(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return teams that bought together: opened, completed, new customers.

    Args:
        frame: `metrics.team_buying`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["campaign", "teams", "completed", "rate", "low", "high", "buyers", "newcomers", "share"]
    frames.need(frame, need, "growth.teams")

    def campaign(row: pd.Series, lang: str) -> str:
        return escape(row["campaign"] or t("growth.table.no_campaign", lang))

    columns = [
        Column(t("growth.table.campaign", lang), campaign, False),
        Column(t("growth.table.teams", lang), tables.count("teams")),
        Column(t("growth.table.completed", lang), tables.rate("rate", "low", "high")),
        Column(t("growth.table.buyers", lang), tables.count("buyers")),
        Column(t("growth.table.new", lang), tables.share("share")),
    ]
    return tables.build(
        frame, columns, name="growth.teams", lang=lang,
        title=title or t("growth.teams.title", lang), note=t("growth.teams.note", lang),
    )  # fmt: skip
