"""Tables of notebook 11 on tags: groups, age, contradictions, advisers, what followed."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.layers_tables import VERDICTS, named, verdict
from commlab.charts.tables import Column
from commlab.metrics.tags import ALL, ANY, UNGROUPED
from commlab.text import Words, escape, fmt, t

_KINDS = {ANY: "any", ALL: "all", UNGROUPED: "none"}


def group_name(name: str, lang: str) -> str:
    """Return the words for a group of tags: our own codes in words, others as they stand."""
    return t(f"segments.kind.{_KINDS[name]}", lang) if name in _KINDS else name


def _group(row: pd.Series, lang: str) -> str:
    return escape(group_name(str(row["tag_group"]), lang))


def _days(row: pd.Series, lang: str) -> str:
    value = row["median_days"]
    return escape(fmt.MISSING if pd.isna(value) else fmt.days(float(value), lang))


def groups(
    frame: pd.DataFrame, *, lang: str, old_days: int = 180, title: str | Words | None = None
) -> GT:
    """Return the groups of tags with coverage and age.

    Args:
        frame: `metrics.tag_coverage`.
        lang: "en" or "zh".
        old_days: Days after which a tag is old.
        title: Head of the table.
    """
    frames.need(frame, ["tag_group", "tags", "tagged", "rate", "old", "old_rate", "median_days"],
                "tagging.groups")  # fmt: skip
    columns = [
        Column(t("segments.table.group", lang), _group, False),
        Column(t("segments.table.tags", lang), tables.count("tags")),
        Column(t("segments.table.tagged", lang), tables.count("tagged")),
        Column(t("segments.table.rate", lang), tables.share("rate", bar=True)),
        Column(t("segments.table.old", lang), tables.share("old_rate")),
        Column(t("segments.table.age", lang), _days),
    ]
    return tables.build(
        frame, columns, name="tagging.groups", lang=lang,
        title=title or t("segments.groups.title", lang),
        note=t("segments.groups.note", lang, days=old_days),
    )  # fmt: skip


def ages(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the tags with most old ones, and when each was last set at all.

    Args:
        frame: `metrics.tag_ages`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["tag_group", "tag", "last_set_on", "tagged", "old", "median_days"],
                "tagging.ages")  # fmt: skip

    def last(row: pd.Series, lang: str) -> str:
        day = row["last_set_on"]
        return escape(fmt.MISSING if pd.isna(day) else fmt.date(pd.Timestamp(day).date(), lang))

    columns = [
        Column(t("segments.table.group", lang), _group, False),
        Column(t("segments.table.tag", lang), tables.text("tag"), False),
        Column(t("segments.table.tagged", lang), tables.count("tagged")),
        Column(t("segments.table.old", lang), tables.share("old_rate", bar=True)),
        Column(t("segments.table.age", lang), _days),
        Column(t("segments.table.last_set", lang), last),
    ]
    return tables.build(
        frame, columns, name="tagging.ages", lang=lang,
        title=title or t("segments.ages.title", lang), note=t("segments.ages.note", lang),
    )  # fmt: skip


def torn(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return contradictory tags by group.

    Args:
        frame: `metrics.tag_contradictions`.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["tag_group", "tagged", "torn", "rate", "pair"], "tagging.torn")
    columns = [
        Column(t("segments.table.group", lang), _group, False),
        Column(t("segments.table.tagged", lang), tables.count("tagged")),
        Column(t("segments.table.torn", lang), tables.count("torn")),
        Column(t("segments.table.of_them", lang), tables.share("rate", bar=True)),
        Column(t("segments.table.pair", lang), tables.text("pair"), False),
    ]
    return tables.build(
        frame, columns, name="tagging.torn", lang=lang,
        title=title or t("segments.torn.title", lang), note=t("segments.torn.note", lang),
    )  # fmt: skip


def in_time(
    frame: pd.DataFrame, *, lang: str, days: int = 30, title: str | Words | None = None
) -> GT:
    """Return advisers by newcomers tagged in time, adjusted; never a raw league table.

    Args:
        frame: `models.ranked_segments` by adviser with `in_top`, ids made pseudonyms.
        lang: "en" or "zh".
        days: Days that a tag may take.
        title: Head of the table.
    """
    frames.need(frame, ["segment", "people", "value", "low", "high", "in_top"], "tagging.in_time")
    rows = frame.assign(verdict=verdict(frame, "difference", "flagged"))
    columns = [
        Column(t("segments.table.adviser", lang), tables.text("segment"), False),
        Column(t("common.column.people", lang), tables.count("people")),
        Column(t("segments.table.in_time", lang), tables.rate("value", "low", "high")),
        Column(t("segments.table.top", lang), tables.share("in_top", bar=True)),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="tagging.in_time", lang=lang,
        title=title or t("segments.advisers.title", lang, days=days),
        note=t("segments.advisers.note", lang),
    )  # fmt: skip


def followed(
    frame: pd.DataFrame, *, lang: str, days: int = 90, title: str | Words | None = None
) -> GT:
    """Return what followed for members with each tag, against alike ones without.

    Args:
        frame: `metrics.tag_outcomes`.
        lang: "en" or "zh".
        days: Days of what followed.
        title: Head of the table.
    """
    frames.need(frame, ["tag_group", "tag", "outcome", "at_risk", "rate", "difference"],
                "tagging.followed")  # fmt: skip
    rows = frame.assign(verdict=verdict(frame, "difference", "flagged"))
    columns = [
        Column(t("segments.table.group", lang), _group, False),
        Column(t("segments.table.tag", lang), tables.text("tag"), False),
        Column(t("segments.table.outcome", lang), named("outcome", "outcome"), False),
        Column(t("segments.table.tagged", lang), tables.count("at_risk")),
        Column(t("segments.table.with", lang), tables.share("rate")),
        Column(t("segments.table.without", lang), tables.share("rest_rate")),
        Column(t("segments.table.more", lang), tables.points("difference", "low", "high")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", VERDICTS), False),
    ]
    return tables.build(
        rows, columns, name="tagging.followed", lang=lang,
        title=title or t("segments.separates.table_title", lang),
        note=t("segments.separates.table_note", lang, days=days),
    )  # fmt: skip
