"""The canonical tables, declared once.

Validation, the printed schema (`commlab tables`) and the data dictionary are made from these
declarations. Every loader ends here and every metric starts here.
"""

from __future__ import annotations

from commlab.errors import MissingTableError, nearest
from commlab.tables.contact import CONTACT
from commlab.tables.core import CORE
from commlab.tables.declaration import DTYPES, Column, Table
from commlab.tables.lists import LISTS
from commlab.tables.programmes import PROGRAMMES

__all__ = [
    "DTYPES",
    "ENOUGH",
    "FORMAT_VERSION",
    "LISTS",
    "TABLES",
    "UNIQUE_MARK",
    "Column",
    "Table",
    "table",
]

FORMAT_VERSION = 1
# Key of the metadata of Parquet files whose writer has made sure of keys, if any, and texts. The
# value is the number of rows: a file that somebody changed since has another.
UNIQUE_MARK = "commlab.unique"

TABLES: dict[str, Table] = {table.name: table for table in (*CORE, *CONTACT, *PROGRAMMES)}

# A workspace answers something as soon as it has one of these.
ENOUGH = ("orders", "messages", "memberships")


def table(name: str) -> Table:
    """Return the declaration of a table.

    Args:
        name: Name of a canonical table.

    Raises:
        MissingTableError: No canonical table has that name.

    Example:
        >>> table("orders").required
        ('order_id', 'paid_at', 'amount')
    """
    try:
        return TABLES[name]
    except KeyError:
        raise MissingTableError(
            f"{name!r} is not a canonical table.", fix=nearest(name, TABLES)
        ) from None
