"""`commlab load postgres://… --map map.toml`: tables of a database as sources of a map.

`files` of a block names a table (or a glob over tables). The engine reads only the columns that the
map names, and hands them out in batches; what becomes of their cells is the same as for files, so
that every row is accounted for. Rows are taken in the order of these columns: a load is the same
whatever order the database has them in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from commlab.config import Settings
from commlab.engine import connect, first_line
from commlab.errors import ArgumentError, LoadError, WorkspaceError, nearest
from commlab.loaders import binary, generic
from commlab.loaders.files import CHUNK_ROWS, Chunk, Source
from commlab.loaders.find import matches
from commlab.loaders.mapping import read_map
from commlab.loaders.options import Options
from commlab.loaders.rules import Block
from commlab.loaders.workspace import WorkspaceWriter

DRIVERS = {"postgres": "psycopg[binary]", "postgresql": "psycopg[binary]",
           "mysql": "ibis-framework[mysql]", "clickhouse": "ibis-framework[clickhouse]",
           "trino": "ibis-framework[trino]"}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TableSource(Source):
    """One table of a database.

    Attributes:
        rows: The table, of the columns that are read.
    """

    rows: ir.Table | None = None

    @property
    def name(self) -> str:
        """Name of the table: the address, which may hold a password, stands nowhere."""
        return str(self.path)

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Yield the rows as text, `rows` at a time.

        Raises:
            LoadError: The database cannot answer, or a column is no plain one.
        """
        if self.rows is None or not self.rows.columns:
            return
        start = 1
        try:
            for batch in self.rows.to_pyarrow_batches(chunk_size=rows):
                frame = pd.DataFrame(
                    {name: binary.texts(batch.column(place), name, self.name)
                     for place, name in enumerate(batch.schema.names)}
                )  # fmt: skip
                frame.index = pd.RangeIndex(start, start + len(frame), name="line")
                start += len(frame)
                if len(frame):
                    yield Chunk(frame, {})
        except LoadError:
            raise
        except Exception as error:  # noqa: BLE001 - each driver raises classes of its own
            raise LoadError(
                f"cannot be read: {first_line(error)}.", where=self.name,
                fix="Check the rights of the account, and the connection.",
            ) from None  # fmt: skip


def read(addresses: Sequence[str], writer: WorkspaceWriter, options: Options) -> None:
    """Load tables of databases into a workspace.

    Args:
        addresses: Ibis addresses, e.g. postgres://user:password@host/database.
        writer: Writer of the workspace.
        options: The map.

    Raises:
        ArgumentError: There is no map.
        LoadError: A database cannot be reached, or lacks a table or a column.
    """
    if options.map is None:
        raise ArgumentError("a database needs a map.", fix="Write one: docs/map-format.md.")
    plan = read_map(options.map)
    writer.begin(plan.settings)
    for address in addresses:
        con = _connect(address, plan.settings)
        held = sorted(con.list_tables())
        for block in plan.blocks:
            if not block.optional and not any(matches(block.files, name) for name in held):
                raise LoadError(
                    f"has no table {block.files!r}, which {block.table.name} needs.",
                    where="the database",
                    fix=nearest(block.files, held),
                )
        for name in held:
            wanted = [block for block in plan.blocks if matches(block.files, name)]
            if wanted:
                generic.load_source(_source(con, name, wanted), wanted, writer)
    generic.all_loaded(plan, writer)


def _source(con: Any, name: str, wanted: Sequence[Block]) -> TableSource:
    table = con.table(name)
    aliases = {alias for block in wanted for alias in block.aliases}
    used = table.select([column for column in table.columns if column in aliases])
    # Nested columns have no order.
    plain = [column for column, kind in used.schema().items() if kind.is_primitive()
             or kind.is_string() or kind.is_temporal() or kind.is_decimal()]  # fmt: skip
    rows = used.order_by(plain) if plain else used
    return TableSource(Path(name), "database", tuple(table.columns), rows=rows)


def _connect(address: str, settings: Settings) -> Any:
    scheme = address.partition("://")[0]
    try:
        return connect(address, settings).con
    except WorkspaceError as error:
        driver = DRIVERS.get(scheme, f"ibis-framework[{scheme}]")
        missing = "No module" in error.what or "install" in error.what.lower()
        fix = f"Install its driver: pip install '{driver}'." if missing else (
            "Check host, name, user and password of the address.")  # fmt: skip
        raise LoadError(error.what, where=f"{scheme}://…", fix=fix) from None
