"""How rows that were loaded earlier and rows of a newer export become one: declared per table.

Where nothing is said here the newer export wins cell by cell, and its empty cells keep what was
known: an export with fewer columns must not erase. So a withdrawal time, an end or a deletion once
known stays, unless a newer export names another.
"""

from __future__ import annotations

from commlab.tables import Table

# Tables in which equal rows are no rows of their own, though no key is declared: what names them.
NAMED: dict[str, tuple[str, ...]] = {
    "contacts": ("member_id", "staff_id", "added_at"),  # one row a friendship
    "tags": ("member_id", "tag", "tag_group", "source"),  # a person has a tag or has it not
    "identities": ("member_id", "kind", "value_hash"),
}

# {new} and {old} are the cells of the newer export and of what was loaded.
_EARLIEST = "least({new}, {old})"
_LATEST = "greatest({new}, {old})"
_FIRST = "coalesce({old}, {new})"
_END = (
    "CASE WHEN {new} IS NULL AND n.last_seen_at > o.left_at THEN NULL ELSE coalesce({new}, {old}) "
    "END"
)
ONE_WAY: dict[tuple[str, str], str] = {
    # A withdrawn message stays withdrawn: exports name the state at the time of writing.
    ("messages", "revoked"): ("CASE WHEN {new} OR {old} THEN true ELSE coalesce({new}, {old}) END"),
    # Observation began with the first export that had the row.
    ("memberships", "observed_from"): _EARLIEST,
    ("contacts", "observed_from"): _EARLIEST,
    # Seen is seen: an older export that comes late knows less.
    ("memberships", "last_seen_at"): _LATEST,
    # Who is seen in the same stay after its end never left.
    ("memberships", "left_at"): _END,
    ("memberships", "leave_kind"): _END,
    # People are analysed as they were first assigned (intention to treat).
    ("assignments", "arm"): _FIRST,
    ("assignments", "assigned_at"): _FIRST,
}
# Cells in which a newer export that says otherwise is not believed: told, and counted.
HELD = {(table, column) for (table, column), rule in ONE_WAY.items() if rule is _FIRST}


def names(table: Table) -> tuple[str, ...]:
    """Return the columns that name a row when loads are joined; empty where nothing does."""
    return table.key or NAMED.get(table.name, ())


def cell(table: Table, column: str, held: set[str], again: str = "false") -> str:
    """Return the SQL of one cell of a corrected row, from `n` (newer) and `o` (loaded).

    Args:
        table: The table.
        column: The column.
        held: Columns that the rows have.
        again: Condition for rows of a file that was loaded before: it fills what is empty, and
            is no newer than what is there.
    """
    new, old = f'n."{column}"', f'o."{column}"'
    rule = ONE_WAY.get((table.name, column), "coalesce({new}, {old})")
    if rule is _END and not {"left_at", "last_seen_at"} <= held:
        rule = "coalesce({new}, {old})"
    found = rule.format(new=new, old=old)
    return f"CASE WHEN {again} THEN coalesce({old}, {new}) ELSE {found} END"
