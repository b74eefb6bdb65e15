"""Writing a workspace: whole or not at all.

Rows are staged in Parquet beside the target as they come, then sorted by the embedded engine
(which spills to disk), and the finished folder is renamed into place.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from commlab.config import Settings, settings_to_toml
from commlab.errors import WorkspaceError
from commlab.loaders import forget_sources, forgotten, log, place
from commlab.loaders.arrow import to_arrow
from commlab.loaders.joining import COPY, SAME_KEY, Joining
from commlab.loaders.report import REPORT_FILE, SOURCES, LoadReport
from commlab.loaders.sql import quoted
from commlab.tables import TABLES, UNIQUE_MARK, Table
from commlab.workspace import workspace_files

__all__ = ["COPY", "MEMORY", "SAME_KEY", "WorkspaceWriter", "to_arrow"]

# Beyond it the engine spills to disk: with Python and Arrow a load stays below 1 GB.
MEMORY = "400MB"


class WorkspaceWriter:
    """Takes frames of canonical rows and leaves a workspace, or nothing.

    Used as a context: on leaving without an error the staged rows are sorted, the report is
    checked and written, and the folder takes its place.

    Args:
        out: Folder of the workspace.
        report: The report to close and save.
        overwrite: Whether a workspace of something else may be replaced.
        append: Whether what the workspace has stays.
        joins: Whether its rows are joined with the new ones; a reader that keeps its sources
            makes the tables of all of them itself.
    """

    def __init__(
        self,
        out: Path | str,
        report: LoadReport,
        *,
        overwrite: bool = False,
        append: bool = False,
        joins: bool = True,
    ) -> None:
        self.out = Path(out)
        self.report = report
        self.settings = Settings()
        self.appends = append
        self._overwrite, self._joins = overwrite, joins
        self._place = place.Place(self.out)
        self._log = log.Log()
        self._owners: list[tuple[str, str]] = []
        self._staged: dict[str, list[Path]] = {}
        self._one_per_key: set[str] = set()
        self._again: set[int] = set()
        self._gone: frozenset[str] = frozenset()
        self._rows = 0

    def __enter__(self) -> WorkspaceWriter:
        return self

    def begin(self, settings: Settings) -> None:
        """Make sure that the target may be written, before any row is read.

        Raises:
            WorkspaceError: The folder holds something else, or its list of people who were
                forgotten cannot be read.
        """
        self.settings = settings
        self.report.name = settings.name
        self._place.claim(self.report, overwrite=self._overwrite, append=self.appends)
        self._gone = forgotten.read(self.out)
        # The first load of a workspace has nothing to append to.
        self.appends = self.appends and self._place.same
        self._log = log.read(self.out) if self._place.same else log.Log()
        if self.appends and not self._joins and not self._place.sources.is_dir():
            raise WorkspaceError(
                "keeps nothing of the sources that it was made of, so nothing can be appended.",
                where=str(self.out),
                fix="Load the whole once, without append: what comes later can be appended.",
            )

    def saw(self, path: Path, name: str, moment: int | None = None) -> bool:
        """Take note of a file that is read, for the load log.

        Args:
            path: The file.
            name: Its name in the report.
            moment: When it was saved, where that decides what it means.

        Returns:
            Whether the workspace that is appended to has just this file already.
        """
        return self._log.see(path, name, moment, appends=self.appends)

    def kept(self, name: str) -> Path | None:
        """Return what an earlier load kept under a name, in a workspace that is appended to."""
        path = self._place.sources / name
        return path if self.appends and path.is_file() else None

    def keep(self, name: str) -> Path:
        """Return a path for what the next load needs of the sources of this one."""
        folder = self._place.building / SOURCES
        folder.mkdir(exist_ok=True)
        return folder / name

    def add(
        self,
        table: str,
        frame: pd.DataFrame | pa.Table,
        *,
        owner: tuple[str, str] | None = None,
        lines: Sequence[int] | pd.Index | None = None,
        one_per_key: bool = False,
        again: bool = False,
    ) -> None:
        """Stage rows of a canonical table.

        Args:
            table: Name of the table.
            frame: Declared columns; money as whole minor units, times as UTC timestamps.
            owner: (source, into) of the account that loaded these rows, one source row each;
                copies found later are taken from it.
            lines: Line of each row in the source.
            one_per_key: Whether, of rows with one key, only the earliest stays.
            again: Whether the file was loaded before (`saw`).
        """
        declared = TABLES[table]
        staged = to_arrow(declared, frame)
        number = self._number(owner)
        order = pa.array(np.arange(self._rows, self._rows + len(frame)))
        line = pa.array(np.asarray(range(len(frame)) if lines is None else lines, "int64"))
        source = pa.array(np.full(len(frame), number, "int32"))
        for name, column in (("_source", source), ("_line", line), ("_order", order)):
            staged = staged.append_column(name, column)
        self._rows += len(frame)
        if again:
            self._again.add(number)
        if one_per_key:
            self._one_per_key.add(table)
        pq.write_table(staged, self._next_part(table), compression="zstd")

    def stage(
        self, table: str, *, owner: tuple[str, str] | None, rows: int
    ) -> tuple[Path, int, int]:
        """Return a path for rows that the caller writes as Parquet, for tables beyond memory.

        The file has the declared columns in the types of the disk, `_source`, `_line` and
        `_order`, which is unique in the table.

        Args:
            table: Name of the table.
            owner: (source, into) of the account that loaded these rows; None: an earlier load.
            rows: At most so many rows will come.

        Returns:
            The path, the number for `_source`, and where `_order` begins.
        """
        base = self._rows
        self._rows += rows
        return self._next_part(table), self._number(owner), base

    def table(self, name: str) -> Path | None:
        """Return the file of a table in the workspace that is appended to.

        Raises:
            WorkspaceError: It is not the Parquet file that a load writes.
        """
        path = workspace_files(self.out).get(name) if self.appends else None
        if path is not None and (path.is_dir() or path.suffix != ".parquet"):
            raise WorkspaceError(
                "is no single Parquet file, so nothing can be appended to it.",
                where=path.name,
                fix=f"Write it as {name}.parquet, or load the whole without append.",
            )
        return path

    def scratch(self, name: str) -> Path:
        """Return a path beside the target for what is needed only while loading."""
        return self._place.staging / name

    def _number(self, owner: tuple[str, str] | None) -> int:
        if owner is None:
            return -1
        if owner not in self._owners:
            self._owners.append(owner)
        return self._owners.index(owner)

    def _next_part(self, table: str) -> Path:
        parts = self._staged.setdefault(table, [])
        parts.append(self._place.staging / f"{table}.{len(parts)}.parquet")
        return parts[-1]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._place.clear()

    def _finish(self) -> None:
        with duckdb.connect() as engine:
            engine.execute("SET TimeZone = 'UTC'")
            engine.execute(f"SET memory_limit = '{MEMORY}'")
            engine.execute(f"SET temp_directory = {quoted(self._place.staging / 'spill')}")
            engine.execute("SET enable_progress_bar = false")
            old = workspace_files(self.out) if self.appends else {}
            for name in TABLES:
                if name in self._staged:
                    self.report.tables[name] = self._write(
                        engine, TABLES[name], self.table(name) if self._joins else None
                    )
                elif name in old:
                    self._place.carry(old[name])
        if self.appends:
            for account in self.report.accounts:
                account.name_new()
        self.report.check()
        if self._gone:
            forget_sources.clean(
                self._place.building / SOURCES,
                lambda item: forgotten.digest(item) in self._gone,
            )
        note = self._place.settings(settings_to_toml(self.settings))
        if note:
            self.report.notes.append(note)
        self._log.write(self._place.building, self.report, appends=self.appends)
        (self._place.building / REPORT_FILE).write_text(self.report.to_json(), encoding="utf-8")
        self._place.take()

    def _write(self, engine: duckdb.DuckDBPyConnection, table: Table, old: Path | None) -> int:
        joining = Joining(engine, table, self._staged[table.name], old, self._gone)
        outcome = joining.settle(earliest=table.name in self._one_per_key, again=self._again)
        for number, reason, rows, lines in outcome.counts:
            self.report.account(*self._owners[number]).found(reason, rows, lines)
        notes = self.report.notes
        for column, rows in outcome.held.items():
            notes.append(f"{table.name}.{column}: {rows:,} rows name another than before; what "
                         "was loaded first stays.")  # fmt: skip
        if outcome.conflicts:
            notes.append(
                f"{table.name}: {outcome.conflicts:,} keys ({', '.join(table.key)}) have rows that "
                "contradict each other; `commlab check` shows them."
            )
        rows = joining.count()
        mark = "" if outcome.conflicts else f", KV_METADATA {{'{UNIQUE_MARK}': '{rows}'}}"
        joining.write(self._place.building / f"{table.name}.parquet", mark)
        return rows
