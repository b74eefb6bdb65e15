"""Data health: rows by month, how fresh, whose messages and whose orders."""

from __future__ import annotations

import duckdb
import pandas as pd
from harness import Benchmark

from commlab import metrics

_DATED = {"members": "joined_at", "groups": "created_at", "memberships": "joined_at",
          "messages": "sent_at", "orders": "paid_at", "contacts": "added_at",
          "touchpoints": '"at"', "check_ins": '"at"'}  # fmt: skip


def _coverage(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return con.execute(" UNION ALL ".join(
        f"SELECT '{name}' AS \"table\", date_trunc('month', local({time})) AS month, count(*) AS rows "
        f"FROM {name} WHERE known({time}) GROUP BY ALL"
        for name, time in _DATED.items())).df()  # fmt: skip


def _freshness(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return con.execute(" UNION ALL ".join(
        f"SELECT '{name}' AS \"table\", count(*) AS rows, "
        f"date_trunc('day', local(min({time}) FILTER (known({time})))) AS first, "
        f"date_trunc('day', local(max({time}) FILTER (known({time})))) AS last FROM {name}"
        for name, time in _DATED.items())).df()  # fmt: skip


_STAFF = "SELECT staff_id FROM staff UNION SELECT member_id FROM members WHERE role <> 'member'"


def _staff_share(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return con.execute(f"""
        SELECT count(*) FILTER (member_id IN ({_STAFF})) / count(*) AS value, count(*) AS n
        FROM messages WHERE known(sent_at)""").df()  # fmt: skip


def _buyers(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = con.execute(f"""
        SELECT buyer_status AS status, count(DISTINCT member_id) + count(*) FILTER (member_id IS NULL) AS buyers,
               count(*) AS orders,
               sum((amount * 100)::BIGINT - CASE WHEN refunded_at IS NULL OR known(refunded_at)
                                                 THEN (refund_amount * 100)::BIGINT ELSE 0 END)::DOUBLE AS revenue
        FROM orders WHERE known(paid_at) AND (member_id IS NULL OR member_id NOT IN ({_STAFF}))
        GROUP BY ALL""").df().set_index("status")  # fmt: skip
    share = frame.loc["member"] / frame.sum()
    return pd.DataFrame({"key": share.index, "value": share.to_numpy()})


def _estimate(estimate: object) -> pd.DataFrame:
    return pd.DataFrame({"value": [estimate.value], "n": [estimate.n]})


def _estimates(found: dict) -> pd.DataFrame:
    return pd.DataFrame({"key": list(found), "value": [item.value for item in found.values()]})


BENCHMARKS = [
    Benchmark(
        "health.coverage", metrics.coverage, _coverage, lambda frame: frame[frame["rows"] > 0]
    ),
    Benchmark(
        "health.freshness",
        metrics.freshness,
        _freshness,
        lambda frame: frame[frame["first"].notna()],
    ),
    Benchmark("health.staff_share", metrics.staff_share, _staff_share, _estimate),
    Benchmark("health.buyer_membership", metrics.buyer_membership, _buyers, _estimates),
]
