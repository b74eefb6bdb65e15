"""Tables of notebook 07: groups, their path, why they die and fade."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, groupcells as cells, tables
from commlab.charts.tables import Column
from commlab.text import Words, t

_STATES = {
    "golden": ("●", "grouphealth.state.golden", "good"),
    "trial": ("◐", "grouphealth.state.trial", "watch"),
    "cleaning": ("◔", "grouphealth.state.cleaning", "watch"),
    "watch": ("△", "grouphealth.state.watch", "watch"),
    "closing": ("▲", "grouphealth.state.closing", "bad"),
    "closed": ("○", "grouphealth.state.closed", "quiet"),
    "dead": ("✕", "grouphealth.state.dead", "bad"),
}
_VERDICTS = {
    "below": ("▼", "grouphealth.verdict.below", "bad"),
    "above": ("▲", "grouphealth.verdict.above", "good"),
    "chance": ("○", "common.status.chance", "quiet"),
}


def groups(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return every group in one row, those first that need somebody.

    Args:
        frame: `models.group_overview` with `group` and place: group, place, age, members,
            active_share, staff_share, net_revenue, golden_weeks, verdict; valuable where members
            have points.
        lang: "en" or "zh".
        currency: ISO code of the amounts.
        title: Head of the table.
    """
    frames.need(frame, ["group", "place", "age", "members", "active_share"], "grouphealth.groups")
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(cells.head("state", lang), tables.mark("place", _STATES), False),
        Column(cells.head("age", lang), cells.number("age", 0)),
        Column(t("common.column.members", lang), tables.count("members")),
        *([Column(cells.head("valuable", lang), tables.count("valuable"))]
          if "valuable" in frame else []),
        Column(cells.head("active_share", lang), tables.share("active_share")),
        Column(cells.head("staff_share", lang), tables.share("staff_share")),
        Column(cells.head("golden_weeks", lang), cells.number("golden_weeks", 0)),
        Column(cells.head("revenue", lang), tables.money("net_revenue", currency)),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]  # fmt: skip
    return tables.build(
        frame, columns, name="grouphealth.groups", lang=lang,
        title=title or t("grouphealth.groups.title", lang), note=t("grouphealth.groups.note", lang),
    )  # fmt: skip


def steps(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the steps of groups on their path, the latest first.

    Args:
        frame: `GroupLife.steps` with `group`: group, on, before, after, reason.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["group", "on", "after", "reason"], "grouphealth.steps")
    columns = [
        Column(cells.head("on", lang), cells.day("on"), False),
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(cells.head("after", lang), tables.mark("after", _STATES), False),
        Column(cells.head("reason", lang), cells.named("grouphealth.reason", "reason"), False),
    ]
    rows = frame.sort_values(["on", "group"], ascending=[False, True], kind="stable")
    return tables.build(
        rows, columns, name="grouphealth.steps", lang=lang,
        title=title or t("grouphealth.steps.title", lang), note=t("grouphealth.steps.note", lang),
    )  # fmt: skip


def causes(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the signs of each cause, in groups that died and in those that show one.

    Args:
        frame: `models.group_causes` with `group`: group, state, died, gap_weeks, hard_share,
            neglect, ads_only, imprecise, cause.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["group", "state", "died", "cause"], "grouphealth.causes")
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(cells.head("state", lang), cells.named("grouphealth.life", "state"), False),
        Column(cells.head("died", lang), cells.day("died"), False),
        Column(cells.head("gap_weeks", lang), cells.number("gap_weeks", 0)),
        Column(cells.head("hard_share", lang), tables.share("hard_share")),
        Column(cells.head("imprecise", lang), cells.sign("imprecise"), False),
        Column(cells.head("cause", lang), cells.named("grouphealth.cause", "cause"), False),
    ]
    return tables.build(
        frame, columns, name="grouphealth.causes", lang=lang,
        title=title or t("grouphealth.causes.title", lang), note=t("grouphealth.causes.note", lang),
    )  # fmt: skip


def hazard(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the hazard ratio of each cause.

    Args:
        frame: `GroupHazard.to_frame()`: cause, ratio, low, high, p_adjusted, groups, deaths.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["cause", "ratio", "low", "high", "groups", "deaths"], "grouphealth.hazard")
    columns = [
        Column(cells.head("cause", lang), cells.named("grouphealth.cause", "cause"), False),
        Column(cells.head("ratio", lang), cells.between("ratio", "low", "high", 1)),
        Column(cells.head("groups_shown", lang), cells.number("groups", 0)),
        Column(cells.head("deaths", lang), cells.number("deaths", 0)),
    ]
    return tables.build(
        frame, columns, name="grouphealth.hazard", lang=lang,
        title=title or t("grouphealth.hazard.title", lang), note=t("grouphealth.hazard.note", lang),
    )  # fmt: skip


def decay(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return by how much activity changes in a week with newcomers, without, and with size.

    Args:
        frame: `Decay.to_frame()`: term, value, low, high.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["term", "value", "low", "high"], "grouphealth.decay")
    columns = [
        Column(cells.head("term", lang), cells.named("grouphealth.term", "term"), False),
        Column(cells.head("change", lang), tables.points("value", "low", "high")),
    ]
    return tables.build(
        frame, columns, name="grouphealth.decay", lang=lang,
        title=title or t("grouphealth.decay.title", lang), note=t("grouphealth.decay.note", lang),
    )  # fmt: skip
