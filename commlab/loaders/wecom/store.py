"""Rows on their way: collected, spilled to Parquet, and reduced by the embedded engine.

A year of daily snapshots holds each friendship 365 times; only the engine, which spills, sees
them all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from commlab.loaders.report import ALREADY, Account, LoadReport, SourceInfo
from commlab.loaders.sql import quoted
from commlab.loaders.workspace import MEMORY, WorkspaceWriter

ROWS = 50_000  # of one kind in memory: some 30 MB
MOST = 100_000  # rows of one table handed on at a time

_T, _I, _F = pa.string(), pa.int64(), pa.float64()
# Times are microseconds since 1970; low and high bracket the moment of the snapshot; nth is the
# order in which rows were read. Unionids and phones are hashed: these rows are kept (`keep`).
_SEEN = {"low": _I, "high": _I}
SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "people": {"member_id": _T, "nickname": _T, "gender": _T, "unionid": _T, "moment": _I, **_SEEN},
    "contacts": {"member_id": _T, "staff_id": _T, "added_at": _I, "add_way": _T, "channel": _T,
                 **_SEEN},
    "phones": {"member_id": _T, "phone": _T},
    "tags": {"member_id": _T, "staff_id": _T, "tag": _T, "tag_id": _T, "tag_group": _T,
             "source": _T, **_SEEN},
    "tag_names": {"tag_id": _T, "tag": _T, "tag_group": _T, **_SEEN},
    "channels": {"channel": _T, "type": _T},
    "clicks": {"member_id": _T, "staff_id": _T, "channel": _T, "status": _I, **_SEEN},
    "groups": {"group_id": _T, "name": _T, "created_at": _I, "owner_id": _T, **_SEEN},
    "group_status": {"group_id": _T, "status": _I, **_SEEN},
    "stays": {"group_id": _T, "member_id": _T, "joined_at": _I, "join_scene": _T,
              "inviter_id": _T, "nick": _T, "staff": pa.bool_(), "channel": _T, **_SEEN},
    "staff": {"staff_id": _T, "role": _T},
    "staff_days": {"staff_id": _T, "on": _I, "chats": _I, "messages": _I, "reply_share": _F,
                   "reply_minutes": _F, "negative_feedback": _I, "new_contacts": _I, **_SEEN,
                   "nth": _I},
    "group_days": {"owner_id": _T, "on": _I, "members": _I, "members_active": _I,
                   "messages": _I, "joined": _I, "left": _I, **_SEEN, "nth": _I},
    "friend_events": {"member_id": _T, "staff_id": _T, "moment": _I, "what": _T, "channel": _T},
    "group_events": {"group_id": _T, "member_id": _T, "moment": _I, "what": _T, "scene": _I,
                     "count": _I},
}  # fmt: skip


class Tally:
    """The account of one kind of records, whatever the number of files they come from.

    Args:
        report: Report that gets the source and the account.
        name: Name of the kind.
        into: Tables that the records go into.
    """

    def __init__(self, report: LoadReport, name: str, into: str) -> None:
        self.again = False  # whether the file that is read was loaded before
        self.info = SourceInfo(name, kind="json")
        report.sources.append(self.info)
        self.account: Account = report.account(name, into)
        self.last = 0

    def record(self) -> int:
        """Count one record and return its number."""
        self.info.rows += 1
        self.account.rows += 1
        self.last = self.info.rows
        return self.last

    def reject(self, reason: str) -> None:
        """Count the last record as not loaded."""
        self.account.reject(reason, [self.last])

    def alter(self, doubt: str) -> None:
        """Count the last record as loaded with a doubt."""
        if not self.again:
            self.account.alter(doubt, [self.last])

    def load(self, use: str = "record") -> None:
        """Count the last record as loaded, or as there already."""
        if self.again:
            self.reject(ALREADY)
        else:
            self.account.load(1, use)


class Store:
    """Rows of every kind, and an engine over them.

    Args:
        writer: Writer of the workspace; its scratch folder takes the rows.
    """

    def __init__(self, writer: WorkspaceWriter) -> None:
        self.writer = writer
        self.report = writer.report
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._parts: dict[str, list[Path]] = {}
        for name in SCHEMAS:
            if (path := writer.kept(_kept(name))) is not None:
                self._parts[name] = [path]
        self.again = False
        self._tallies: dict[str, Tally] = {}
        self.engine = duckdb.connect()
        self.engine.execute("SET TimeZone = 'UTC'")
        self.engine.execute("SET enable_progress_bar = false")
        self.engine.execute(f"SET memory_limit = '{MEMORY}'")
        self.engine.execute(f"SET temp_directory = {quoted(writer.scratch('wecom-spill'))}")
        self._read = self._last()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.engine.close()

    def tally(self, name: str, into: str) -> Tally:
        """Return the account of a kind of records, opened when it is new."""
        if name not in self._tallies:
            self._tallies[name] = Tally(self.report, name, into)
        self._tallies[name].again = self.again
        return self._tallies[name]

    def add(self, name: str, /, **row: object) -> None:
        """Add one row; columns that are not given are null. What is known already is not added."""
        if self.again:
            return
        if "nth" in SCHEMAS[name]:
            self._read += 1
            row["nth"] = self._read
        rows = self._rows.setdefault(name, [])
        rows.append(tuple(row.pop(column, None) for column in SCHEMAS[name]))
        if row:
            raise KeyError(f"{name} has no column {next(iter(row))!r}")
        if len(rows) >= ROWS:
            self._spill(name)

    def view(self) -> None:
        """Spill what is left and name every kind of rows in the engine."""
        for name, schema in SCHEMAS.items():
            self._spill(name)
            parts = ", ".join(quoted(path) for path in self._parts.get(name, []))
            if parts:
                query = f"SELECT * FROM read_parquet([{parts}])"  # noqa: S608 - own paths
            else:
                kinds = {_T: "VARCHAR", _I: "BIGINT", _F: "DOUBLE", pa.bool_(): "BOOLEAN"}
                columns = ", ".join(f'NULL::{kinds[t]} AS "{c}"' for c, t in schema.items())
                query = f"SELECT {columns} WHERE false"
            self.engine.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")

    def keep(self) -> None:
        """Keep all rows for the next load, equal ones once."""
        for name, schema in SCHEMAS.items():
            if name in self._parts:
                columns = ", ".join("max(nth) AS nth" if c == "nth" else f'"{c}"' for c in schema)
                query = f"SELECT {columns} FROM {name} GROUP BY ALL ORDER BY ALL"  # noqa: S608
                self.copy(query, self.writer.keep(_kept(name)))

    def copy(self, query: str, path: Path) -> None:
        """Write the rows of a query to a file."""
        self.engine.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")

    def write(self, table: str, query: str) -> int:
        """Add the rows of a query to a canonical table, some at a time; return how many."""
        rows = 0
        for part in self.batches(query):
            self.writer.add(table, part)
            rows += len(part)
        return rows

    def batches(self, query: str) -> Iterator[pa.Table]:
        """Yield the result of a query in parts."""
        path = self.writer.scratch("wecom.result.parquet")
        self.engine.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet)")
        for batch in pq.ParquetFile(path).iter_batches(MOST):
            yield pa.Table.from_batches([batch])

    def number(self, query: str) -> int:
        """Return the single number of a query."""
        row = self.engine.execute(query).fetchone()
        return int(row[0] or 0) if row else 0

    def _last(self) -> int:
        """The last row that earlier loads have read: what is read now comes after it."""
        paths = [p for name in ("staff_days", "group_days") for p in self._parts.get(name, [])]
        return max((self.number(f"SELECT max(nth) FROM read_parquet({quoted(path)})")  # noqa: S608
                    for path in paths), default=0)  # fmt: skip

    def _spill(self, name: str) -> None:
        rows = self._rows.pop(name, [])
        if not rows:
            return
        columns = dict(zip(SCHEMAS[name], zip(*rows, strict=True), strict=True))
        table = pa.table({c: pa.array(columns[c], t) for c, t in SCHEMAS[name].items()})
        parts = self._parts.setdefault(name, [])
        path = self.writer.scratch(f"wecom.{name}.{len(parts)}.parquet")
        pq.write_table(table, path, compression="zstd")
        parts.append(path)


def latest(column: str, at: str = "coalesce(low, 0)") -> str:
    """Return the SQL of the latest known value of a column; of several at once the greatest.

    Which of equals an engine meets first depends on how the work was shared out.
    """
    return f"(max({{'at': {at}, 'v': {column}}}) FILTER ({column} IS NOT NULL)).v"


def earliest(column: str, at: str, only: str = "true") -> str:
    """Return the SQL of the earliest known value of a column, of those rows that `only` names."""
    return f"(min({{'at': {at}, 'v': {column}}}) FILTER ({column} IS NOT NULL AND {only})).v"


def _kept(name: str) -> str:
    return f"wecom.{name}.parquet"
