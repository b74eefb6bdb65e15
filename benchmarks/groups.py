"""Chat groups week by week: who was there, who wrote, what its members bought."""

from __future__ import annotations

import duckdb
import pandas as pd
import sql
from harness import Benchmark

from commlab import metrics
from commlab.metrics import periods

_STAFF = """
    SELECT id, min(rank) AS rank FROM (
      SELECT staff_id AS id, CASE role WHEN 'bot' THEN 1 WHEN 'atmosphere' THEN 2 ELSE 3 END AS rank FROM staff
      UNION ALL SELECT member_id, CASE role WHEN 'bot' THEN 1 WHEN 'atmosphere' THEN 2 ELSE 3 END
      FROM members WHERE role <> 'member') GROUP BY id"""


def _week(time: str) -> str:
    return f"(day_of(local({time})) + 3) // 7"


def _group_weeks(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    con.execute(sql.covered(sql.MESSAGES)).df()
    con.execute(
        "SELECT DISTINCT day_of(local(sent_at)) FROM messages "
        "WHERE known(sent_at) AND group_id IS NOT NULL"
    ).df()
    con.execute(f"CREATE TEMP TABLE staff_of AS {_STAFF}")
    con.execute(f"""
        CREATE TEMP TABLE there AS
        WITH stays AS (
          SELECT group_id, member_id, {_week("joined_at")} AS first_week,
                 coalesce({_week("CASE WHEN known(left_at) THEN left_at END")}, 10000000) AS last_week
          FROM memberships WHERE known(joined_at) AND member_id NOT IN (SELECT id FROM staff_of)),
        spells AS (
          SELECT *, max(last_week) OVER (PARTITION BY group_id, member_id ORDER BY first_week, last_week
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM stays)
        SELECT * FROM (
          SELECT group_id, member_id, last_week,
                 greatest(first_week, coalesce(before + 1, first_week)) AS first_week FROM spells)
        WHERE first_week <= last_week""")
    return con.execute(f"""
        WITH said AS (
          SELECT group_id, member_id, {_week("sent_at")} AS week, count(*) AS n, max(sent_at) AS last
          FROM messages WHERE known(sent_at) AND NOT revoked AND group_id IS NOT NULL GROUP BY ALL),
        written AS (
          SELECT said.group_id, week, count(*) FILTER (rank IS NULL) AS active,
                 count(*) FILTER (rank IS NULL AND there.member_id IS NULL) AS unlisted,
                 coalesce(sum(n) FILTER (rank IS NULL), 0)::BIGINT AS messages,
                 coalesce(sum(n) FILTER (rank > 1), 0)::BIGINT AS staff_messages, max(last) AS last
          FROM said LEFT JOIN staff_of ON said.member_id = staff_of.id
          LEFT JOIN there ON said.group_id = there.group_id AND said.member_id = there.member_id
            AND week BETWEEN there.first_week AND there.last_week GROUP BY ALL),
        present AS (
          SELECT group_id, week, sum(change) OVER (PARTITION BY group_id ORDER BY week) AS present FROM (
            SELECT group_id, week, sum(change) AS change FROM (
              SELECT group_id, first_week AS week, 1 AS change FROM there
              UNION ALL SELECT group_id, last_week + 1, -1 FROM there) GROUP BY ALL)),
        paid AS (
          SELECT member_id, {_week("paid_at")} AS week, sum(amount - CASE WHEN refunded_at IS NULL OR known(refunded_at) THEN refund_amount ELSE 0 END) AS net
          FROM orders WHERE known(paid_at) AND member_id IS NOT NULL GROUP BY ALL),
        money AS (
          SELECT group_id, week, sum(net)::DOUBLE AS net_revenue FROM paid JOIN there
          ON paid.member_id = there.member_id AND week BETWEEN first_week AND last_week GROUP BY ALL)
        SELECT written.group_id, written.week, active, messages, staff_messages,
               coalesce(present, 0)::BIGINT + unlisted AS members, coalesce(net_revenue, 0) AS net_revenue
        FROM written ASOF LEFT JOIN present
          ON written.group_id = present.group_id AND written.week >= present.week
        LEFT JOIN money ON written.group_id = money.group_id AND written.week = money.week
        WHERE active > 0 AND written.week <= {(sql.LAST_DAY + 1 + 3) // 7 - 1}""").df()


_SHOWN = ["group_id", "week", "active", "messages", "staff_messages", "members", "net_revenue"]


def _same(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[(frame["status"] == "ok") & (frame["active"] > 0)].copy()
    frame["week"] = [periods.number_of(day.date(), "week") for day in frame["week"]]
    counts = ["active", "messages", "staff_messages", "members"]
    return frame[_SHOWN].astype(dict.fromkeys(counts, "int64"))


def _only_known(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return _group_weeks(con)[_SHOWN]


BENCHMARKS = [Benchmark("groups.weeks", metrics.group_weeks, _only_known, _same)]
