"""Tables of notebook 07: which groups may die, their hours, their classes, kinds and trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
from great_tables import GT

from commlab.charts import frames, groupcells as cells, tables
from commlab.charts.tables import Column
from commlab.text import Words, escape, has, lookup, t


def warning_scores(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the log loss of each way to foretell death.

    Args:
        frame: `EarlyWarning.scores`: method, log_loss, low, high.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["method", "log_loss", "low", "high"], "grouphealth.warning_scores")
    columns = [
        Column(cells.head("method", lang), cells.named("grouphealth.method", "method"), False),
        Column(cells.head("log_loss", lang), cells.between("log_loss", "low", "high", 4)),
    ]
    return tables.build(
        frame, columns, name="grouphealth.warning_scores", lang=lang,
        title=title or t("grouphealth.warning.title", lang),
        note=t("grouphealth.warning.note", lang),
    )  # fmt: skip


def at_risk(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the groups most likely to die soon.

    Args:
        frame: `EarlyWarning.now` with `group`: group, risk, silent_week, staff_gap, hard_share.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["group", "risk"], "grouphealth.at_risk")
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(cells.head("risk", lang), tables.share("risk")),
        Column(cells.head("silent_week", lang), cells.sign("silent_week"), False),
        Column(cells.head("staff_gap", lang), cells.sign("staff_gap"), False),
        Column(cells.head("hard_share", lang), tables.share("hard_share")),
    ]
    return tables.build(
        frame, columns, name="grouphealth.at_risk", lang=lang,
        title=title or t("grouphealth.at_risk.title", lang),
        note=t("grouphealth.at_risk.note", lang),
    )  # fmt: skip


def other_hours(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the best window of each group, and whether its hours differ from the others'.

    Args:
        frame: `models.group_windows` with `group`: group, people, start, end, share, low, high,
            rest_share, difference, flagged, status.
        lang: "en" or "zh".
        title: Head of the table.
    """
    frames.need(frame, ["group", "start", "end", "share", "rest_share"], "grouphealth.other_hours")

    def window(row: pd.Series, lang: str) -> str:
        if pd.isna(row["start"]):
            return escape(lookup("common.status.too_few", lang))
        return escape(f"{int(row['start']):02d}:00–{int(row['end']):02d}:00")

    marks = {
        "True": ("▲", "grouphealth.hours.other", "watch"),
        "False": ("○", "common.status.chance", "quiet"),
    }
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(cells.head("own_window", lang), window, False),
        Column(cells.head("in_best", lang), tables.rate("share")),
        Column(cells.head("rest", lang), tables.share("rest_share")),
        Column(t("common.column.verdict", lang), tables.mark("differs", marks), False),
    ]
    rows = frame[frames.status(frame) == "ok"]
    rows = rows.assign(differs=rows["flagged"].astype(str))
    rows = rows.sort_values("p_adjusted", kind="stable")
    return tables.build(
        rows, columns, name="grouphealth.other_hours", lang=lang,
        title=title or t("grouphealth.hours.title", lang), note=t("grouphealth.hours.note", lang),
    )  # fmt: skip


def staffing(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return what each class of groups gets of staff.

    Args:
        frame: `models.group_staffing`: class, groups, sure, members_mean, staff_messages,
            atmosphere, net_revenue.
        lang: "en" or "zh".
        currency: ISO code of the amounts.
        title: Head of the table.
    """
    need = ["class", "groups", "members_mean", "staff_messages"]
    frames.need(frame, need, "grouphealth.staffing")
    columns = [
        Column(cells.head("class", lang), tables.text("class"), False),
        Column(cells.head("groups", lang), cells.number("groups", 0)),
        Column(cells.head("sure", lang), cells.number("sure", 0)),
        Column(cells.head("members_mean", lang), cells.number("members_mean", 0)),
        Column(cells.head("staff_messages", lang), cells.number("staff_messages", 1)),
        Column(cells.head("atmosphere", lang), cells.number("atmosphere", 1)),
        Column(cells.head("revenue", lang), tables.money("net_revenue", currency)),
    ]
    return tables.build(
        frame, columns, name="grouphealth.staffing", lang=lang,
        title=title or t("grouphealth.staffing.title", lang),
        note=t("grouphealth.staffing.note", lang),
    )  # fmt: skip


_KINDS = {
    "below": ("▼", "grouphealth.verdict.below", "bad"),
    "above": ("▲", "grouphealth.verdict.above", "good"),
    "chance": ("○", "common.status.chance", "quiet"),
}


def _kind(row: pd.Series, lang: str) -> str:
    key = f"grouphealth.kind.{row['segment']}"
    return escape(lookup(key, lang) if has(key) else str(row["segment"]))


def kinds(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return how active groups of each product, region, goal and positioning are.

    Args:
        frame: `models.group_dimensions`: dimension, segment, groups, mean, mean_low, mean_high,
            difference, flagged, status.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["dimension", "segment", "groups", "mean", "mean_low", "mean_high", "difference",
            "flagged", "status"]  # fmt: skip
    frames.need(frame, need, "grouphealth.kinds")
    side = np.where(frame["difference"] > 0, "above", "below")
    judged = np.where(frame["flagged"].fillna(False).astype(bool), side, "chance")
    shown = frame.assign(_judged=np.where(frame["status"] == "ok", judged, ""))
    columns = [
        Column(cells.head("dimension", lang), cells.named("grouphealth.dimension", "dimension"),
               False),
        Column(cells.head("kind", lang), _kind, False),
        Column(cells.head("groups", lang), cells.number("groups", 0)),
        Column(cells.head("mean_active", lang), tables.rate("mean", "mean_low", "mean_high")),
        Column(cells.head("beyond", lang), tables.points("difference")),
        Column(t("common.column.verdict", lang), tables.mark("_judged", _KINDS), False),
    ]  # fmt: skip
    return tables.build(
        shown, columns, name="grouphealth.kinds", lang=lang,
        title=title or t("grouphealth.kinds.title", lang), note=t("grouphealth.kinds.note", lang),
    )  # fmt: skip


def trials(frame: pd.DataFrame, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the trials of groups: when, with what means, how active, and the outcome.

    Args:
        frame: `models.trial_means` with `group`: group, start, end, outcome, staff_messages,
            atmosphere, share_before, share_after.
        lang: "en" or "zh".
        title: Head of the table.
    """
    need = ["group", "start", "end", "outcome", "staff_messages", "share_before", "share_after"]
    frames.need(frame, need, "grouphealth.trials")
    columns = [
        Column(t("common.column.group", lang), tables.text("group"), False),
        Column(cells.head("start", lang), cells.day("start"), False),
        Column(cells.head("end", lang), cells.day("end"), False),
        Column(cells.head("staff_messages", lang), cells.number("staff_messages", 1)),
        Column(cells.head("atmosphere", lang), cells.number("atmosphere", 1)),
        Column(cells.head("before", lang), tables.share("share_before")),
        Column(cells.head("meanwhile", lang), tables.share("share_after")),
        Column(cells.head("outcome", lang), cells.named("grouphealth.outcome", "outcome"), False),
    ]
    return tables.build(
        frame, columns, name="grouphealth.trials", lang=lang,
        title=title or t("grouphealth.trials.title", lang),
        note=t("grouphealth.trials.note", lang),
    )  # fmt: skip
