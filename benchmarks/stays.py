"""Friend loss, and stays in groups as rows of ages."""

from __future__ import annotations

import duckdb
import pandas as pd
import sql
from harness import Benchmark

from commlab import metrics

_FRIENDS = f"""
    WITH friends AS (
      SELECT coalesce(channel, 'unknown') AS segment, staff_id,
             epoch_us(deleted_at) - epoch_us(added_at) AS held,
             epoch_us(TIMESTAMPTZ '2026-06-30 16:00:00+00') - epoch_us(added_at) AS room,
             coalesce(deleted_by = 'staff', FALSE) AS staff,
             coalesce(observed_from > added_at, FALSE) AS late
      FROM contacts WHERE known(added_at)
        AND member_id IN (SELECT member_id FROM ({sql.PEOPLE}))),
    cells AS (
      SELECT segment, staff_id, days, count(*) FILTER (room >= days * 86400000000 AND NOT late) AS friends,
             count(*) FILTER (room >= days * 86400000000 AND NOT late AND NOT staff
                              AND held <= days * 86400000000) AS deleted,
             count(*) FILTER (room >= days * 86400000000 AND NOT late AND staff
                              AND held <= days * 86400000000) AS by_staff,
             count(*) FILTER (room < days * 86400000000 AND NOT late) AS open,
             count(*) FILTER (late) AS unseen
      FROM friends, (VALUES (1), (7), (30)) windows(days) GROUP BY ALL)
    SELECT segment, days, sum(friends) AS friends, sum(deleted) AS deleted,
           sum(by_staff) AS by_staff, sum(open) AS open, sum(unseen) AS unseen, sum(friends * friends) AS squares
    FROM cells GROUP BY ALL"""


def _friend_loss(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    frame = con.execute(_FRIENDS).df().drop(columns="squares")
    frame["rate"] = frame["deleted"] / frame["friends"]
    return frame


def _ages(unit: str = "86400000000.0") -> str:
    end = "TIMESTAMPTZ '2026-06-30 16:00:00+00'"
    return f"""
        WITH stays AS (
          SELECT group_id, joined_at, observed_from, leave_kind, closed_at, last_seen_at,
                 CASE WHEN known(left_at) THEN left_at END AS gone,
                 CASE WHEN known(closed_at) THEN closed_at END AS closed
          FROM memberships LEFT JOIN groups USING (group_id)
          WHERE known(joined_at) AND (observed_from IS NULL OR known(observed_from))
            AND member_id IN (SELECT member_id FROM ({sql.PEOPLE}))),
        shut AS (
          SELECT *, closed IS NOT NULL AND (gone IS NULL OR (leave_kind IS NULL AND gone >= closed)) AS shut
          FROM stays),
        ended AS (
          SELECT group_id, joined_at, observed_from,
                 least(CASE WHEN shut THEN least(last_seen_at, closed) ELSE last_seen_at END, {end}) AS seen,
                 CASE WHEN shut THEN closed ELSE gone END AS gone,
                 shut OR (gone IS NOT NULL AND coalesce(leave_kind IN ('migrated', 'closed'), FALSE)) AS moved
          FROM shut),
        aged AS (
          SELECT group_id, gone IS NOT NULL AND NOT moved AS observed,
                 greatest(coalesce(epoch_us(observed_from) - epoch_us(joined_at), 0), 0) / {unit} AS entry,
                 greatest(epoch_us(coalesce(gone, seen, {end})) - epoch_us(joined_at), 0) / {unit} AS last,
                 greatest(epoch_us(CASE WHEN gone IS NOT NULL THEN least(coalesce(seen, gone), gone)
                                        ELSE coalesce(seen, {end}) END) - epoch_us(joined_at), 0) / {unit} AS first
          FROM ended
          WHERE NOT coalesce(gone < joined_at OR gone <= observed_from, FALSE)),
        placed AS (
          SELECT (dense_rank() OVER (ORDER BY group_id) - 1) % 1000 AS cluster, observed,
                 floor(entry + .5) AS entry,
                 CASE WHEN NOT observed THEN floor((first + last) / 2 + .5)
                      WHEN last - first <= 1.25 THEN greatest(ceil((first + last) / 2), 1) - 1
                      ELSE floor(first + .5) END AS lower,
                 CASE WHEN NOT observed THEN floor((first + last) / 2 + .5)
                      WHEN last - first <= 1.25 THEN greatest(ceil((first + last) / 2), 1)
                      ELSE greatest(floor(last + .5), floor(first + .5) + 1) END AS upper
          FROM aged)
        SELECT cluster, observed::INT AS observed,
               (CASE WHEN observed THEN least(entry, lower) ELSE entry END)::BIGINT AS entry,
               lower::BIGINT AS lower, upper::BIGINT AS upper, count(*) AS n
        FROM placed GROUP BY ALL ORDER BY ALL"""


def _membership_rows(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return con.execute(_ages()).df()


def _same_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"observed": "int64"})


BENCHMARKS = [
    Benchmark(
        "stays.friend_loss",
        metrics.friend_loss,
        _friend_loss,
        lambda frame: frame.astype({"friends": "int64", "deleted": "int64"}),
    ),
    Benchmark("stays.membership_rows", metrics.membership_rows, _membership_rows, _same_rows),
]
