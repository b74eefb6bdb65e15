"""What is there, and how fresh: rows by month, first and last day of each table.

Works on broken data too: cells that cannot be read count as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab.config import EARLIEST
from commlab.metrics import periods
from commlab.quality.tolerant import FEW, Tolerant, day_of

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def coverage(ds: Dataset) -> pd.DataFrame:
    """Return the rows of each dated table in each month up to `as_of`.

    Args:
        ds: The dataset.

    Returns:
        Frame with table, month (first day) and rows, by table as declared and month. The grid is
        complete: every table has every month from the first row of any table to `as_of`; months
        without rows hold 0. Tables without a time (channels, identities, …) are not in it.
    """
    counted = _by_month(ds)
    if counted.empty:
        return _typed(pd.DataFrame({"table": [], "month": [], "rows": []}))
    rows = counted.set_index(["table", "month"])["rows"]
    last = periods.number_of(ds.as_of, "month")
    months = range(int(counted["month"].min()), last + 1)
    names = [name for name in ds.tables if name in set(counted["table"])]
    grid = pd.MultiIndex.from_product([names, months], names=["table", "month"])
    frame = rows.reindex(grid, fill_value=0).reset_index()
    frame["month"] = periods.starts(frame["month"], "month")
    return _typed(frame)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"table": "str", "month": "datetime64[us]", "rows": "int64"})


def _by_month(ds: Dataset) -> pd.DataFrame:
    """Return rows, first and last day (numbers) of each dated table and month up to `as_of`.

    One query for all tables. Rows before 2010 are left out where they are few: placeholders.
    """
    tolerant = ds.kept(Tolerant)
    parts = []
    for name in ds.tables:
        if tolerant.dated(name):
            when = tolerant.when(name)
            when = when.mutate(
                table=ibis.literal(name), month=periods.number(when["when"], "month")
            )
            parts.append(
                when.group_by("table", "month").agg(
                    rows=when.count(),
                    first=periods.number(when["when"].min(), "day"),
                    last=periods.number(when["when"].max(), "day"),
                )
            )
    if not parts:
        return pd.DataFrame({"table": [], "month": [], "rows": [], "first": [], "last": []})
    union = ibis.union(*parts) if len(parts) > 1 else parts[0]
    frame = ds.frame(union, ["table", "month"])
    early = frame["month"] < periods.number_of(EARLIEST, "month")
    share = frame["rows"].where(early, 0).groupby(frame["table"]).transform("sum")
    few = share <= FEW * frame.groupby("table")["rows"].transform("sum")
    return frame[~(early & few)].reset_index(drop=True)


def freshness(ds: Dataset) -> pd.DataFrame:
    """Return when each table begins and ends.

    Args:
        ds: The dataset.

    Returns:
        One row a table, as declared: table, rows (all of the source), first and last (local days
        of the first and last row up to `as_of`; NaT where rows are not dated), and
        days_before_as_of (0: there is a row on `as_of`; missing where rows are not dated).
    """
    begins, ends = _ends(ds)
    parts = [ds.raw(name).agg(rows=ibis._.count()) for name in ds.tables]
    named = [
        part.mutate(table=ibis.literal(name)) for name, part in zip(ds.tables, parts, strict=True)
    ]
    rows = ds.frame(ibis.union(*named) if len(named) > 1 else named[0]).set_index("table")["rows"]
    records = []
    for name in ds.tables:
        dated = name in begins
        last = day_of(ends[name]) if dated else None
        records.append(
            {
                "table": name,
                "rows": int(rows[name]),
                "first": pd.Timestamp(day_of(begins[name])) if dated else None,
                "last": pd.Timestamp(last) if last else None,
                "days_before_as_of": (ds.as_of - last).days if last else None,
            }
        )
    return pd.DataFrame(records).astype(
        {
            "table": "str",
            "first": "datetime64[us]",
            "last": "datetime64[us]",
            "days_before_as_of": "Int64",
        }
    )


def _ends(ds: Dataset) -> tuple[dict[str, int], dict[str, int]]:
    """Return the first and last day (numbers) of each dated table that has rows up to `as_of`."""
    tolerant = ds.kept(Tolerant)
    parts = []
    for name in ds.tables:
        if tolerant.dated(name):
            ends = tolerant.ends(name)
            parts.append(
                ends.select(
                    table=ibis.literal(name),
                    first=periods.number(ends["first"], "day"),
                    last=periods.number(ends["last"], "day"),
                )
            )
    if not parts:
        return {}, {}
    frame = ds.frame(ibis.union(*parts) if len(parts) > 1 else parts[0]).dropna()
    if (frame["first"] < periods.number_of(EARLIEST, "day")).any():
        # A placeholder perhaps: only the months tell how many there are.
        frame = _by_month(ds)
    by_name = frame.astype({"first": "int64", "last": "int64"}).groupby("table")
    first, last = by_name["first"].min(), by_name["last"].max()
    return {str(name): int(day) for name, day in first.items()}, {
        str(name): int(day) for name, day in last.items()
    }
