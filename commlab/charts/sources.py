"""Tables of what the source could see: since when, and how exactly."""

from __future__ import annotations

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.tables import Column
from commlab.disclosure import MARKS, marks
from commlab.text import escape, fmt, lookup, t

_STAYS = ("stays", "lost", "bracketed", "moved", "late_entry", "unknown_start", "stale")


def observed(frame: pd.DataFrame, *, lang: str) -> GT:
    """Return since when and until when each activity is seen.

    Args:
        frame: From `metrics.observed`: `activity`, `events`, `first`, `last`.
        lang: "en" or "zh".
    """
    frames.need(frame, ["activity", "events", "first", "last"], "charts.observed")
    frame = frame[frames.numbers(frame, "events") != 0]
    names = [lookup(f"retention.activity.{name}", lang) for name in frame["activity"]]

    columns = [
        Column(t("retention.observed.activity", lang), tables.text("_name"), False),
        Column(t("common.column.rows", lang), tables.count("events")),
        Column(t("retention.observed.first", lang), _day("first")),
        Column(t("retention.observed.last", lang), _day("last")),
    ]
    return tables.build(
        frame.assign(_name=names),
        columns,
        name="retention.observed",
        title=lookup("retention.observed.title", lang),
        note=lookup("retention.observed.note", lang),
        lang=lang,
    )


def stays(frame: pd.DataFrame, *, lang: str) -> GT:
    """Return how stays in groups were observed, a line a count.

    Args:
        frame: From `metrics.stay_coverage`: one row of counts.
        lang: "en" or "zh".
    """
    frames.need(frame, _STAYS, "charts.stays")
    row = frame.iloc[0]
    count = {name: float(frames.numbers(frame, name)[0]) for name in _STAYS}  # NaN: hidden
    shown = [name for name in _STAYS if name in ("stays", "lost") or count[name] != 0]
    hidden = marks(str(row.get(MARKS) or ""))
    table = pd.DataFrame(
        {
            "what": [lookup(f"retention.stays.{name}", lang) for name in shown],
            "n": [count[name] for name in shown],
            "share": [count[name] / max(count["stays"], 1.0) for name in shown],
            MARKS: [f"n{hidden[name]}" if name in hidden else "" for name in shown],
        }
    )
    columns = [
        Column(t("retention.stays.what", lang), tables.text("what"), False),
        Column(t("common.column.n", lang), tables.count("n")),
        Column(t("common.column.share", lang), tables.share("share", bar=True)),
    ]
    return tables.build(
        table,
        columns,
        name="retention.stays",
        title=lookup("retention.stays.title", lang),
        lang=lang,
    )


def fresh(frame: pd.DataFrame, *, lang: str) -> GT:
    """Return when each table begins and ends.

    Args:
        frame: From `metrics.freshness`: `table`, `rows`, `first`, `last`, `days_before_as_of`.
        lang: "en" or "zh".
    """
    frames.need(frame, ["table", "rows", "first", "last"], "charts.fresh")
    columns = [
        Column(t("common.column.table", lang), tables.text("table"), False),
        Column(t("common.column.rows", lang), tables.count("rows")),
        Column(t("retention.observed.first", lang), _day("first")),
        Column(t("retention.observed.last", lang), _day("last")),
        Column(t("health.fresh.behind", lang), tables.count("days_before_as_of")),
    ]
    return tables.build(
        frame,
        columns,
        name="health.fresh",
        title=lookup("health.fresh.title", lang),
        lang=lang,
        most=25,  # all tables there are
    )


def _day(name: str) -> tables.Cell:
    def cell(row: pd.Series, lang: str) -> str:
        value = row[name]
        known = not pd.isna(value)
        return escape(fmt.date(pd.Timestamp(value).date(), lang) if known else fmt.MISSING)

    return cell
