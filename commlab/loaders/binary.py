"""Excel and Parquet files as text cells."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commlab.errors import LoadError, nearest

EXACT = 10**15  # Excel keeps 15 digits; a longer whole number has lost the rest


def _workbook(stream: BinaryIO, where: str) -> Any:
    import python_calamine

    with _readable(where):
        return python_calamine.CalamineWorkbook.from_filelike(stream)


@contextlib.contextmanager
def _readable(where: str) -> Iterator[None]:
    """Make a `LoadError` of whatever the reader of workbooks says of a broken one."""
    import python_calamine

    try:
        yield
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise LoadError(
            f"is not a workbook that can be opened: {error}.",
            where=where,
            fix="Save it again as xlsx, without a password.",
        ) from None


def pick_sheet(stream: BinaryIO, where: str, wanted: str) -> tuple[str, tuple[str, ...]]:
    """Return the sheet to read and the other sheets that hold something.

    Raises:
        LoadError: The workbook is broken or empty, or lacks the sheet that was named.
    """
    book = _workbook(stream, where)
    with _readable(where):
        filled = [name for name in book.sheet_names if book.get_sheet_by_name(name).height]
    if wanted and wanted not in book.sheet_names:
        raise LoadError(
            f"has no sheet {wanted!r}.", where=where, fix=nearest(wanted, book.sheet_names)
        )
    if not filled:
        raise LoadError("has no sheet with rows.", where=where, fix="Export it again.")
    chosen = wanted or filled[0]
    return chosen, tuple(name for name in filled if name != chosen)


def sheet_names(stream: BinaryIO, where: str) -> tuple[str, ...]:
    """Return the names of the sheets that hold something."""
    chosen, others = pick_sheet(stream, where, "")
    return chosen, *others


def sheet_rows(stream: BinaryIO, where: str, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells as text) of one sheet."""
    with _readable(where):
        page = _workbook(stream, where).get_sheet_by_name(sheet)
    first = page.start[0] + 1 if page.start else 1
    for row, cells in enumerate(page.iter_rows(), start=first):
        yield row, [cell_text(cell) for cell in cells]


def cell_text(cell: object) -> str:
    """Return an Excel cell as text, without inventing digits.

    Example:
        >>> cell_text(17850.0), cell_text(2.55), cell_text(1.2345678901234568e17)
        ('17850', '2.55', '1.2345678901234568E+17')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < EXACT:
            return str(int(cell))
        return repr(cell).replace("e", "E")
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return str(cell)


def parquet_columns(stream: BinaryIO, where: str) -> list[str]:
    """Return the column names of a Parquet file.

    Raises:
        LoadError: It is broken.
    """
    try:
        return list(pq.ParquetFile(stream).schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise _broken(where, error) from None


def parquet_frames(stream: BinaryIO, where: str, rows: int) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield (number of the first row, text frame) of a Parquet file.

    Raises:
        LoadError: It is broken.
    """
    start = 1
    try:
        for batch in pq.ParquetFile(stream).iter_batches(batch_size=rows):
            columns = {
                position: texts(column, batch.schema.names[position], where)
                for position, column in enumerate(batch.columns)
            }
            yield start, pd.DataFrame(columns)
            start += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _broken(where, error) from None


def texts(column: pa.Array, name: str, where: str) -> pd.Series:
    """Return a column as text cells; null is the empty cell.

    Raises:
        LoadError: It is of a type that is no plain column.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), ";")
    elif pa.types.is_floating(kind):
        column = pa.array(
            [None if cell is None or cell != cell else cell_text(float(cell))
             for cell in column.to_pylist()], pa.string())  # fmt: skip
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise LoadError(
            f"column {name!r} is of type {kind}, which is no plain column.",
            where=where,
            fix="Write it as text or leave it out.",
        )
    return column.cast(pa.string()).fill_null("").to_pandas().astype("str")


def _broken(where: str, error: Exception) -> LoadError:
    return LoadError(
        f"is a broken Parquet file: {error}.", where=where, fix="Write or copy it again."
    )
