"""`LoadReport`: what became of every row of every source file.

The accounts must close: rows read = rows loaded + rows not loaded, by reason. Examples are line
numbers, never contents, so that a report can be sent to whoever maintains the export.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from commlab.errors import DataError

EXAMPLES = 3
ALREADY = "already loaded"
CORRECTION = "correction of a row loaded earlier"
ROWS, NEW = "rows", "new"
REPORT_FILE = "load_report.json"
SOURCES = "sources"  # folder of what the next load needs of those before it


@dataclasses.dataclass
class Count:
    """How many rows, and the lines of the first few.

    Attributes:
        rows: Number of rows.
        lines: Up to three line numbers in the source file.
    """

    rows: int = 0
    lines: list[int] = dataclasses.field(default_factory=list)

    def add(self, lines: Iterable[int]) -> None:
        """Count the rows on these lines."""
        found = np.asarray(list(lines), dtype="int64")
        self.add_rows(len(found), found)

    def add_rows(self, rows: int, lines: Iterable[int]) -> None:
        """Count so many rows, of which some lines are known."""
        found = np.asarray(list(lines), dtype="int64")
        self.rows += rows
        # The smallest wins, so that the examples do not depend on the order of the work.
        self.lines = sorted([*self.lines, *np.sort(found)[:EXAMPLES].tolist()])[:EXAMPLES]


@dataclasses.dataclass
class Account:
    """What became of the rows of one source in one table (or group of tables).

    Attributes:
        source: File, with the sheet where there is one.
        into: Canonical table, or several joined by " + ".
        rows: Records read.
        loaded: Use → number of rows, e.g. "order line", "refund of an earlier order".
        not_loaded: Reason → count with examples.
        altered: Doubt → count: rows that were loaded with a cell emptied or changed.
    """

    source: str
    into: str
    rows: int = 0
    loaded: dict[str, int] = dataclasses.field(default_factory=dict)
    not_loaded: dict[str, Count] = dataclasses.field(default_factory=dict)
    altered: dict[str, Count] = dataclasses.field(default_factory=dict)

    @property
    def rows_loaded(self) -> int:
        """Rows that were used."""
        return sum(self.loaded.values())

    @property
    def rows_not_loaded(self) -> int:
        """Rows that were not."""
        return sum(count.rows for count in self.not_loaded.values())

    def load(self, rows: int, use: str = ROWS) -> None:
        """Count rows as loaded."""
        self.loaded[use] = self.loaded.get(use, 0) + int(rows)

    def found(self, outcome: str, rows: int, lines: Iterable[int]) -> None:
        """Count rows that were loaded so far as what joining made of them.

        Args:
            outcome: `CORRECTION`, or the reason why they are not loaded after all.
            rows: How many.
            lines: Lines of the first.
        """
        self.load(-rows)
        if outcome == CORRECTION:
            self.load(rows, CORRECTION)
        else:
            self.reject_rows(outcome, rows, lines)

    def name_new(self) -> None:
        """Call the rows that are neither corrections nor known what they are: new."""
        if rows := self.loaded.pop(ROWS, 0):
            self.loaded = {NEW: rows, **self.loaded}

    def reject(self, reason: str, lines: Iterable[int]) -> None:
        """Count rows as not loaded."""
        self._count(self.not_loaded, reason, lines)

    def reject_rows(self, reason: str, rows: int, lines: Iterable[int]) -> None:
        """Count so many rows as not loaded, of which the first lines are known."""
        if rows:
            self.not_loaded.setdefault(reason, Count()).add_rows(int(rows), lines)

    def alter_rows(self, doubt: str, rows: int, lines: Iterable[int]) -> None:
        """Count so many loaded rows as altered, of which the first lines are known."""
        if rows:
            self.altered.setdefault(doubt, Count()).add_rows(int(rows), lines)

    def alter(self, doubt: str, lines: Iterable[int]) -> None:
        """Count loaded rows of which a cell was emptied, changed or doubtful."""
        self._count(self.altered, doubt, lines)

    def check(self) -> None:
        """Raise unless rows read = rows loaded + rows not loaded.

        Raises:
            DataError: They differ: rows were lost, which is a defect of the loader.
        """
        if self.rows != self.rows_loaded + self.rows_not_loaded:
            raise DataError(
                f"{self.rows:,} rows read, but {self.rows_loaded:,} loaded + "
                f"{self.rows_not_loaded:,} not loaded = "
                f"{self.rows_loaded + self.rows_not_loaded:,}.",
                where=f"{self.source} into {self.into}",
                fix="This is a defect of the loader: please report it with this message.",
            )

    @staticmethod
    def _count(counts: dict[str, Count], reason: str, lines: Iterable[int]) -> None:
        found = list(lines)
        if found:
            counts.setdefault(reason, Count()).add(found)


@dataclasses.dataclass
class SourceInfo:
    """How a source was read.

    Attributes:
        name: File, with the sheet where there is one.
        rows: Records read below the header.
        kind: "text", "excel" or "parquet".
        encoding: Encoding of a text file.
        delimiter: Delimiter of a text file.
        header_line: Line of the header.
        unmapped: Columns that no table took.
    """

    name: str
    rows: int = 0
    kind: str = ""
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 0
    unmapped: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class LoadReport:
    """What one call of `load` did.

    Attributes:
        format: Name of the format.
        name: Name of the workspace.
        sources: How each file was read.
        accounts: What became of its rows.
        tables: Table → rows written.
        notes: Decisions and facts that a reader of the figures should know.
    """

    format: str
    name: str = ""
    sources: list[SourceInfo] = dataclasses.field(default_factory=list)
    accounts: list[Account] = dataclasses.field(default_factory=list)
    tables: dict[str, int] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)

    @property
    def rows_read(self) -> int:
        """Records in all sources, each file counted once."""
        return sum(source.rows for source in self.sources)

    @property
    def rows_loaded(self) -> int:
        """Rows used, summed over the accounts."""
        return sum(account.rows_loaded for account in self.accounts)

    @property
    def rows_not_loaded(self) -> int:
        """Rows not used, summed over the accounts."""
        return sum(account.rows_not_loaded for account in self.accounts)

    @property
    def rows_corrected(self) -> int:
        """Rows used that corrected what was loaded earlier, summed over the accounts."""
        return sum(account.loaded.get(CORRECTION, 0) for account in self.accounts)

    @property
    def rows_already(self) -> int:
        """Rows not used because they are there already, summed over the accounts."""
        known = (account.not_loaded.get(ALREADY) for account in self.accounts)
        return sum(count.rows for count in known if count is not None)

    def free_name(self, name: str) -> str:
        """Return a name for a source: two files of one name in two folders are told apart."""
        taken = {source.name for source in self.sources}
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        return candidate

    def account(self, source: str, into: str) -> Account:
        """Return the account of a source and table, opened when it is new."""
        for account in self.accounts:
            if (account.source, account.into) == (source, into):
                return account
        self.accounts.append(Account(source, into))
        return self.accounts[-1]

    def check(self) -> LoadReport:
        """Return the report if it closes.

        Every account must close, every source must have one, and an account must have seen
        every row of its source.

        Raises:
            DataError: It does not close.
        """
        rows = {source.name: source.rows for source in self.sources}
        for account in self.accounts:
            account.check()
            if account.rows != rows.get(account.source):
                raise DataError(
                    f"the account of {account.into} holds {account.rows:,} rows, the file "
                    f"{rows.get(account.source, 0):,}.",
                    where=account.source,
                    fix="This is a defect of the loader: please report it with this message.",
                )
        for name in rows:
            if all(account.source != name for account in self.accounts):
                raise DataError("was read into no table.", where=name)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, as `load_report.json` holds it."""
        totals = {
            "rows_read": self.rows_read,
            "rows_loaded": self.rows_loaded,
            "rows_not_loaded": self.rows_not_loaded,
        }
        return {**totals, **dataclasses.asdict(self)}

    def to_json(self) -> str:
        """Return the report as the text of `load_report.json`."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n"

    def __str__(self) -> str:
        lines = [f"Loaded {self.name or 'workspace'} ({self.format})", ""]
        for account in self.accounts:
            lines += _account_lines(account)
        for source in self.sources:
            if source.unmapped:
                lines.append(f"{source.name}: columns not used: {', '.join(source.unmapped)}")
        written = ", ".join(f"{name} {rows:,}" for name, rows in self.tables.items())
        lines.append(f"Written: {written or 'nothing'}")
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)


def _account_lines(account: Account) -> list[str]:
    lines = [f"{account.source} → {account.into}", f"{account.rows:>12,}  rows read"]
    lines += [f"{rows:>12,}  loaded: {use}" for use, rows in account.loaded.items()]
    for label, counts in (("not loaded", account.not_loaded), ("loaded with", account.altered)):
        for reason, count in counts.items():
            where = ", ".join(str(line) for line in count.lines)
            lines.append(f"{count.rows:>12,}  {label}: {reason} (line {where})")
    return [*lines, ""]
