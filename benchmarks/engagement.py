"""How often members are active, and where the active ones come from and go to."""

from __future__ import annotations

import duckdb
import pandas as pd
import sql
from harness import Benchmark

from commlab import metrics
from commlab.metrics import periods

_DAYS = f"""
    SELECT member_id, day FROM (
      SELECT member_id, day_of(local(t)) AS day, local(max(t)) AS last FROM ({sql.ANY}) GROUP BY ALL)
    JOIN ({sql.PEOPLE}) USING (member_id) WHERE last >= anchor"""


def _active_days(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    con.execute(sql.covered(sql.ANY)).df()
    first = sql.LAST_DAY - 27
    # Events before the window need not be read at all.
    recent = sql.ANY_SINCE.format(since="TIMESTAMPTZ '2026-06-02 16:00:00+00'")
    return con.execute(f"""
        WITH people AS (SELECT member_id FROM ({sql.PEOPLE}) WHERE day_of(anchor) < {first}),
        days AS (
          SELECT member_id, count(DISTINCT day_of(local(t))) AS days FROM ({recent})
          WHERE day_of(local(t)) >= {first} GROUP BY member_id)
        SELECT coalesce(days, 0) AS active_days, count(*) AS members
        FROM people LEFT JOIN days USING (member_id) GROUP BY ALL""").df()  # fmt: skip


def _stickiness(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    con.execute(sql.covered(sql.ANY)).df()
    frame = con.execute(f"""
        WITH days AS ({_DAYS}),
        weeks AS (
          SELECT member_id, ({sql.LAST_DAY} - day) // 7 AS week, count(*) AS days FROM days GROUP BY ALL),
        windows AS (
          SELECT member_id, week // 4 AS back, sum(days) AS days, count(*) AS weeks FROM weeks GROUP BY ALL)
        SELECT back, count(*) AS mau, sum(days)::DOUBLE / 28 AS dau, sum(weeks)::DOUBLE / 4 AS wau,
               sum(days * days) AS squares
        FROM windows GROUP BY ALL""").df()  # fmt: skip
    frame["ends_on"] = periods.starts(sql.LAST_DAY - frame["back"] * 28, "day")
    # The window in which the data begin is not covered whole.
    return frame.loc[frame["back"] < frame["back"].max(), ["ends_on", "mau", "dau", "wau"]]


_LIFECYCLE = f"""
    WITH people AS (SELECT member_id, anchor, month_of(anchor) AS cohort FROM ({sql.PEOPLE})),
    seen AS (
      SELECT member_id, period, cohort FROM (
        SELECT member_id, month_of(local(t)) AS period, local(max(t)) AS last FROM ({sql.ANY}) GROUP BY ALL)
      JOIN people USING (member_id) WHERE last >= anchor),
    placed AS (
      SELECT *, lag(period) OVER w AS before, lead(period) OVER w AS after FROM seen
      WINDOW w AS (PARTITION BY member_id ORDER BY period)),
    edges AS (
      SELECT member_id, local(joined_at) AS t, 0 AS rank, 1 AS change FROM memberships WHERE known(joined_at)
      UNION ALL
      SELECT member_id, local(greatest(left_at, joined_at)),
             CASE WHEN leave_kind IN ('migrated', 'closed') THEN 2 ELSE 1 END, -1
      FROM memberships WHERE known(joined_at) AND known(left_at)
      UNION ALL SELECT member_id, local(added_at), 0, 1 FROM contacts WHERE known(added_at)
      UNION ALL SELECT member_id, local(greatest(deleted_at, added_at)), 1, -1
      FROM contacts WHERE known(added_at) AND known(deleted_at)),
    spells AS (
      SELECT member_id, rank, t, sum(change) OVER (w ROWS UNBOUNDED PRECEDING) AS inside, lead(t) OVER w AS back
      FROM edges WINDOW w AS (PARTITION BY member_id ORDER BY t, rank)),
    gone AS (
      SELECT member_id, month_of(t) AS since, coalesce(month_of(back), 999999) AS until
      FROM spells WHERE inside = 0 AND rank = 1),
    lost AS (SELECT member_id, period + 1 AS period FROM placed WHERE after IS NULL OR after > period + 1),
    states AS (
      SELECT period, CASE WHEN period = cohort THEN 'new' WHEN before IS NULL THEN 'activated_late'
                          WHEN before = period - 1 THEN 'retained' ELSE 'resurrected' END AS state FROM placed
      UNION ALL
      SELECT lost.period, CASE WHEN gone.member_id IS NULL THEN 'dormant' ELSE 'left' END
      FROM lost LEFT JOIN gone ON lost.member_id = gone.member_id AND gone.since <= lost.period
        AND gone.until > lost.period
      UNION ALL SELECT cohort, 'joined' FROM people)
    SELECT period, state, count(*) AS people FROM states GROUP BY ALL"""
_STATES = ["new", "retained", "resurrected", "activated_late", "dormant", "left"]


def _lifecycle(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    con.execute(sql.covered(sql.ANY)).df()
    counts = con.execute(_LIFECYCLE).df()
    wide = counts.pivot_table(index="period", columns="state", values="people", fill_value=0)
    wide = wide.reindex(columns=_STATES, fill_value=0).rename_axis(columns=None).reset_index()
    wide = wide[(wide["period"] <= sql.LAST_MONTH) & (wide["period"] > wide["period"].min())]
    return wide[["period", *_STATES]].astype("int64")


def _same_lifecycle(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[frame["status"] == "ok"].copy()
    frame["period"] = [periods.number_of(day.date(), "month") for day in frame["period"]]
    frame = frame[frame["period"] > frame["period"].min()]
    return frame[["period", *_STATES]].astype("int64")


BENCHMARKS = [
    Benchmark("engagement.active_days", metrics.active_days, _active_days,
              lambda frame: frame[frame["members"] > 0]),
    Benchmark("engagement.stickiness", metrics.stickiness, _stickiness, lambda frame: frame),
    Benchmark("engagement.lifecycle", metrics.lifecycle, _lifecycle, _same_lifecycle),
]  # fmt: skip
