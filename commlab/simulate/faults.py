"""Export faults on request: what goes wrong with real exports, planted and counted.

Faults are put into the tables of a finished workspace before it is moved into place. Each says
which table and column it touched, how many rows, and by what it is to be found: a rule of
`commlab.quality`, or the opening of the workspace.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from commlab import guards
from commlab.errors import ArgumentError
from commlab.simulate.streams import named, stream

OPENING = "opening"  # found when the workspace is opened or the table is read
NOTHING = ""  # to be read without a word


@dataclasses.dataclass
class Stage:
    """The tables of a workspace that is being made.

    Attributes:
        folder: Where they stand.
        start: First local day.
        as_of: Last local day.
        rng: Randomness of the fault at hand.
    """

    folder: Path
    start: dt.date
    as_of: dt.date
    rng: np.random.Generator

    def has(self, name: str) -> bool:
        """Return whether the workspace holds a table."""
        return self.path(name).is_file()

    def path(self, name: str) -> Path:
        """Return the Parquet file of a table."""
        return self.folder / f"{name}.parquet"

    def read(self, name: str) -> pa.Table:
        """Return a table.

        Raises:
            ArgumentError: The workspace does not hold it (or another fault took it away).
        """
        if not self.has(name):
            raise ArgumentError(
                f"a fault needs the table {name!r}, which this world does not have.",
                fix="Simulate more members or months, or leave one of the faults out.",
            )
        return pq.read_table(self.path(name))

    def write(self, name: str, rows: pa.Table) -> None:
        """Write a table; nothing is promised about its keys any more."""
        pq.write_table(rows.replace_schema_metadata(None), self.path(name), compression="zstd")

    def some(self, rows: np.ndarray, share: float, least: int = 5) -> np.ndarray:
        """Return a random part of the places, in order; `least` of them at the least.

        Raises:
            ArgumentError: There are fewer than `least`.
        """
        if rows.size < least:
            raise ArgumentError(
                f"a fault needs {least} rows that fit, and this world has {rows.size}.",
                fix="Simulate more members or months.",
            )
        n = max(least, round(share * rows.size))
        return np.sort(self.rng.choice(rows, size=n, replace=False))


def replaced(table: pa.Table, name: str, values: Any) -> pa.Table:
    """Return a table with other values in a column, which may be of another type."""
    place = table.column_names.index(name)
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    return table.set_column(place, name, array)


def changed(table: pa.Table, name: str, places: np.ndarray, values: Any) -> pa.Table:
    """Return a table with other values at some places of a column, its type kept."""
    column = table[name].combine_chunks()
    array = values if isinstance(values, pa.Array) else pa.array(values)
    index = np.arange(len(column))
    index[places] = len(column) + np.arange(len(places))
    both = pa.concat_arrays([column, array.cast(column.type)])
    return replaced(table, name, both.take(pa.array(index)))


def found(
    table: str, column: str, rows: int, rule: str, finds: int | None = None, **more: Any
) -> dict[str, Any]:
    """Return the record of a fault.

    Args:
        table: Table touched.
        column: Column touched; empty for whole rows or files.
        rows: Rows touched.
        rule: Rule of `commlab.quality`, `OPENING` or `NOTHING`.
        finds: What the finding counts, where that is not `rows`.
        more: Further facts.
    """
    record = {"table": table, "column": column, "rows": int(rows), "rule": rule}
    return record | {"finding_counts": int(rows if finds is None else finds)} | more


Planter = Callable[[Stage], dict[str, Any]]


def planters() -> dict[str, Planter]:
    """Return the faults by name, in the order in which they are planted: files come last."""
    from commlab.simulate import faults_cells, faults_files, faults_rows

    return {**faults_rows.FAULTS, **faults_cells.FAULTS, **faults_files.FAULTS}


def meanings() -> dict[str, str]:
    """Return what each fault is, by name."""
    return {
        name: (plant.__doc__ or "").strip().split("\n")[0] for name, plant in planters().items()
    }


def checked(faults: Sequence[str]) -> tuple[str, ...]:
    """Return the faults once each, in the order in which they are planted.

    Raises:
        ArgumentError: One of them is unknown.
    """
    known = planters()
    for name in faults:
        guards.one_of("fault", name, tuple(known))
    return tuple(name for name in known if name in set(faults))


def plant_faults(
    folder: Path, faults: Sequence[str], seed: int, start: dt.date, as_of: dt.date
) -> dict[str, Any]:
    """Put faults into the tables of a folder.

    Each table concerned is held in memory as a whole, so large worlds take their memory.

    Args:
        folder: Folder with the Parquet files.
        faults: Names of `planters`.
        seed: The same seed plants the same rows.
        start: First local day of the world.
        as_of: Its last.

    Returns:
        The record of each fault by name.
    """
    known = planters()
    return {
        name: known[name](Stage(folder, start, as_of, stream(seed, "faults", 0, named(name))))
        for name in checked(faults)
    }
