# ruff: noqa: S608 - the queries hold names of declared tables and columns, and quoted paths
"""Removing a person from a workspace: what is theirs goes, what is others' loses the link.

A row that cannot be without the person (a message, a stay, a tag) is deleted. Where the person is
one fact among others (the inviter of somebody, the buyer of an order) that fact is emptied, so
that sums of the shop still agree. Which it is follows from the declaration: required or not.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from commlab import sources
from commlab.errors import ArgumentError, WorkspaceError
from commlab.loaders import forget_rules as rules, forget_sources, forgotten
from commlab.loaders.forget_rules import person_columns
from commlab.loaders.report import SOURCES
from commlab.tables import TABLES, UNIQUE_MARK
from commlab.workspace import workspace_files

__all__ = ["Forgotten", "forget", "person_columns"]


@dataclasses.dataclass(frozen=True)
class Forgotten:
    """What was removed.

    Attributes:
        deleted: Table → rows that went.
        emptied: Table → rows in which only the link to the person went.
    """

    deleted: Mapping[str, int]
    emptied: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows touched in all tables."""
        return sum(self.deleted.values()) + sum(self.emptied.values())


def forget(
    workspace: Path | str,
    members: Iterable[str],
    *,
    delete_orders: bool = False,
    dry_run: bool = False,
) -> Forgotten:
    """Remove people from the tables of a workspace folder.

    Deleted are rows that say something of the person: the member, stays, messages, friendships,
    steps, tags, points, coupons, tiers, check-ins, answers, identifiers, assignments, referrals.
    Emptied is the link where the row is about something else: orders (the money stays, nobody's),
    who invited somebody else, who made a piece of content, the receiver of a push, mentions and
    answers in others' messages. Words of others that happen to name the person are not looked
    through. What readers keep of their sources for the next load loses the person, too.

    Each table is written anew beside its file and put in place whole; after a crash the same
    call completes what was begun.

    Args:
        workspace: The folder.
        members: Their ids.
        delete_orders: Delete the orders with their lines, too.
        dry_run: Count, and write nothing.

    Returns:
        Rows deleted and rows emptied, by table.

    Raises:
        ArgumentError: No id, or one that no table knows (nothing was written).
        WorkspaceError: A table is a folder of files, or cannot be read.

    Example:
        >>> forget("data_samples", ["m000001"], dry_run=True).rows  # doctest: +SKIP
        212
    """
    ids = sorted({str(member) for member in members})
    if not ids or not all(ids):
        raise ArgumentError("members is empty, must name at least one id.")
    folder = Path(workspace)
    held, already = workspace_files(folder), forgotten.read(folder)
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        engine.execute("CREATE TABLE gone (id VARCHAR)")
        engine.executemany("INSERT INTO gone VALUES (?)", [[item] for item in ids])
        engine.execute("SET VARIABLE gone = (SELECT list(id) FROM gone)")
        work = _Work(engine, {name: _File(path) for name, path in held.items()}, delete_orders)
        work.read()
        found = work.count()
        unknown = work.unknown([i for i in ids if forgotten.digest(i) not in already])
        if unknown:
            raise ArgumentError(
                f"{unknown} of {len(ids)} ids are in no table.",
                where=folder.name,
                fix="Give ids as they stand in members.member_id; nothing was changed.",
            )
        if not dry_run:
            # First: after a crash in between, the next call still knows whom it was about.
            forgotten.remember(folder, ids)
            work.write(found)
            more = forget_sources.clean(folder / SOURCES, set(ids).__contains__)
            forgotten.remember(folder, more)
    return found


@dataclasses.dataclass(frozen=True)
class _File:
    path: Path

    @property
    def csv(self) -> bool:
        return self.path.suffix == ".csv"

    def source(self) -> str:
        """Return what the engine reads the file with."""
        if self.path.is_dir() or self.path.suffix not in (".parquet", ".csv"):
            raise WorkspaceError(
                "is neither one Parquet nor one CSV file, so nobody can be removed from it.",
                where=self.path.name,
                fix="Load it anew with `commlab load`.",
            )
        if self.csv:
            delimiter, _ = sources.header(self.path)
            return (f"read_csv({_quoted(self.path)}, header = true, all_varchar = true, "
                    f"delim = {_text(delimiter)}, quote = '\"', escape = '\"', "
                    "auto_detect = false, columns = "
                    f"{_columns(sources.header(self.path)[1])})")  # fmt: skip
        return f"read_parquet({_quoted(self.path)}, file_row_number = true)"


class _Work:
    """The tables, each as a view with what becomes of its rows."""

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, files: Mapping[str, _File], delete_orders: bool
    ) -> None:
        self.engine, self.files, self.delete_orders = engine, files, delete_orders
        self.columns: dict[str, list[str]] = {}

    def read(self) -> None:
        """Make the views."""
        for name, file in self.files.items():
            try:
                self.engine.execute(f"CREATE VIEW {name} AS SELECT * FROM {file.source()}")
                found = self.engine.execute(f"DESCRIBE {name}").fetchall()
            except duckdb.Error as error:
                line = str(error).splitlines()[0]
                raise WorkspaceError(f"cannot be read: {line}.", where=file.path.name) from None
            self.columns[name] = [row[0] for row in found if row[0] != "file_row_number"]
        self.engine.execute("CREATE TABLE messages_gone (id VARCHAR)")
        if {"message_id", "member_id"} <= set(self.columns.get("messages", ())):
            self.engine.execute(
                "INSERT INTO messages_gone SELECT message_id FROM messages "
                "WHERE member_id IN (FROM gone)"
            )
        self.engine.execute("CREATE TABLE orders_gone (id VARCHAR)")
        if self.delete_orders and {"order_id", "member_id"} <= set(self.columns.get("orders", ())):
            self.engine.execute(
                "INSERT INTO orders_gone SELECT order_id FROM orders WHERE member_id IN (FROM gone)"
            )

    def unknown(self, ids: list[str]) -> int:
        """Return how many of some ids no table holds."""
        asked = [
            f'SELECT "{column}" AS id FROM {name}'
            for name in self.files
            for column in self._people(name)
        ]
        known = " UNION ALL ".join(asked) or "SELECT NULL AS id"
        return len(ids) - _number(
            self.engine, f"SELECT count(DISTINCT id) FROM ({known}) WHERE id IN {_texts(ids)}"
        )

    def count(self) -> Forgotten:
        """Return what would be removed."""
        deleted, emptied = {}, {}
        for name in self.files:
            gone, changed = self._goes(name), self._changes(name)
            rows = _number(self.engine, f"SELECT count(*) FROM {name} WHERE {gone}")
            cells = _number(
                self.engine, f"SELECT count(*) FROM {name} WHERE NOT ({gone}) AND ({changed})"
            )
            if rows:
                deleted[name] = rows
            if cells:
                emptied[name] = cells
        return Forgotten(deleted, emptied)

    def write(self, found: Forgotten) -> None:
        """Write the tables that change, each beside its file, then all into their places."""
        made: list[tuple[Path, Path]] = []
        try:
            for name in sorted({*found.deleted, *found.emptied}):
                path = self.files[name].path
                beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
                made.append((beside, path))
                self._copy(name, beside)
                shutil.copymode(path, beside)
            for beside, path in made:
                beside.replace(path)
        finally:
            for beside, _ in made:
                beside.unlink(missing_ok=True)

    def _copy(self, name: str, target: Path) -> None:
        cells = ", ".join(f'{self._cell(name, column)} AS "{column}"'
                          for column in self.columns[name])  # fmt: skip
        query = f"SELECT {cells} FROM {name} WHERE NOT ({self._goes(name)})"
        if self.files[name].csv:
            delimiter, _ = sources.header(self.files[name].path)
            how = f"FORMAT csv, HEADER, DELIMITER {_text(delimiter)}"
        else:
            query += " ORDER BY file_row_number"
            how = f"FORMAT parquet, COMPRESSION zstd{self._mark(name)}"
        self.engine.execute(f"COPY ({query}) TO {_quoted(target)} ({how})")

    def _mark(self, name: str) -> str:
        """Return the mark that keys are unique, for what is left, where the file had it."""
        path = _quoted(self.files[name].path)
        held = self.engine.execute(
            f"SELECT decode(value) FROM parquet_kv_metadata({path}) "
            f"WHERE decode(key) = '{UNIQUE_MARK}'"
        ).fetchall()
        rows = _number(self.engine, f"SELECT count(*) FROM {name}")
        if not held or held[0][0] != str(rows):
            return ""
        gone = _number(self.engine, f"SELECT count(*) FROM {name} WHERE {self._goes(name)}")
        return f", KV_METADATA {{'{UNIQUE_MARK}': '{rows - gone}'}}"

    def _people(self, name: str) -> list[str]:
        return rules.people(TABLES[name], self.columns[name])

    def _goes(self, name: str) -> str:
        return rules.goes(TABLES[name], self.columns[name], orders=self.delete_orders)

    def _changes(self, name: str) -> str:
        """Return when a row that stays loses a link."""
        cells = [self._cell(name, column) for column in self.columns[name]]
        terms = [f'{cell} IS DISTINCT FROM "{column}"'
                 for cell, column in zip(cells, self.columns[name], strict=True)
                 if cell != f'"{column}"']  # fmt: skip
        return " OR ".join(terms) or "false"

    def _cell(self, name: str, column: str) -> str:
        return rules.cell(TABLES[name], column, text=self.files[name].csv,
                          orders=self.delete_orders)  # fmt: skip


def _texts(ids: Iterable[str]) -> str:
    return f"(SELECT unnest([{', '.join(map(_text, ids))}]::VARCHAR[]))"


def _columns(names: Iterable[str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names) + "}"


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _quoted(path: Path) -> str:
    return _text(str(path))


def _number(engine: duckdb.DuckDBPyConnection, query: str) -> int:
    row = engine.execute(query).fetchone()
    return int(row[0]) if row else 0
