"""Frequency, recency and spend of buyers, against SQL and against lifetimes."""

from __future__ import annotations

from typing import Any

import data
import duckdb
import pandas as pd
import sql
from harness import Benchmark

from commlab import metrics

_NET = "(amount * 100)::BIGINT - CASE WHEN refunded_at IS NULL OR known(refunded_at) THEN (refund_amount * 100)::BIGINT ELSE 0 END"
_BUYERS = """
    FROM orders WHERE known(paid_at) AND member_id IS NOT NULL AND member_id NOT IN (
      SELECT staff_id FROM staff UNION ALL SELECT member_id FROM members WHERE role <> 'member')"""


def _sql(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return con.execute(f"""
        WITH days AS (
          SELECT member_id, day_of(local(paid_at)) AS day, sum({_NET}) AS net {_BUYERS}
          GROUP BY ALL HAVING net > 0),
        people AS (
          SELECT member_id, count(*) - 1 AS frequency, min(day) AS first, max(day) AS last,
                 sum(net) - arg_min(net, day) AS later
          FROM days GROUP BY member_id)
        SELECT member_id, frequency, (last - first)::DOUBLE AS recency, ({sql.LAST_DAY} - first)::DOUBLE AS T,
               CASE WHEN frequency > 0 THEN later::DOUBLE / frequency / 100 ELSE 0 END AS monetary_value
        FROM people ORDER BY member_id""").df()  # fmt: skip


def _lifetimes(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    from lifetimes.utils import summary_data_from_transaction_data

    # Orders without any net spend are no occasions; lifetimes would count them.
    orders = con.execute(f"""
        SELECT member_id, local(paid_at) AS day, ({_NET})::DOUBLE / 100 AS net {_BUYERS} AND {_NET} > 0
        """).df()  # fmt: skip
    summary = summary_data_from_transaction_data(
        orders, "member_id", "day", "net", observation_period_end=data.AS_OF
    )
    return summary.reset_index()


def _kit(ds: Any) -> pd.DataFrame:
    return metrics.rfm_summary(ds, "D")


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


BENCHMARKS = [
    Benchmark("rfm.summary", _kit, _sql, _whole),
    Benchmark("rfm.lifetimes", _kit, _lifetimes, _whole),
]
