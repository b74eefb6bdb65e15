"""`Dataset`: the canonical tables of a workspace on an engine, as they were known at `as_of`."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards, workspace
from commlab.canonical import Canonical, marked
from commlab.config import SETTINGS_FILE, Settings
from commlab.engine import Engine
from commlab.errors import ArgumentError, MissingTableError, WorkspaceError
from commlab.kept import Answers
from commlab.tables import ENOUGH, TABLES, table
from commlab.workspace import open_workspace

if TYPE_CHECKING:
    from commlab.quality import Findings


T = TypeVar("T")
# A year after the last row every member looks gone: most likely another year was meant.
LONGEST_SILENCE = 366


class Dataset:
    """Canonical tables on an engine, cut at `as_of`.

    Made by `open_dataset`. Tables are Ibis expressions, read in place and lazily.

    Attributes:
        source: Folder or address that was opened.
        name: Name of the brand or, without one, of the folder.
        settings: Settings of the workspace.
        engine: The engine.
        as_of: Last day read, a local date, inclusive.
        tables: Names of the canonical tables that the workspace holds, in the order of the
            declaration.
    """

    def __init__(
        self,
        source: str,
        settings: Settings,
        engine: Engine,
        raw: dict[str, ir.Table],
        as_of: dt.date | None = None,
        files: dict[str, Path] | None = None,
    ) -> None:
        self.source = source
        self.settings = settings
        self.engine = engine
        self.name = settings.name or Path(source.split("://")[-1]).name
        self.tables = tuple(name for name in TABLES if name in raw)
        self._raw = raw
        self._files = files or {}
        self._canonical = Canonical(engine, settings)
        self._cache: dict[str, ir.Table] = {}
        self._answers = Answers()
        self._kept: dict[Any, Any] = {}
        self._stored: set[str] = set()
        if not self.tables:
            raise WorkspaceError(
                "holds none of the canonical tables.",
                where=self.name,
                fix=f"It needs at least one of {', '.join(ENOUGH)}: see `commlab load --help`.",
            )
        first, last = self._span()
        self.as_of = as_of or settings.as_of or self._default_as_of(first, last)
        if first is not None and last is not None:
            self._within(first, last, where=SETTINGS_FILE if not as_of and settings.as_of else "")

    @property
    def end(self) -> dt.datetime:
        """The local midnight after `as_of`: everything read is earlier."""
        return dt.datetime.combine(self.as_of + dt.timedelta(days=1), dt.time())

    def at(self, as_of: str | dt.date) -> Dataset:
        """Return the same workspace as it was known at the end of another day.

        Args:
            as_of: The day, inclusive.

        Raises:
            ArgumentError: It is not a date, or before the first day of the data.
        """
        day = guards.date("as_of", as_of)
        return Dataset(self.source, self.settings, self.engine, self._raw, day, self._files)

    def has(self, *names: str) -> bool:
        """Return whether the workspace holds all of these tables."""
        return all(table(name).name in self._raw for name in names)

    def columns(self, name: str) -> frozenset[str]:
        """Return the declared columns that the source of a table really holds."""
        return frozenset(self.raw(name).columns) & frozenset(table(name).names)

    def raw(self, name: str) -> ir.Table:
        """Return a table as it stands in the source: nothing cast, all rows.

        Raises:
            MissingTableError: The workspace does not hold the table.
        """
        if not self.has(name):
            raise MissingTableError(
                f"this needs the table {name!r}, which the workspace does not have.",
                where=self.name,
                fix=f"It has: {', '.join(self.tables)}.",
            )
        return self._raw[name]

    def table(self, name: str, since: dt.date | None = None) -> ir.Table:
        """Return a canonical table as it was known at the end of `as_of`.

        Every declared column is there: ids and texts as strings, times as naive local
        timestamps, dates as dates, money as int64 minor units; absent columns hold nulls or
        their default. Rows later than `as_of` are left out; facts that became known later are
        null. Exact copies of rows in a table with a key count once.

        Args:
            name: The table.
            since: Rows dated before this local day are left out, unread where the source says
                from when its parts are: quicker than a filter.

        Raises:
            MissingTableError: The workspace does not hold the table.
            DataError: A required column is missing, or two rows with one key contradict.
        """
        key = name if since is None else f"{name} since {since.isoformat()}"
        if key not in self._cache:
            start = None if since is None else dt.datetime.combine(since, dt.time())
            raw, path = self.raw(name), self._files.get(name)
            known = self._canonical.known_at(table(name), raw, path, self.end, start)
            self._cache[key] = self.engine.named(name, known)
        return self._cache[key]

    def whole(self, name: str) -> ir.Table:
        """Return a canonical table with all its rows and facts, whatever `as_of` is.

        For looking up who somebody is or what was already done, never for a figure.

        Raises:
            MissingTableError: The workspace does not hold the table.
        """
        return self._canonical.table(table(name), self.raw(name), self._files.get(name))

    def staff_ids(self) -> ir.Table:
        """Return the ids of staff, bots and atmosphere accounts: one column, `member_id`."""
        if "staff_ids" not in self._cache:
            self._cache["staff_ids"] = self.engine.named("staff_ids", self._staff_ids())
        return self._cache["staff_ids"]

    def _staff_ids(self) -> ir.Table:
        parts = []
        if self.has("members"):
            # Staff are staff whenever they joined: the table is not cut at `as_of` for this.
            members = self.whole("members")
            parts.append(members.filter(members.role != "member").select("member_id"))
        if self.has("staff"):
            parts.append(self.table("staff").select(member_id="staff_id"))
        if self.settings.staff or not parts:
            # Kept, because Ibis drops a memtable from the engine once nothing refers to it.
            self._named_staff = ibis.memtable(
                {"member_id": list(self.settings.staff)}, schema={"member_id": "string"}
            )
            parts.append(self._named_staff)
        return ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]

    def people(self) -> ir.Table:
        """Return the persons who are not staff: the columns of `members`.

        Without a members table they are made from memberships, messages and orders, `joined_at`
        being the first sight and the other columns null.
        """
        if "people" not in self._cache:
            self._cache["people"] = self.engine.named("people", self._people())
        return self._cache["people"]

    def _people(self) -> ir.Table:
        if self.has("members"):
            people = self.table("members")
        else:
            people = self._canonical.filled(table("members"), self._first_sights())
        return people.anti_join(self.staff_ids(), "member_id")

    def frame(self, expr: ir.Table, order_by: Sequence[str] = ()) -> pd.DataFrame:
        """Run an expression and return its rows, in explicit order.

        The answer is kept: a dataset is opened once and does not change.

        Args:
            expr: Expression over the tables of this dataset.
            order_by: Columns to sort by; nulls last.
        """
        if order_by:
            expr = expr.order_by([ibis.asc(column, nulls_first=False) for column in order_by])
        # Expressions are equal when they say the same.
        return self._answers.get(expr.op(), lambda: self.engine.execute(expr))

    def repeated(self, name: str, make: Callable[[], ir.Table]) -> ir.Table:
        """Return an expression that many questions of one page build on.

        From the second time on that it is asked for, the engine keeps its rows.
        """
        if name not in self._cache:
            self._cache[name] = self.engine.named(name, make())
        elif name not in self._stored:
            self._stored.add(name)
            self.engine.store(self._cache[name])
        return self._cache[name]

    def kept(self, make: Callable[[Dataset], T]) -> T:
        """Return what a function makes of this dataset, made once."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return self._kept[make]

    @overload
    def money(self, amount: float) -> float: ...
    @overload
    def money(self, amount: pd.Series) -> pd.Series: ...
    def money(self, amount: Any) -> Any:
        """Return minor units (fen, pence) as currency units."""
        return amount / 100

    def check(self) -> Findings:
        """Return what is wrong with the data, worst first (see `commlab.quality`)."""
        from commlab import quality

        return self.kept(quality.check)

    def fingerprint(self) -> str:
        """Return 16 hex digits that change when a table or a setting changes."""
        return workspace.fingerprint(self.settings, self.tables, self._files)

    def _first_sights(self) -> ir.Table:
        sights = [
            self.table(name).select("member_id", at=table(name).event)
            for name in ("memberships", "messages", "orders")
            if self.has(name)
        ]
        if not sights:
            raise MissingTableError(
                "there is nobody to describe.",
                where=self.name,
                fix=f"Add members, or one of {', '.join(ENOUGH)}.",
            )
        seen = ibis.union(*sights) if len(sights) > 1 else sights[0]
        seen = seen.filter(seen.member_id.notnull(), seen["at"].notnull())
        return seen.group_by("member_id").agg(joined_at=seen["at"].min())

    def _span(self) -> tuple[dt.date | None, dt.date | None]:
        """First and last local day with a row in the tables that carry activity."""
        ends: list[dt.date] = []
        for name in self._dating():
            if table(name).event not in self._raw[name].columns:
                continue
            event = self._canonical.event(table(name), self._raw[name])
            # A date in the future is a slip of the keyboard, and must not set the day.
            ended = event.max(where=event < dt.datetime.now() + dt.timedelta(days=1))
            edges = self._raw[name].agg(first=event.min(), last=ended)
            row = self.engine.execute(edges).iloc[0]
            ends += [pd.Timestamp(item).date() for item in row if not pd.isna(item)]
        return (min(ends), max(ends)) if ends else (None, None)

    def _within(self, first: dt.date, last: dt.date, where: str) -> None:
        latest = last + dt.timedelta(days=LONGEST_SILENCE)
        day = self.as_of.isoformat()
        if self.as_of < first:
            what = f"as_of is {day}, before the first day of the data, {first.isoformat()}."
        elif self.as_of > latest:
            what = (
                f"as_of is {day}, more than a year after the last row of the data: nothing is "
                "known of that time."
            )
        else:
            return
        raise ArgumentError(
            what,
            where=where,
            fix=f"The data run from {first.isoformat()} to {last.isoformat()}.",
        )

    def _dating(self) -> list[str]:
        """Tables that say from when to when there was activity."""
        named = [name for name in ("orders", "messages") if self.has(name)]
        return named or [name for name in ("memberships", "members") if self.has(name)]

    def _default_as_of(self, first: dt.date | None, last: dt.date | None) -> dt.date:
        if first is None or last is None:
            why = "; ".join(self._undated(name) for name in self._dating())
            raise WorkspaceError(
                f"the last day of the data cannot be seen: {why or 'no table has dated rows'}.",
                where=self.name,
                fix="Export it again, or name the last day to read (as_of).",
            )
        # The last day is seldom whole; where it is the only one there is no other.
        return max(first, last - dt.timedelta(days=1))

    def _undated(self, name: str) -> str:
        place, event = self.place(name), table(name).event
        if event not in self._raw[name].columns:
            return f"{place} has no column {event}"
        if not int(self.engine.execute(self._raw[name].count())):
            return f"{place} holds no rows"
        return f"no cell of {event} in {place} can be read as a time"

    def place(self, name: str) -> str:
        """Return where a table stands, for messages: its file, or the table of a database."""
        return self._files[name].name if name in self._files else name

    def marked(self, name: str) -> bool:
        """Return whether the writer of a table has made sure of its keys and texts already."""
        return marked(self._files.get(name))

    def csv_file(self, name: str) -> Path | None:
        """Return the CSV file of a table; None where it is none, so that rows have no line."""
        path = self._files.get(name)
        return path if path is not None and ".csv" in path.suffixes else None

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, as_of={self.as_of.isoformat()}, engine={self.engine.name!r}, "
            f"tables: {', '.join(self.tables)})"
        )


def open_dataset(
    source: str | os.PathLike[str],
    *,
    as_of: str | dt.date | None = None,
    engine: str | None = None,
) -> Dataset:
    """Open a workspace.

    Args:
        source: Folder with one Parquet or CSV file per canonical table, a DuckDB file, or the
            address of a database that holds tables of those names (`postgres://…`).
        as_of: Last day to read, a local date, inclusive. Default: `as_of` in `commlab.toml`,
            else the day before the last row of orders or messages.
        engine: "duckdb" (default) or "spark"; for an address, the database itself.

    Returns:
        The dataset, its tables still unread.

    Raises:
        WorkspaceError: The folder or database is not a workspace.
        ArgumentError: `as_of` is not a date or is before the first row; unknown engine.
        DataError: A file cannot be read.

    Example:
        >>> ds = open_dataset("data_samples", as_of="2026-06-30")  # doctest: +SKIP
        >>> ds.has("orders", "messages")  # doctest: +SKIP
        True
    """
    day = guards.date("as_of", as_of)
    opened = open_workspace(source, engine)
    return Dataset(opened.source, opened.settings, opened.engine, opened.raw, day, opened.files)
