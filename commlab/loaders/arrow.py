"""Frames of canonical rows in the types of the disk."""

from __future__ import annotations

import decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from commlab.errors import LoadError
from commlab.tables import Column, Table

_CENT = decimal.Decimal("0.01")

_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "time": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "money": pa.decimal128(18, 2),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
}


def to_arrow(table: Table, frame: pd.DataFrame | pa.Table) -> pa.Table:
    """Return a frame in the types of the canonical table, its columns in declared order.

    Args:
        table: The declaration.
        frame: Declared columns only; money as whole minor units, times as UTC timestamps. An
            Arrow table has the types of the disk already, or such as can be cast to them.

    Raises:
        LoadError: A column is not declared, or a required one is absent.
    """
    held = frame.column_names if isinstance(frame, pa.Table) else list(frame.columns)
    for name in held:
        if name not in table:
            raise LoadError(f"{name!r} is not a column of {table.name}.")
    for name in table.required:
        if name not in held:
            raise LoadError(f"the required column {name!r} of {table.name} is absent.")
    columns = [column for column in table.columns if column.name in held]
    if isinstance(frame, pa.Table):
        made = pa.table({c.name: frame[c.name].cast(_TYPES[c.dtype]) for c in columns})
    else:
        made = pa.table({column.name: _array(column, frame[column.name]) for column in columns})
    for name in table.required:
        if made[name].null_count:
            raise LoadError(f"the required column {name!r} of {table.name} has empty cells.")
    return made


def _array(column: Column, values: pd.Series) -> pa.ChunkedArray:
    if column.dtype == "money":
        minor = pa.Array.from_pandas(values.astype("Int64"))
        scaled = pc.multiply(minor.cast(pa.decimal128(19, 0)), pa.scalar(_CENT))
        return pa.chunked_array([scaled.cast(_TYPES["money"])])
    if column.dtype == "list":
        items = [None if item is None or item is pd.NA else list(item) for item in values]
        return pa.chunked_array([pa.array(items, _TYPES["list"])])
    if column.dtype in ("id", "text"):
        values = values.astype("str")
    found = pa.Array.from_pandas(values)
    found = found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])
    return found.cast(_TYPES[column.dtype])
