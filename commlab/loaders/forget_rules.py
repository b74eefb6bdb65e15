# ruff: noqa: S608 - the queries hold names of declared columns alone
"""What of a row goes with a person who is forgotten, as SQL.

The engine has the tables `gone` (ids of the persons), `messages_gone` and `orders_gone` (ids of
what goes with them), and the list of the first as the variable `gone`.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from commlab.loaders import forgotten
from commlab.loaders.report import EXAMPLES
from commlab.tables import Table

FORGOTTEN = "of a person who was forgotten"
# Columns that may name a member and are not declared as pointing to `members`, since they may
# name somebody else as well.
_ALSO = {
    "memberships": ("inviter_id",),
    "contents": ("creator_id",),
    "surveys": ("respondent_id",),
}
_MENTIONS, _REPLY = "mentions", "reply_to"


def person_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a table that name a member.

    Example:
        >>> from commlab.tables import TABLES
        >>> person_columns(TABLES["referrals"]), person_columns(TABLES["groups"])
        (('inviter_id', 'invitee_id'), ())
    """
    if table.name == "members":
        return ("member_id",)
    pointing = [c.name for c in table.columns if c.references == "members.member_id"]
    return (*pointing, *_ALSO.get(table.name, ()))


def people(table: Table, held: Collection[str]) -> list[str]:
    """Return those of `person_columns` that a file holds."""
    return [column for column in person_columns(table) if column in held]


def goes(table: Table, held: Collection[str], *, orders: bool = False) -> str:
    """Return when a row is deleted: it cannot be without the person.

    Args:
        table: The declaration.
        held: Columns of the file.
        orders: Whether orders go with their buyers.
    """
    terms = [f'"{c}" IN (FROM gone)' for c in people(table, held) if c in table.required]
    if table.name == "surveys" and "member_id" in held:
        terms.append("member_id IN (FROM gone)")
    if orders and table.name in ("orders", "order_items") and "order_id" in held:
        terms.append("order_id IN (FROM orders_gone)")
    return " OR ".join(f"coalesce({term}, false)" for term in terms) or "false"


def cell(table: Table, column: str, *, text: bool = False, orders: bool = False) -> str:
    """Return what is left of a column in rows that stay.

    Args:
        table: The declaration.
        column: The column.
        text: Whether lists are text, as in CSV.
        orders: Whether orders go with their buyers.
    """
    kept = f'"{column}"'
    if column in person_columns(table) and column not in table.required:
        return f"CASE WHEN {kept} IN (FROM gone) THEN NULL ELSE {kept} END"
    if table.name == "messages" and column == _REPLY:
        return f"CASE WHEN {kept} IN (FROM messages_gone) THEN NULL ELSE {kept} END"
    if table.name == "messages" and column == _MENTIONS:
        names = "getvariable('gone')"  # a query cannot stand inside a lambda
        if text:
            split = f"string_split({kept}, ';')"
            left = f"list_filter({split}, x -> NOT list_contains({names}, trim(x)))"
            return f"array_to_string({left}, ';')"
        return f"list_filter({kept}, x -> NOT list_contains({names}, x))"
    if orders and table.name == "coupons" and column == "order_id":
        return f"CASE WHEN {kept} IN (FROM orders_gone) THEN NULL ELSE {kept} END"
    return kept


def without(
    engine: duckdb.DuckDBPyConnection, table: Table, held: Collection[str], hashes: frozenset[str]
) -> tuple[str, list[tuple[int, str, int, list[int]]]]:
    """Return the query of the rows of a load without people who were forgotten, and what it lacks.

    Args:
        engine: The engine, with the rows as the view `everybody`.
        table: The declaration.
        held: Columns of the view.
        hashes: From `forgotten.read`.

    Returns:
        The query, and (number of the source, reason, rows, first lines).
    """
    asked = [f'SELECT "{name}" AS id FROM everybody' for name in people(table, held)]
    if table.name == "messages" and _MENTIONS in held:
        asked.append(f"SELECT unnest({_MENTIONS}) AS id FROM everybody")
    query = f"SELECT DISTINCT id FROM ({' UNION ALL '.join(asked)}) WHERE id IS NOT NULL"
    ids = [item for (item,) in engine.execute(query).fetchall()] if asked else []
    known = [[item] for item in ids if forgotten.digest(item) in hashes]
    if not known:
        return "FROM everybody", []
    engine.execute("CREATE OR REPLACE TEMP TABLE gone (id VARCHAR)")
    engine.executemany("INSERT INTO gone VALUES (?)", known)
    engine.execute("SET VARIABLE gone = (SELECT list(id) FROM gone)")
    condition = goes(table, held)
    engine.execute("CREATE OR REPLACE TEMP TABLE messages_gone (id VARCHAR)")
    if table.name == "messages":
        engine.execute(f"INSERT INTO messages_gone SELECT message_id FROM everybody "
                       f"WHERE {condition}")  # fmt: skip
    lost = engine.execute(
        f"SELECT _source, '{FORGOTTEN}', count(*), list_sort(list_distinct(min(_line, {EXAMPLES})))"
        f" FROM everybody WHERE _source >= 0 AND ({condition}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    cells = ", ".join(f'{cell(table, name)} AS "{name}"' if name in table else f'"{name}"'
                      for name in held)  # fmt: skip
    return f"SELECT {cells} FROM everybody WHERE NOT ({condition})", lost
