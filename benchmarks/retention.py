"""Cohort retention in its kinds, anchors and splits, pooled, compared and by state.

The peer counts members and active members by cohort, period and chat group (which is what the
intervals of the frame rest on) and the days that the source covers (which is what its status
rests on). Intervals are numpy on these few rows: the kit's time has them, the peer's has not.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import sql
from harness import Benchmark

from commlab import metrics
from commlab.metrics import periods

_ANCHORS = {
    "joined": sql.PEOPLE,
    "group_joined": f"""
        SELECT member_id, channel, first AS anchor FROM ({sql.PEOPLE}) JOIN (
          SELECT member_id, local(min(joined_at)) AS first FROM memberships
          WHERE known(joined_at) GROUP BY member_id) USING (member_id)""",
    "first_message": f"""
        SELECT member_id, channel, first AS anchor FROM ({sql.PEOPLE}) JOIN (
          SELECT member_id, local(min(t)) AS first FROM ({sql.MESSAGES}) GROUP BY member_id)
          USING (member_id)""",
    "first_order": f"""
        SELECT member_id, channel, first AS anchor FROM ({sql.PEOPLE}) JOIN (
          SELECT member_id, local(min(t)) AS first FROM ({sql.ORDERS}) GROUP BY member_id)
          USING (member_id)""",
}  # fmt: skip
_EVENTS = {"any": sql.ANY, "order": sql.ORDERS, "message": sql.MESSAGES}


def _query(anchor: str, unit: str, activity: str, kind: str, split: bool) -> str:
    of = {"month": "month_of", "week": "week_of"}[unit]
    grouped = activity != "order"
    keys = [*(["channel"] if split else []), "cohort", *(["cluster"] if grouped else [])]
    names = ", ".join(keys)
    if kind == "unbounded":
        seen = f"""
            SELECT member_id, {of}(local(max(t))) AS period, local(max(t)) AS last
            FROM ({_EVENTS[activity]}) GROUP BY member_id"""
    else:
        seen = f"""
            SELECT member_id, {of}(local(t)) AS period, local(max(t)) AS last
            FROM ({_EVENTS[activity]}) GROUP BY ALL"""
    active = f"SELECT {names}, period - cohort AS k FROM seen JOIN people USING (member_id) WHERE last >= anchor"
    if kind == "bracket":
        active = f"""
            SELECT {names}, k FROM (
              SELECT DISTINCT member_id, {names},
                     CASE WHEN period - cohort <= 0 THEN 0 WHEN period - cohort <= 1 THEN 1
                          WHEN period - cohort <= 3 THEN 2 WHEN period - cohort <= 6 THEN 4
                          WHEN period - cohort <= 12 THEN 7 END AS k
              FROM seen JOIN people USING (member_id) WHERE last >= anchor) WHERE k IS NOT NULL"""
    groups = f"LEFT JOIN ({sql.FIRST_GROUP}) USING (member_id)" if grouped else ""
    return f"""
        WITH people AS MATERIALIZED (
          SELECT *, {of}(anchor) AS cohort FROM ({_ANCHORS[anchor]}) {groups}),
        seen AS ({seen}),
        active AS ({active})
        SELECT {names}, -1 AS k, count(*) AS n FROM people GROUP BY ALL
        UNION ALL SELECT {names}, k, count(*) FROM active GROUP BY ALL"""


def _sql(
    con: duckdb.DuckDBPyConnection,
    anchor: str = "joined",
    unit: str = "month",
    activity: str = "any",
    kind: str = "on",
    split: bool = False,
) -> pd.DataFrame:
    counts = con.execute(_query(anchor, unit, activity, kind, split)).df()
    con.execute(sql.covered(_EVENTS[activity])).df()
    keys = [*(["channel"] if split else []), "cohort", "k"]
    counts = counts.groupby(keys, sort=True)["n"].sum().reset_index()
    if kind == "unbounded":
        wide = counts[counts.k >= 0].pivot_table(
            index=keys[:-1], columns="k", values="n", fill_value=0
        )
        wide = wide.reindex(columns=range(int(wide.columns.max()) + 1), fill_value=0)
        later = wide.iloc[:, ::-1].cumsum(axis=1).reset_index().melt(keys[:-1], value_name="n")
        counts = pd.concat([later[later["n"] > 0], counts[counts.k < 0]])
    people = counts[counts.k < 0].drop(columns="k").rename(columns={"n": "at_risk"})
    active = counts[counts.k >= 0].rename(columns={"n": "active"})
    frame = active.merge(people, on=keys[:-1])
    frame["rate"] = frame.active / frame.at_risk
    return frame.rename(columns={"channel": "segment", "k": "period"})


def _benchmark(name: str, **options: Any) -> Benchmark:
    unit = options.get("cohort", "month")

    def kit(ds: Any) -> pd.DataFrame:
        return metrics.retention(ds, **options)

    def run(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        frame = _sql(con, options.get("anchor", "joined"), unit, options.get("activity", "any"),
                     options.get("kind", "on"), "split" in options)  # fmt: skip
        return _over(frame, unit, options.get("kind", "on"))

    def same(frame: pd.DataFrame) -> pd.DataFrame:
        # The peer has no rows for cells in which nobody was active, and no mask.
        frame = frame[frame["status"].isin(["ok", "too_few"]) & (frame["active"] > 0)].copy()
        frame["cohort"] = [periods.number_of(day.date(), unit) for day in frame["cohort"]]
        frame["rate"] = frame["active"].astype(float) / frame["at_risk"].astype(float)
        return frame.astype({"active": "int64", "at_risk": "int64"})

    return Benchmark(f"retention.{name}", kit, run, same)


_LAST = {"0": 0, "1": 1, "2": 3, "4": 6, "7": 12}  # first -> last period of a bracket


def _over(frame: pd.DataFrame, unit: str, kind: str) -> pd.DataFrame:
    """Leave out periods that are not over, as the kit masks them."""
    import datetime as dt

    last = periods.last_complete(dt.date(2026, 6, 30), unit)
    end = frame["period"]
    if kind == "bracket":
        end = end.map({int(first): last for first, last in _LAST.items()})
    columns = [
        name
        for name in ("segment", "cohort", "period", "at_risk", "active", "rate")
        if name in frame
    ]
    return frame.loc[frame["cohort"] + end <= last, columns]


def _pooled(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = _over(_sql(con), "month", "on")
    return frame.groupby("period")["active"].sum().reset_index()


def _next_month(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = _over(_sql(con, split=True), "month", "on")
    frame = frame[frame["period"] == 1]
    return frame.groupby("segment")[["at_risk", "active"]].sum().reset_index()


BENCHMARKS = [
    Benchmark(
        "retention.overall",
        metrics.overall_retention,
        _pooled,
        lambda frame: frame.astype({"active": "int64"}),
    ),
    Benchmark(
        "retention.compare",
        lambda ds: metrics.compare_retention(ds, split="channel", period=1),
        _next_month,
        lambda frame: frame,
    ),
    _benchmark("on"),
    _benchmark("on_week", cohort="week"),
    _benchmark("on_orders", activity="order"),
    _benchmark("unbounded", kind="unbounded"),
    _benchmark("bracket", kind="bracket"),
    _benchmark("group_joined", anchor="group_joined"),
    _benchmark("first_message", anchor="first_message"),
    _benchmark("first_order", anchor="first_order"),
    _benchmark("by_channel", split="channel"),
]
