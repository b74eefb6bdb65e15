# ruff: noqa: S608 - the queries hold quoted paths and names of columns
"""What loads kept of their sources (`sources/` of a workspace), without a person's rows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from commlab.loaders.place import SOURCES
from commlab.loaders.sql import quoted


def forget_sources(
    engine: duckdb.DuckDBPyConnection, workspace: Path, *, dry_run: bool = False
) -> int:
    """Delete the rows that name a person, and the person from lists in the rows of others.

    Args:
        engine: Connection with the ids in the table `gone` and in the variable `gone`.
        workspace: The workspace.
        dry_run: Count, and write nothing.

    Returns:
        Rows deleted or changed.
    """
    touched = 0
    for path in sorted((workspace / SOURCES).glob("*.parquet")):
        source = f"read_parquet({quoted(path)}, file_row_number = true)"
        columns = [row for row in engine.execute(f"DESCRIBE FROM {source}").fetchall()
                   if row[0] != "file_row_number"]  # fmt: skip
        names = [f'"{name}"' for name, kind, *_ in columns if kind == "VARCHAR"]
        lists = [f'"{name}"' for name, kind, *_ in columns if kind == "VARCHAR[]"]
        goes = " OR ".join(f"coalesce({name} IN (FROM gone), false)" for name in names) or "false"
        held = " OR ".join(
            f"coalesce(list_has_any({name}, getvariable('gone')), false)" for name in lists
        )
        found = engine.execute(
            f"SELECT count(*) FROM {source} WHERE {goes} OR {held or 'false'}"
        ).fetchone()
        rows = int(found[0]) if found else 0
        touched += rows
        if not rows or dry_run:
            continue
        left = ", ".join(
            f"list_filter({name}, x -> NOT list_contains(getvariable('gone'), x)) AS {name}"
            for name in lists
        )
        cells = f"* EXCLUDE (file_row_number) REPLACE ({left})" if left else (
            "* EXCLUDE (file_row_number)"
        )  # fmt: skip
        beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            engine.execute(
                f"COPY (SELECT {cells} FROM {source} WHERE NOT ({goes}) ORDER BY file_row_number) "
                f"TO {quoted(beside)} (FORMAT parquet, COMPRESSION zstd)"
            )
            shutil.copymode(path, beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    return touched
