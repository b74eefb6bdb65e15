"""What a declaration is made of, `Column` and `Table`, and the short form to write them in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from commlab import guards

# What a column holds, and how it stands on disk (Parquet).
DTYPES = {
    "id": "text, never parsed as a number",
    "text": "text",
    "time": "UTC timestamp, microseconds",
    "date": "calendar date",
    "money": "DECIMAL(18,2) in the workspace currency; whole minor units inside",
    "int": "64-bit integer",
    "float": "double",
    "bool": "true or false",
    "list": "list of text; in CSV joined by semicolons",
}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: Column name.
        dtype: One of `DTYPES`.
        meaning: What it holds, for the data dictionary.
        required: Whether rows without it cannot be used.
        default: Value of absent or null cells, when there is one.
        values: The allowed values; empty when free.
        references: `table.column` that an id points to.
        later: True when the fact becomes known after the row's event: a value later than
            `as_of` is then unknown (null), while the row stays.
        follows: A `later` column of the same table that this one belongs to: where that one is
            later than `as_of`, this one is its default too.
    """

    name: str
    dtype: str
    meaning: str
    required: bool = False
    default: str | bool | int | None = None
    values: tuple[str, ...] = ()
    references: str = ""
    later: bool = False
    follows: str = ""

    def __post_init__(self) -> None:
        guards.one_of("dtype", self.dtype, tuple(DTYPES))


@dataclasses.dataclass(frozen=True)
class Table:
    """One canonical table.

    Attributes:
        name: Table name, also the file name in a workspace.
        meaning: What one row is.
        columns: The columns, in order.
        key: Columns that name a row; empty where equal rows are real.
        event: The column that dates the row: rows later than `as_of` are not read.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    event: str = ""

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a row cannot do without."""
        return tuple(column.name for column in self.columns if column.required)


def columns(*lines: str, **extra: Mapping[str, object]) -> tuple[Column, ...]:
    """Parse `name[*] dtype meaning [(value, …; default x)]`; `extra` adds fields by column."""
    columns = []
    for line in lines:
        name, dtype, meaning = line.split(" ", 2)
        required = name.endswith("*")
        name = name.rstrip("*")
        columns.append(Column(name, dtype, meaning, required, **extra.get(name, {})))  # type: ignore[arg-type]
    return tuple(columns)


def values(*values: str, default: str | None = None) -> dict[str, object]:
    """Return what `columns` adds to a column that takes only some values."""
    return {"values": values, "default": default}


LATER: dict[str, object] = {"later": True}
MEMBER: dict[str, object] = {"references": "members.member_id"}
GROUP: dict[str, object] = {"references": "groups.group_id"}
CHANNEL: dict[str, object] = {"references": "channels.channel"}
CAMPAIGN: dict[str, object] = {"references": "campaigns.campaign_id"}
STAFF: dict[str, object] = {"references": "staff.staff_id"}
