"""Aggregates behind the readout of a campaign: counts, means and variances by arm."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
from harness import Benchmark

from commlab import metrics
from commlab.models.experiment import arm_aggregates

_NET = "(amount * 100)::BIGINT - CASE WHEN refunded_at IS NULL OR known(refunded_at) THEN (refund_amount * 100)::BIGINT ELSE 0 END"
# Span → its first moment and the one after its last; assigned half a day before the start.
_SPANS = {
    "": ("2026-05-01 00:00:00", "2026-05-14 23:59:59.000001"),
    "pre_": ("2026-01-30 12:00:00", "2026-04-30 12:00:00"),
    "placebo_": ("2026-04-16 12:00:00", "2026-04-30 12:00:00"),
    "after_": ("2026-05-14 23:59:59.000001", "2026-05-28 23:59:59.000001"),
}
_METRICS = ("orders", "buyers", "revenue", "margin", "visitors")
_COLUMNS = [span + metric for span in _SPANS for metric in _METRICS]


def _inside(span: str, time: str) -> str:
    first, end = _SPANS[span]
    return f"({time} >= TIMESTAMP '{first}' AND {time} < TIMESTAMP '{end}')"


def _sql(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    sums = ", ".join(
        f"coalesce(sum(1) FILTER ({where}), 0)::DOUBLE AS {span}orders, "
        f"(count(*) FILTER ({where}) > 0)::INT::DOUBLE AS {span}buyers, "
        f"coalesce(sum(net) FILTER ({where}), 0)::DOUBLE / 100 AS {span}revenue, "
        f"coalesce(sum(margin) FILTER ({where}), 0)::DOUBLE / 100 AS {span}margin"
        for span in _SPANS
        for where in [f"WHERE {_inside(span, 't')}"]
    )
    seen = ", ".join(
        f"(count(*) FILTER (WHERE {_inside(span, 't')}) > 0)::INT::DOUBLE AS {span}visitors"
        for span in _SPANS
    )
    moments = ", ".join(
        f"avg({name}) AS mean_{name}, var_samp({name}) AS var_{name}" for name in _COLUMNS
    )
    filled = ", ".join(f"coalesce({name}, 0) AS {name}" for name in _COLUMNS)
    return con.execute(f"""
        WITH paid AS (
          SELECT member_id, local(paid_at) AS t, {_NET} AS net, (amount * 100)::BIGINT AS gross,
                 (cost * 100)::BIGINT AS cost
          FROM orders WHERE known(paid_at) AND member_id IS NOT NULL),
        costed AS (SELECT *, net - cost * (CASE WHEN gross > 0 THEN net / gross::DOUBLE ELSE 0 END) AS margin FROM paid),
        bought AS (SELECT member_id, {sums} FROM costed WHERE t >= TIMESTAMP '2026-01-16 12:00:00' GROUP BY member_id),
        came AS (
          SELECT member_id, {seen} FROM (
            SELECT member_id, local("at") AS t FROM touchpoints WHERE event = 'visited' AND known("at"))
          GROUP BY member_id),
        people AS (
          SELECT a.member_id, a.arm, {filled}
          FROM (SELECT * FROM assignments WHERE campaign_id = 'c'
                AND member_id NOT IN (SELECT staff_id FROM staff)) a
          LEFT JOIN bought USING (member_id) LEFT JOIN came USING (member_id))
        SELECT arm, count(*)::DOUBLE AS n, {moments} FROM people GROUP BY arm ORDER BY arm""").df()  # fmt: skip


def _kit(ds: Any) -> Any:
    return arm_aggregates(metrics.campaign_outcomes(ds, "c"))[0]


def _whole(found: Any) -> pd.DataFrame:
    rows = []
    for arm, item in sorted(found.items()):
        row = {"arm": arm, "n": float(item.count())}
        for name in _COLUMNS:
            row |= {f"mean_{name}": float(item.mean(name)), f"var_{name}": float(item.var(name))}
        rows.append(row)
    return pd.DataFrame(rows)


BENCHMARKS = [Benchmark("campaign.aggregates", _kit, _sql, _whole)]
