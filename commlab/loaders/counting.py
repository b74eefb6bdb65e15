# ruff: noqa: S608 - the queries hold names of declared columns
"""Rows that nothing names, joined by their number: of equal ones the larger of both stays.

So loading twice adds nothing, and no twin is lost. A row that merely knows more of what comes later
(a coupon, redeemed since) takes the place of the old one, and one that knows less is there already.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from commlab.loaders.report import ALREADY
from commlab.loaders.sql import listed, same
from commlab.tables import Table


def settle(
    engine: duckdb.DuckDBPyConnection, table: Table, shared: Sequence[str], columns: Sequence[str]
) -> None:
    """Fill `dropped` and `corrected` (see `joining`) from `staged`.

    Args:
        engine: The engine.
        table: The declaration.
        shared: Declared columns that both the workspace and the load have.
        columns: All columns of `staged`.
    """
    late = [c for c in shared if table[c].later or table[c].follows]
    core = [c for c in shared if c not in late]
    number = "row_number() OVER (PARTITION BY {0}, _source < 0 ORDER BY {1}) AS nth"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE counted AS SELECT "
        f"{listed(shared)}, _source, _line, _order, {number.format(listed(shared), '_order')} "
        "FROM staged"
    )
    pairs = (
        "SELECT n._source, n._line, n._order, o._order AS place FROM {0} n JOIN {0} o ON "
        "n._source >= 0 AND o._source < 0 AND n.nth = o.nth AND {1}"
    )
    engine.execute("CREATE OR REPLACE TEMP TABLE paired AS "
                   + pairs.format("counted", same("n", "o", shared)))  # fmt: skip
    engine.execute(f"INSERT INTO dropped SELECT _source, _line, _order, '{ALREADY}' FROM paired")
    if not late:
        return
    # The open ones of the workspace first, the settled ones of the newer export first.
    order = ", ".join(f'CASE WHEN (_source < 0) = ("{c}" IS NULL) THEN 0 ELSE 1 END' for c in late)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE open AS SELECT * EXCLUDE (nth), "
        f"{number.format(listed(core), f'{order}, _order')} FROM counted "
        "WHERE _order NOT IN (SELECT _order FROM paired UNION ALL SELECT place FROM paired)"
    )
    fits = " AND ".join(f'(n."{c}" IS NULL OR o."{c}" IS NULL OR n."{c}" = o."{c}")' for c in late)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE completed AS "
        + pairs.format("open", f"{same('n', 'o', core)} AND {fits}")
    )
    news = " OR ".join(f'(n."{c}" IS NOT NULL AND o."{c}" IS NULL)' for c in late)
    cells = ", ".join(f'coalesce(n."{c}", o."{c}") AS "{c}"' for c in columns)
    engine.execute(
        f"INSERT INTO corrected SELECT {cells}, n._source, n._line, o._order, n._order "
        "FROM completed p JOIN staged n ON n._order = p._order "
        f"JOIN staged o ON o._order = p.place WHERE {news}"
    )
    engine.execute(
        "INSERT INTO dropped SELECT _source, _line, _order, CASE WHEN _order NOT IN "
        f"(SELECT _nth FROM corrected) THEN '{ALREADY}' END FROM completed"
    )
    engine.execute("INSERT INTO dropped SELECT -1, 0, _order, NULL FROM corrected")
