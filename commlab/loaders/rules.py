"""The rules of a map: how rows of files become rows of canonical tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from commlab.config import Settings
from commlab.tables import Table


@dataclasses.dataclass(frozen=True)
class ColumnRule:
    """Where one canonical column comes from.

    Attributes:
        name: The canonical column.
        aliases: Source columns, the first that exists is read; empty for a constant.
        constant: The cell of every row, as text.
        unit: "yuan" or "fen".
        zone: IANA zone of wall-clock times.
        format: strptime format of times and dates.
        words: Source word → canonical word.
        otherwise: Word for cells that `words` does not have; None: they stay as they are.
        separator: Between the items of a list.
        drop_point_zero: Whether the id `17850.0` is 17850.
    """

    name: str
    aliases: tuple[str, ...] = ()
    constant: str | None = None
    unit: str = "yuan"
    zone: str = ""
    format: str = ""
    words: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
    separator: str = ""
    drop_point_zero: bool = False


@dataclasses.dataclass(frozen=True)
class Condition:
    """Which rows a block takes.

    Attributes:
        aliases: Source column, with aliases.
        words: Words that are compared.
        keep: Whether rows with these words stay (else they go).
    """

    aliases: tuple[str, ...]
    words: tuple[str, ...]
    keep: bool


@dataclasses.dataclass(frozen=True)
class Block:
    """One block of a map: rows of some files into one canonical table.

    Attributes:
        table: The canonical table.
        columns: Its columns.
        files: Glob over file names, or relative paths.
        sheet: Sheet of a workbook.
        encoding: Encoding; empty: detect.
        delimiter: Delimiter; empty: detect.
        header: Line of the header; 0: detect.
        where: Conditions that a row must meet.
        one_per_key: Whether, of rows with one key, only the earliest stays.
        optional: Whether the files may be missing.
    """

    table: Table
    columns: tuple[ColumnRule, ...]
    files: str = "*"
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: int = 0
    where: tuple[Condition, ...] = ()
    one_per_key: bool = False
    optional: bool = False

    @property
    def aliases(self) -> tuple[str, ...]:
        """Every source column that the block may read."""
        named = [name for rule in self.columns for name in rule.aliases]
        named += [name for condition in self.where for name in condition.aliases]
        return tuple(dict.fromkeys(named))


@dataclasses.dataclass(frozen=True)
class Map:
    """A whole map.

    Attributes:
        blocks: The blocks, in the order of the file.
        settings: Settings of the workspace to be.
    """

    blocks: tuple[Block, ...]
    settings: Settings


def canonical_block(table: Table, columns: Collection[str], zone: str, **options: Any) -> Block:
    """Return the block that reads a file which is in canonical columns already."""
    rules = tuple(
        ColumnRule(column.name, (column.name,), zone=zone)
        for column in table.columns
        if column.required or column.name in columns
    )
    return Block(table, rules, **options)
