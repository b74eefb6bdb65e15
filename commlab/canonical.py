"""From a source's own types to the canonical ones, and back in time to what `as_of` knew."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq

from commlab import cut
from commlab.config import Settings
from commlab.engine import INSTANT, LOCAL, Engine
from commlab.errors import DataError
from commlab.tables import UNIQUE_MARK, Column, Table

_INSIDE = {
    "id": "string",
    "text": "string",
    "time": LOCAL,
    "date": "date",
    "money": "int64",
    "int": "int64",
    "float": "float64",
    "bool": "boolean",
    "list": "array<string>",
}


class Canonical:
    """Casts tables of one engine and workspace.

    Args:
        engine: The engine that holds the tables.
        settings: Zone and other settings of the workspace.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings

    def column(self, declared: Table, raw: ir.Table, name: str, *, clean: bool = False) -> ir.Value:
        """Return one column in its canonical type; absent ones are typed nulls or the default.

        Args:
            declared: The table.
            raw: Its source.
            name: The column.
            clean: Whether the writer has already stripped texts and nulled blank ones.
        """
        column = declared[name]
        if name not in raw.columns:
            value = ibis.null(_INSIDE[column.dtype])
        else:
            value = self._cast(column, raw[name], clean=clean)
        if name == "buyer_status" and "member_id" in raw.columns:
            known = raw["member_id"].cast("string").notnull()
            value = value.fill_null(ibis.ifelse(known, "member", "unknown"))
        if column.default is not None:
            value = value.fill_null(ibis.literal(column.default, _INSIDE[column.dtype]))
        return value

    def filled(self, declared: Table, raw: ir.Table) -> ir.Table:
        """Return a table whose times are naive local already, with every declared column."""
        columns = {}
        for column in declared.columns:
            inside = _INSIDE[column.dtype]
            value = raw[column.name] if column.name in raw.columns else ibis.null(inside)
            if column.default is not None:
                value = value.fill_null(ibis.literal(column.default, inside))
            columns[column.name] = value
        return raw.select(**columns)

    def table(
        self,
        declared: Table,
        raw: ir.Table,
        path: Path | None = None,
        within: tuple[ir.BooleanValue, ...] = (),
    ) -> ir.Table:
        """Return the rows in canonical types, exact copies of keyed rows counted once.

        Args:
            declared: The table.
            raw: Its source.
            path: Its file.
            within: Conditions on `raw`: other rows are left out. Keys are looked at in all rows.

        Raises:
            DataError: A required column is missing, or rows with one key contradict each other.
        """
        for name in declared.required:
            if name not in raw.columns:
                have = ", ".join(raw.columns)
                raise DataError(
                    f"the required column {name!r} is missing.",
                    where=declared.name,
                    fix=f"The table has: {have}.",
                )
        ours = marked(path)

        def cast(rows: ir.Table) -> ir.Table:
            names = declared.names
            return rows.select(
                **{name: self.column(declared, rows, name, clean=ours) for name in names}
            )

        chosen = cast(raw.filter(*within)) if within else cast(raw)
        if declared.key and not ours and self._copied(declared, cast(raw)):
            return chosen.distinct()
        return chosen

    def known_at(
        self,
        declared: Table,
        raw: ir.Table,
        path: Path | None,
        end: dt.datetime,
        start: dt.datetime | None = None,
    ) -> ir.Table:
        """Return the rows and facts that were known before the local midnight `end`.

        Args:
            declared: The table.
            raw: Its source.
            path: Its file.
            end: Local midnight.
            start: Rows that are dated before this local midnight are left out.

        Raises:
            DataError: See `table`.
        """
        column = declared[declared.event] if declared.event else None
        skip = cut.Cut()
        if column and column.required and column.dtype == "time" and column.name in raw.columns:
            zone = self.settings.zone
            skip = cut.between(self.engine, raw[column.name], zone, end=end, start=start)
        rows = self.table(declared, raw, path, skip.conditions)
        if column and not skip.exact:
            event = rows[column.name]
            seen = event < _limit(column, end)
            if start is not None:
                seen &= event >= _limit(column, start)
            # An undated optional event (a tag without its time) may well be earlier.
            rows = rows.filter(seen if column.required else event.isnull() | seen)
        changes: dict[str, ir.Value] = {}
        for column in declared.columns:
            source = column.follows or (column.name if column.later else "")
            if not source:
                continue
            unknown = rows[source] >= _limit(declared[source], end)
            inside = _INSIDE[column.dtype]
            instead = (
                ibis.null(inside)
                if column.default is None
                else ibis.literal(column.default, inside)
            )
            changes[column.name] = ibis.ifelse(unknown.fill_null(False), instead, rows[column.name])
        if "last_seen_at" in declared:
            last = ibis.literal(end - dt.timedelta(microseconds=1), LOCAL)
            seen_at = rows["last_seen_at"]
            changes["last_seen_at"] = ibis.ifelse(seen_at > last, last, seen_at)
        return rows.mutate(**changes) if changes else rows

    def event(self, declared: Table, raw: ir.Table) -> ir.TimestampValue:
        """Return when each row happened; null where that cannot be read, instead of an error."""
        value = raw[declared.event]
        if value.type().is_string():
            value = self.engine.stripped(value).try_cast(INSTANT)
        return self.engine.local(self.engine.instant(value), self.settings.zone)

    def _cast(self, column: Column, value: ir.Value, *, clean: bool) -> ir.Value:
        kind = value.type()
        if kind.is_string() and not clean:
            value = self.engine.stripped(value)
        if not column.required and (kind.is_binary() or kind.is_struct() or kind.is_map()):
            return ibis.null(_INSIDE[column.dtype])  # no cell of such a column can be read

        def to(dtype: object) -> ir.Value:
            # What may be null becomes null where it cannot be read: `ds.check()` counts it. What
            # a row cannot do without stops instead.
            if column.required or not kind.is_string():
                return value.cast(dtype)
            return value.try_cast(dtype)

        if column.dtype in ("id", "text"):
            return value.cast("string")
        if column.dtype == "time":
            instant = to(INSTANT) if kind.is_string() else self.engine.instant(value)
            return self.engine.local(instant, self.settings.zone)
        if column.dtype == "money":
            # Doubles hold money exactly up to 9e13; a product of DECIMALs would be rounded by Ibis.
            return (to("float64") * 100).round().cast("int64")
        if column.dtype == "list" and kind.is_string():
            return value.split(";")
        return to(_INSIDE[column.dtype])

    def _copied(self, declared: Table, rows: ir.Table) -> bool:
        """Return whether rows stand there more than once, word for word."""
        key = [rows[name] for name in declared.key]
        counts = rows.group_by(key).agg(n=rows.count()).filter(ibis._.n > 1)
        doubled = int(self.engine.execute(counts.count()))
        if not doubled:
            return False
        once = rows.distinct()
        left = once.group_by([once[name] for name in declared.key]).agg(n=once.count())
        conflicts = int(self.engine.execute(left.filter(left.n > 1).count()))
        if conflicts:
            raise DataError(
                f"{conflicts:,} keys ({', '.join(declared.key)}) have rows that contradict "
                "each other.",
                where=declared.name,
                fix="Run `commlab check` for examples, and keep one row a key.",
            )
        return True


def _limit(column: Column, end: dt.datetime) -> ir.Value:
    return ibis.literal(end.date()) if column.dtype == "date" else ibis.literal(end, LOCAL)


def marked(path: Path | None) -> bool:
    """Return whether the writer of a file has made sure of its keys and texts already."""
    if path is None or path.suffix != ".parquet" or path.is_dir():
        return False
    footer = pq.read_metadata(path)
    return (footer.metadata or {}).get(UNIQUE_MARK.encode()) == str(footer.num_rows).encode()
