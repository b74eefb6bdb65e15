"""Adding rows to one table of a workspace: the file is replaced whole, or stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from commlab import sources
from commlab.errors import WorkspaceError
from commlab.loaders.arrow import to_arrow
from commlab.tables import table
from commlab.workspace import workspace_files


def append_rows(workspace: Path | str, name: str, rows: pd.DataFrame) -> Path:
    """Append canonical rows to a table of a workspace folder; the table is made when it is absent.

    Columns of the file that are not canonical are kept and null in the new rows.

    Args:
        workspace: The folder.
        name: The table.
        rows: Declared columns; times as UTC timestamps, money as whole minor units.

    Returns:
        The file written.

    Raises:
        WorkspaceError: The table is a folder of Parquet files, compressed CSV, or not readable.
    """
    folder = Path(workspace)
    path = workspace_files(folder).get(name)
    fresh = to_arrow(table(name), rows)
    if path is None:
        target = folder / f"{name}.parquet"
        _replace(target, fresh)
        return target
    if path.is_dir() or path.suffix not in (".parquet", ".csv"):
        raise WorkspaceError(
            "is neither one Parquet nor one CSV file, so rows cannot be appended.",
            where=path.name,
            fix=f"Load it anew with `commlab load`, which writes {name}.parquet.",
        )
    try:
        held = _read(path)
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WorkspaceError(f"cannot be read: {reason}.", where=path.name) from None
    lacking = [column for column in table(name).required if column not in held.column_names]
    if lacking:
        raise WorkspaceError(
            f"has no column {lacking[0]}; it has: {', '.join(held.column_names)}.",
            where=path.name,
            fix="Name the columns as `commlab tables` lists them.",
        )
    _replace(path, _joined(held, fresh))
    return path


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        # The mark of unique keys holds for what was there, not for what comes now.
        return pq.read_table(path).replace_schema_metadata(None)
    delimiter, names = sources.header(path)
    return pacsv.read_csv(
        path,
        read_options=pacsv.ReadOptions(column_names=names, skip_rows=1),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def _joined(held: pa.Table, fresh: pa.Table) -> pa.Table:
    """Return both, one after the other, in the columns and types of the first where it has them."""
    columns = list(held.column_names) + [
        n for n in fresh.column_names if n not in held.schema.names
    ]
    parts = {}
    for column in columns:
        kind = (held if column in held.schema.names else fresh).schema.field(column).type
        pieces = [
            part[column].cast(kind)
            if column in part.schema.names
            else pa.chunked_array([pa.nulls(len(part), kind)])
            for part in (held, fresh)
        ]
        parts[column] = pa.chunked_array(
            [chunk for piece in pieces for chunk in piece.chunks], kind
        )
    return pa.table(parts)


def _replace(path: Path, whole: pa.Table) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.suffix == ".csv":
            options = pacsv.WriteOptions(delimiter=sources.header(path)[0])
            pacsv.write_csv(whole, beside, options)
        else:
            pq.write_table(whole, beside, compression="zstd")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
