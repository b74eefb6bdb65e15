"""Money by cohort: revenue retention, and what staying is worth."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import sql
from harness import Benchmark

from commlab import metrics
from commlab.metrics import periods

# Payments, and refunds when they were made; money in minor units.
_NET = """
    SELECT member_id, local(paid_at) AS paid, local(paid_at) AS t, (amount * 100)::BIGINT AS net
    FROM orders WHERE known(paid_at) AND member_id IS NOT NULL
    UNION ALL
    SELECT member_id, local(paid_at), local(coalesce(refunded_at, paid_at)), -(refund_amount * 100)::BIGINT
    FROM orders WHERE known(paid_at) AND known(coalesce(refunded_at, paid_at))
      AND member_id IS NOT NULL AND refund_amount <> 0"""

_REVENUE = f"""
    WITH people AS (SELECT member_id, anchor, month_of(anchor) AS cohort FROM ({sql.PEOPLE})),
    monthly AS (
      SELECT member_id, cohort, month_of(t) - cohort AS k, sum(net) AS net
      FROM ({_NET}) JOIN people USING (member_id) WHERE paid >= anchor GROUP BY ALL),
    based AS (
      SELECT *, net::DOUBLE AS y,
             sum(CASE WHEN k = 0 THEN net ELSE 0 END) OVER (PARTITION BY member_id)::DOUBLE AS x
      FROM monthly)
    SELECT cohort, k AS period, sum(net)::DOUBLE / 100 AS revenue, count(*) FILTER (net > 0) AS buyers,
           sum(y * y) AS yy, sum(x * y) AS xy
    FROM based GROUP BY ALL"""

_SIZES = f"SELECT month_of(anchor) AS cohort, count(*) AS size FROM ({sql.PEOPLE}) GROUP BY ALL"


def _revenue(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    sums = con.execute(_REVENUE).df()
    sizes = con.execute(_SIZES).df()
    con.execute(sql.covered(sql.ORDERS)).df()
    frame = sums.merge(sizes, on="cohort")
    over = frame["cohort"] + frame["period"] <= sql.LAST_MONTH
    return frame.loc[over, ["cohort", "period", "size", "buyers", "revenue"]]


def _same_revenue(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[frame["revenue"].notna() & (frame["revenue"] != 0)].copy()
    frame["cohort"] = [periods.number_of(day.date(), "month") for day in frame["cohort"]]
    return frame.astype({"buyers": "int64"})


def _repurchase_sql(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    con.execute(sql.covered(sql.ANY)).df()
    con.execute(sql.covered(sql.ORDERS)).df()
    return con.execute(f"""
        WITH people AS (
          SELECT member_id, anchor, month_of(anchor) AS cohort FROM ({sql.PEOPLE})
          WHERE month_of(anchor) <= {sql.LAST_MONTH} - 4),
        seen AS (
          SELECT member_id FROM (
            SELECT member_id, month_of(local(t)) AS period, local(max(t)) AS last FROM ({sql.ANY}) GROUP BY ALL)
          JOIN people USING (member_id) WHERE period = cohort + 1 AND last >= anchor),
        bought AS (
          SELECT member_id, max((month_of(paid) - cohort <= 1)::INT) AS buyer,
                 max((month_of(paid) - cohort BETWEEN 2 AND 4)::INT) AS again,
                 sum(CASE WHEN month_of(t) - cohort BETWEEN 2 AND 4 AND paid >= anchor THEN net ELSE 0 END) AS net
          FROM ({_NET}) JOIN people USING (member_id) GROUP BY member_id),
        outcomes AS (
          SELECT CASE WHEN seen.member_id IS NULL THEN 'lost' ELSE 'retained' END AS "group",
                 coalesce(buyer, 0) AS buyer, coalesce(again, 0) AS again, coalesce(net, 0) AS net
          FROM people LEFT JOIN seen USING (member_id) LEFT JOIN bought USING (member_id))
        SELECT "group", count(*) AS members, sum(buyer) AS buyers, sum(buyer * again) AS repurchasers,
               sum(net)::DOUBLE / 100 AS net_revenue, sum(net::DOUBLE * net::DOUBLE) AS squares
        FROM outcomes GROUP BY ALL""").df().drop(columns="squares")  # fmt: skip


def _whole(frame: Any) -> Any:
    return frame


BENCHMARKS = [
    Benchmark("revenue.revenue_retention", metrics.revenue_retention, _revenue, _same_revenue),
    Benchmark("revenue.repurchase", metrics.repurchase_by_retention, _repurchase_sql, _whole),
]
