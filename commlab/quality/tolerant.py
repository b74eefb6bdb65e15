"""Tables as they stand, every cell that fits cast, so that broken data can still be looked at.

`Dataset.table` stops at what it cannot read; a check must not.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir
import pandas as pd

from commlab import cut
from commlab.config import EARLIEST
from commlab.engine import INSTANT, LOCAL, Engine
from commlab.tables import Column, table

if TYPE_CHECKING:
    from commlab.dataset import Dataset

SECONDS_A_DAY = 86_400
FEW = 0.01  # of the rows: the rest of the table is not as old as that
LARGEST = 9e16  # in minor units it still is a 64-bit integer
RAW = "raw__"  # in front of a column as read, beside its cast


def tolerant(
    engine: Engine, zone: str, column: Column, value: ir.Value, *, clean: bool = False
) -> ir.Value:
    """Return one column in its canonical type, null where the cell does not fit.

    Blank text and NaN are null. The types are those of `Dataset.table`. `clean` says that the
    writer has stripped texts and nulled blank ones: on long texts that costs more than all else.
    """
    kind = value.type()
    value = blank_as_null(engine, value, clean=clean)
    if column.dtype in ("id", "text"):
        return value.cast("string")
    if column.dtype in ("time", "date"):
        if not (kind.is_string() or kind.is_timestamp() or kind.is_date()):
            return ibis.null(LOCAL if column.dtype == "time" else "date")
        if column.dtype == "date":
            return value.try_cast("date") if kind.is_string() else value.cast("date")
        instant = value.try_cast(INSTANT) if kind.is_string() else value.cast(INSTANT)
        return engine.local(instant, zone)
    if column.dtype == "list":
        if kind.is_string():
            return value.split(";")
        return value.cast("array<string>") if kind.is_array() else ibis.null("array<string>")
    if column.dtype == "bool":
        if kind.is_string():
            return value.try_cast("boolean")
        fits = kind.is_boolean() or kind.is_numeric()
        return value.cast("boolean") if fits else ibis.null("boolean")
    if not (kind.is_string() or (kind.is_numeric() and not kind.is_boolean())):
        return ibis.null("float64" if column.dtype == "float" else "int64")
    number = _finite(value.try_cast("float64") if kind.is_string() else value.cast("float64"))
    if column.dtype == "float":
        return number
    if kind.is_integer() and column.dtype == "int":
        return value.cast("int64")
    number = ibis.ifelse(number.abs() < LARGEST, number, ibis.null("float64"))
    return ((number * 100) if column.dtype == "money" else number).round().cast("int64")


def always_fits(column: Column, kind: dtypes.DataType) -> bool:
    """Return whether every cell of a source type can be cast: such a column needs no look."""
    return bool(
        {
            "id": kind.is_string() or kind.is_integer(),
            "text": kind.is_string(),
            "time": kind.is_timestamp(),
            "date": kind.is_date() or kind.is_timestamp(),
            "money": kind.is_decimal() or kind.is_integer(),
            "int": kind.is_integer(),
            "float": kind.is_decimal() or kind.is_integer(),
            "bool": kind.is_boolean(),
            "list": kind.is_array(),
        }[column.dtype]
    )


def blank_as_null(engine: Engine, value: ir.Value, *, clean: bool = False) -> ir.Value:
    """Return the value, null where it holds blank text (`clean`: none does) or NaN."""
    kind = value.type()
    if kind.is_string():
        return value if clean else engine.stripped(value)
    return _finite(value) if kind.is_floating() else value


def _finite(number: ir.FloatingValue) -> ir.Value:
    odd = number.isnan() | number.isinf()
    return ibis.ifelse(odd, ibis.null("float64"), number)


class Tolerant:
    """The tables of a dataset, cast cell by cell.

    Args:
        ds: The dataset.
    """

    def __init__(self, ds: Dataset) -> None:
        self.ds = ds
        self._activity: dict[str, pd.DataFrame] = {}

    def present(self, name: str) -> tuple[str, ...]:
        """Return the declared columns that the source of a table holds, in order."""
        have = self.ds.columns(name)
        return tuple(column for column in table(name).names if column in have)

    def cell(self, name: str, column: str, raw: ir.Table | None = None) -> ir.Value:
        """Return one column of `ds.raw(name)`, or of some of its rows, cast."""
        value = (self.ds.raw(name) if raw is None else raw)[column]
        zone, clean = self.ds.settings.zone, self.ds.marked(name)
        return tolerant(self.ds.engine, zone, table(name)[column], value, clean=clean)

    def wide(self, name: str) -> ir.Table:
        """Return all rows: each present column cast, and as read under `raw__<column>`."""
        raw = self.ds.raw(name)
        columns: dict[str, ir.Value] = {}
        for column in self.present(name):
            columns[column] = self.cell(name, column)
            columns[RAW + column] = raw[column]
        return raw.select(**columns)

    def rows(self, name: str, *columns: str) -> ir.Table:
        """Return all rows, cast: the columns named that are present, or all that are.

        Name them where a few will do: what is not named costs nothing.
        """
        return self._of(name, self.ds.raw(name), columns)

    def _of(self, name: str, raw: ir.Table, columns: tuple[str, ...]) -> ir.Table:
        present = self.present(name)
        chosen = [column for column in columns or present if column in present]
        return raw.select(**{column: self.cell(name, column, raw) for column in chosen})

    def known(self, name: str, *columns: str) -> ir.Table:
        """Return the rows whose event is dated and not later than `as_of`; see `rows`."""
        event = table(name).event
        if not event or event not in self.present(name):
            return self.rows(name, *columns)
        return self._before_end(name, event, columns)

    def _before_end(self, name: str, event: str, columns: tuple[str, ...]) -> ir.Table:
        raw, skip = self.ds.raw(name), self._cut(name, event)
        rows = self._of(
            name,
            raw.filter(*skip.conditions) if skip.conditions else raw,
            tuple(dict.fromkeys((*columns, event))) if columns else (),
        )
        if skip.exact:
            return rows
        dated = table(name)[event].dtype == "date"
        limit = ibis.literal(self.ds.end.date()) if dated else ibis.literal(self.ds.end, LOCAL)
        return rows.filter(rows[event].notnull(), rows[event] < limit)

    def _cut(self, name: str, event: str) -> cut.Cut:
        if table(name)[event].dtype != "time":
            return cut.Cut()
        zone = self.ds.settings.zone
        return cut.between(self.ds.engine, self.ds.raw(name)[event], zone, end=self.ds.end)

    def dated(self, name: str) -> str:
        """Return the column that dates the rows of a table, if the source holds it."""
        event = table(name).event or ("sent_at" if name == "sends" else "")
        return event if event in self.present(name) else ""

    def when(self, name: str) -> ir.Table:
        """Return when each row up to `as_of` happened, for a table that is dated: `when`."""
        event = self.dated(name)
        known = self._before_end(name, event, (event,))
        return known.select(when=known[event].cast(LOCAL))

    def ends(self, name: str) -> ir.Table:
        """Return the first and last time of `when`, for a table that is dated: `first`, `last`."""
        event, zone = self.dated(name), self.ds.settings.zone
        skip = self._cut(name, event)
        if not skip.exact:
            when = self.when(name)["when"]
            return when.as_table().agg(first=when.min(), last=when.max())
        # Where the offset is constant the first instant is the first local time too.
        raw = self.ds.raw(name).filter(*skip.conditions)
        edges = raw.agg(first=raw[event].min(), last=raw[event].max())
        column = table(name)[event]
        return edges.select(
            **{end: tolerant(self.ds.engine, zone, column, edges[end]) for end in edges.columns}
        )

    def activity(self, name: str) -> pd.DataFrame:
        """Return how many rows each hour of each day has, up to `as_of`.

        Rows before 2010 are placeholders where they are few, and left out (the rule `too_early`
        counts them).

        Returns:
            Frame with `day` (days since 1970-01-01), `hour` (0–23; 0 for dates), `n`; by day and
            hour. Empty where the rows are not dated.
        """
        if name not in self._activity:
            if not self.dated(name):
                return pd.DataFrame({"day": [], "hour": [], "n": []}, dtype="int64")
            known = self.when(name)
            when = known["when"]
            counted = (
                known.select(
                    day=(when.epoch_seconds().cast("int64") / SECONDS_A_DAY).floor().cast("int64"),
                    hour=when.hour().cast("int64"),
                )
                .group_by("day", "hour")
                .agg(n=ibis._.count())
            )
            frame = self.ds.frame(counted, order_by=["day", "hour"]).astype("int64")
            self._activity[name] = _without_placeholders(frame)
        return self._activity[name].copy()

    def records(self, expr: ir.Table) -> list[dict[str, Any]]:
        """Run an expression that yields a few rows; return them as dictionaries."""
        return [
            {str(name): value for name, value in row.items()}
            for row in self.ds.frame(expr).to_dict("records")
        ]

    def one(self, expr: ir.Table) -> dict[str, Any]:
        """Run an expression that yields one row; missing figures are 0, missing times None."""
        return {
            name: (0 if isinstance(value, float) else None) if pd.isna(value) else value
            for name, value in self.records(expr)[0].items()
        }

    @functools.cached_property
    def staff(self) -> ir.Table:
        """Ids of staff, bots and atmosphere accounts: one column, `member_id`.

        They are few and asked for often, so they are read once.
        """
        ids = {str(item) for item in self.ds.settings.staff}
        if self.ds.has("members") and {"member_id", "role"} <= set(self.present("members")):
            members = self.rows("members", "member_id", "role")
            ids |= self._ids(members.filter(members.role != "member").member_id)
        if self.ds.has("staff") and "staff_id" in self.present("staff"):
            ids |= self._ids(self.rows("staff", "staff_id").staff_id)
        return ibis.memtable({"member_id": sorted(ids)}, schema={"member_id": "string"})

    def _ids(self, column: ir.Column) -> set[str]:
        return {str(item) for item in self.ds.engine.execute(column.name("id_")).dropna()}


def _without_placeholders(activity: pd.DataFrame) -> pd.DataFrame:
    early = activity["day"] < (EARLIEST - dt.date(1970, 1, 1)).days
    few = activity.loc[early, "n"].sum() <= FEW * activity["n"].sum()
    return activity[~early].reset_index(drop=True) if few else activity


def day_of(number: int) -> dt.date:
    """Return the date of a day number.

    Example:
        >>> day_of(0)
        datetime.date(1970, 1, 1)
    """
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(number))
