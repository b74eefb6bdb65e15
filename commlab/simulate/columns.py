"""Arrow columns from the numbers that the simulator works with: ids, times, money, tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commlab.tables import table as declared_table

SECOND = 1_000_000  # microseconds

_ARROW = {
    "id": pa.string(),
    "text": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "money": pa.decimal128(18, 2),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
}


def joined(*parts: pa.Array | str) -> pa.Array:
    """Return texts put together element by element."""
    whole = pc.binary_join_element_wise(
        *[pa.scalar(p) if isinstance(p, str) else p for p in parts], ""
    )
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def ids(prefix: str, numbers: np.ndarray, width: int) -> pa.Array:
    """Return ids such as `m000012`; negative numbers become null.

    Example:
        >>> ids("m", np.array([12, -1]), 6).to_pylist()
        ['m000012', None]
    """
    numbers = np.asarray(numbers)
    digits = pa.array(numbers, mask=numbers < 0).cast(pa.string())
    return joined(prefix, pc.utf8_lpad(digits, width, "0"))


def pick(values: tuple[str, ...] | list[str], index: np.ndarray) -> pa.Array:
    """Return the values at an index; negative places become null."""
    index = np.asarray(index, dtype=np.int64)
    return pa.array(values, pa.string()).take(pa.array(index, mask=index < 0))


def times(days: np.ndarray, midnight: dt.datetime) -> pa.Array:
    """Return UTC timestamps of whole seconds for days since a midnight; NaN becomes null.

    Exports hold whole seconds, so a moment is rounded down to its second.
    """
    days = np.asarray(days, dtype=float)
    missing = ~np.isfinite(days)
    seconds = np.floor(np.where(missing, 0.0, days) * 86_400.0).astype(np.int64)
    epoch = int(midnight.timestamp())
    return pa.array((seconds + epoch) * SECOND, mask=missing).cast(_ARROW["time"])


def money(fen: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Return DECIMAL(18,2) for whole minor units, exactly.

    Example:
        >>> money(np.array([1990])).to_pylist()
        [Decimal('19.90')]
    """
    fen = np.asarray(fen, dtype=np.int64)
    words = np.empty((fen.size, 2), dtype="<i8")
    words[:, 0], words[:, 1] = fen, fen >> 63  # 128 bits, little-endian, sign extended
    exact = pa.Array.from_buffers(_ARROW["money"], fen.size, [None, pa.py_buffer(words.tobytes())])
    return exact if missing is None else pc.if_else(pa.array(~missing), exact, None)


def hashes(values: np.ndarray) -> pa.Array:
    """Return 64-bit numbers as 16 hexadecimal digits.

    Example:
        >>> hashes(np.array([255], dtype=np.uint64)).to_pylist()
        ['00000000000000ff']
    """
    digits = np.frombuffer(values.astype(">u8").tobytes().hex().encode(), dtype=np.uint8)
    ends = np.arange(values.size + 1, dtype=np.int32) * 16
    return pa.StringArray.from_buffers(values.size, pa.py_buffer(ends), pa.py_buffer(digits))


def arrow_table(name: str, /, **columns: Any) -> pa.Table:
    """Return a canonical table of the given columns, in declared order and types."""
    declared = declared_table(name)
    unknown = set(columns) - set(declared.names)
    if unknown:
        raise KeyError(f"{name} has no column {sorted(unknown)}")
    arrays, fields = [], []
    for column in declared.columns:
        if column.name in columns:
            kind = _ARROW[column.dtype]
            values = columns[column.name]
            array = values if isinstance(values, pa.Array) else pa.array(values)
            arrays.append(array.cast(kind))
            fields.append(pa.field(column.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
