"""Made-up workspaces of any size, written by DuckDB in seconds: for timing only.

Nothing is planted and nobody behaves like a customer: what matters here is that tables have the
canonical shape, realistic proportions and the physical order of an export (by time). The
simulator (`commlab simulate`) makes data that behave.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from commlab.tables import UNIQUE_MARK

SEED = 7
AS_OF = "2026-06-30"
MONTHS = 18  # of history before `as_of`

# Every "random" number is a hash of row number and purpose, so one seed gives one workspace.
_MACROS = f"""
CREATE MACRO u(i, purpose) AS
  (hash(i, purpose, {SEED}) >> 11)::DOUBLE / 9007199254740992;
CREATE MACRO pick(i, purpose, n) AS floor(u(i, purpose) * n)::BIGINT;
CREATE MACRO person(k) AS printf('m%07d', k);
CREATE MACRO after(begin_at, share) AS
  make_timestamptz(epoch_us(begin_at) + (share * greatest(epoch_us(TIMESTAMPTZ '2026-07-05 00:00:00+00')
    - epoch_us(begin_at), 0))::BIGINT);
CREATE MACRO joined(k) AS make_timestamptz(
  epoch_us(TIMESTAMPTZ '2025-01-01 00:00:00+00') + (u(k, 1) * {MONTHS} * 30.4 * 86400000000)::BIGINT);
CREATE MACRO group_of(k, m) AS  -- groups fill one after another, a handful at a time
  floor((u(k, 1) * .97 + u(k, 11) * .03) * greatest(m // 200, 4))::BIGINT;
"""

# Table -> (rows an order, query). {n} is the number of rows, {m} of members.
_TABLES: dict[str, tuple[float, str]] = {
    "members": (0.1, """
        SELECT person(i) AS member_id, joined(i) AS joined_at,
               printf('c%02d', pick(i, 2, 12)) AS channel, printf('a%03d', pick(i, 3, 200)) AS adviser_id,
               CASE WHEN u(i, 4) < .6 THEN 'female' ELSE 'male' END AS gender,
               (1970 + pick(i, 5, 35))::BIGINT AS birth_year, printf('r%02d', pick(i, 6, 30)) AS region,
               NULL::VARCHAR AS city, NULL::VARCHAR AS nickname, 'member' AS role
        FROM range({n}) t(i)
        UNION ALL
        SELECT printf('a%03d', i), TIMESTAMPTZ '2025-01-01 00:00:00+00', NULL, NULL, NULL, NULL,
               NULL, NULL, NULL, 'staff' FROM range(200) t(i)
        ORDER BY joined_at"""),
    "staff": (0, """
        SELECT printf('a%03d', i) AS staff_id, 'adviser' AS role FROM range(200) t(i)"""),
    "channels": (0, """
        SELECT printf('c%02d', i) AS channel, printf('s%d', i % 3) AS script FROM range(12) t(i)"""),
    "groups": (0, """
        SELECT printf('g%05d', i) AS group_id, TIMESTAMPTZ '2024-12-31 16:00:00+00' AS created_at,
               ['benefit', 'content', 'resource'][1 + i % 3] AS positioning,
               CASE WHEN i % 50 = 0 THEN TIMESTAMPTZ '2026-05-01 00:00:00+00' END AS closed_at
        FROM range(greatest({m} // 200, 4)) t(i)"""),
    "memberships": (0.08, """
        WITH stays AS (
          SELECT i, person(i) AS member_id, printf('g%05d', group_of(i, {m})) AS group_id,
                 after(joined(i), u(i, 12) * .1) AS joined_at
          FROM range({n}) t(i)),
        ends AS (SELECT *, CASE WHEN u(i, 13) < .5 THEN after(joined_at, u(i, 14)) END AS gone FROM stays)
        SELECT group_id, member_id, joined_at, ['invite', 'link', 'qr'][1 + pick(i, 15, 3)] AS join_scene,
               CASE WHEN u(i, 16) < .9 THEN joined_at ELSE after(joined_at, .05) END AS observed_from,
               CASE WHEN gone IS NULL THEN TIMESTAMPTZ '2026-07-04 19:00:00+00'
                    ELSE greatest(gone - INTERVAL 1 DAY, joined_at) END AS last_seen_at,
               gone AS left_at,
               CASE WHEN gone IS NOT NULL THEN ['left', 'removed', 'migrated'][1 + pick(i, 17, 3)] END AS leave_kind
        FROM ends ORDER BY joined_at"""),
    "contacts": (0.11, """
        WITH friends AS (
          SELECT i, person(i % {m}) AS member_id, printf('a%03d', pick(i, 21, 200)) AS staff_id,
                 after(joined(i % {m}), CASE WHEN i < {m} THEN 0 ELSE u(i, 22) END) AS added_at
          FROM range({n}) t(i)),
        ends AS (SELECT *, CASE WHEN u(i, 23) < .3 THEN after(added_at, power(u(i, 24), 4)) END AS deleted_at
          FROM friends)
        SELECT member_id, staff_id, added_at, ['qr_code', 'card', 'search'][1 + pick(i, 25, 3)] AS add_way,
               printf('c%02d', pick(i, 26, 12)) AS channel,
               CASE WHEN u(i, 27) < .9 THEN added_at ELSE after(added_at, .05) END AS observed_from,
               deleted_at,
               CASE WHEN deleted_at IS NOT NULL
                    THEN CASE WHEN u(i, 28) < .9 THEN 'customer' ELSE 'staff' END END AS deleted_by
        FROM ends ORDER BY added_at"""),
    "orders": (1.0, """
        WITH bought AS (
          SELECT i, floor({m} * power(u(i, 31), 1.7))::BIGINT AS k FROM range({n}) t(i)),
        paid AS (SELECT *, after(joined(k), u(i, 32)) AS paid_at, 10 + pick(i, 33, 40000) / 100 AS amount,
                        u(i, 34) < .06 AS refunded FROM bought)
        SELECT printf('o%08d', i) AS order_id, CASE WHEN u(i, 35) < .95 THEN person(k) END AS member_id,
               CASE WHEN u(i, 35) < .95 THEN 'member' WHEN u(i, 35) < .97 THEN 'non_member' ELSE 'unknown' END
                 AS buyer_status,
               paid_at, amount::DECIMAL(18, 2) AS amount,
               CASE WHEN refunded THEN amount ELSE 0 END::DECIMAL(18, 2) AS refund_amount,
               CASE WHEN refunded THEN paid_at + INTERVAL 5 DAY END AS refunded_at,
               (amount * .4)::DECIMAL(18, 2) AS cost, 'regular' AS kind,
               printf('c%02d', pick(i, 36, 12)) AS channel
        FROM paid ORDER BY paid_at"""),
    "messages": (2.0, """
        WITH wrote AS (
          SELECT i, floor({m} * power(u(i, 41), 2.5))::BIGINT AS k, u(i, 42) < .05 AS staff FROM range({n}) t(i))
        SELECT printf('x%09d', i) AS message_id, printf('g%05d', group_of(k, {m})) AS group_id,
               CASE WHEN staff THEN printf('a%03d', k % 200) ELSE person(k) END AS member_id,
               after(joined(k), u(i, 43)) AS sent_at, 'text' AS kind,
               repeat('字', 1 + pick(i, 44, 12)::INT) AS text, u(i, 45) < .01 AS revoked,
               CASE WHEN u(i, 46) < .3 THEN printf('x%09d', pick(i, 47, {n})) END AS reply_to
        FROM wrote ORDER BY sent_at"""),
    "check_ins": (0.1, """
        WITH came AS (SELECT i, floor({m} * power(u(i, 51), 2))::BIGINT AS k FROM range({n}) t(i))
        SELECT person(k) AS member_id, after(joined(k), u(i, 52)) AS "at" FROM came ORDER BY "at" """),
    "touchpoints": (0.2, """
        WITH came AS (SELECT i, floor({m} * power(u(i, 61), 2))::BIGINT AS k FROM range({n}) t(i))
        SELECT person(k) AS member_id, after(joined(k), u(i, 62)) AS "at",
               ['clicked', 'visited', 'shared'][1 + pick(i, 63, 3)] AS event,
               printf('c%02d', pick(i, 64, 12)) AS channel
        FROM came ORDER BY "at" """),
    "campaigns": (0, """
        SELECT 'c' AS campaign_id, 'push' AS kind, TIMESTAMPTZ '2026-04-30 16:00:00+00' AS starts_at,
               TIMESTAMPTZ '2026-05-14 15:59:59+00' AS ends_at, 'randomised' AS design,
               'control' AS control_arm"""),
    "assignments": (0.1, """
        SELECT 'c' AS campaign_id, person(i) AS member_id,
               CASE WHEN u(i, 71) < .5 THEN 'control' ELSE 'treated' END AS arm,
               TIMESTAMPTZ '2026-04-30 04:00:00+00' AS assigned_at
        FROM range({n}) t(i)"""),
}  # fmt: skip


def members(orders: int) -> int:
    """Return how many members a workspace of so many orders has."""
    return max(orders // 10, 100)


def cache() -> Path:
    """Return the folder that keeps workspaces between runs."""
    return Path(
        os.environ.get("COMMLAB_BENCHMARKS") or Path(tempfile.gettempdir()) / "commlab-benchmarks"
    )


def workspace(orders: int) -> Path:
    """Return a workspace with so many orders, a tenth of members and twice the messages.

    It is made at first use, under a name that changes when the recipe does.
    """
    # How it is written counts too: files with an old mark of clean keys would be looked through.
    made = (_MACROS, _TABLES, inspect.getsource(_write), UNIQUE_MARK, duckdb.__version__)
    recipe = hashlib.blake2b(repr(made).encode(), digest_size=5)
    folder = cache() / f"{orders}-{recipe.hexdigest()}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix="making-"))
    try:
        _write(fresh, orders)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return folder


def _write(fresh: Path, orders: int) -> None:
    con = duckdb.connect(config={"temp_directory": str(fresh / "spill")})
    con.execute("SET TimeZone = 'UTC'")
    con.execute(_MACROS)
    m = members(orders)
    for name, (share, query) in _TABLES.items():
        n = m if name == "members" else int(orders * share)
        # As loaders and simulator do: keys are unique, texts stripped.
        target = fresh / f"{name}.parquet"
        con.execute(f"CREATE OR REPLACE TEMP VIEW made AS {query.format(n=n, m=m)}")
        rows = con.execute("SELECT count(*) FROM made").fetchall()[0][0]
        con.execute(
            f"COPY made TO '{target}' (FORMAT PARQUET, COMPRESSION ZSTD, "
            f"KV_METADATA {{'{UNIQUE_MARK}': '{rows}'}})"
        )
    con.close()
    shutil.rmtree(fresh / "spill", ignore_errors=True)
    (fresh / "commlab.toml").write_text(f'name = "Benchmark"\nas_of = {AS_OF}\n', encoding="utf-8")
