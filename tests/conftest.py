"""Fixtures that every test may lean on: engines, small workspaces, the real files."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

os.environ.setdefault("COMMLAB_SECRET", "a secret for tests")

from commlab.config import Settings, settings_to_toml
from commlab.dataset import Dataset, open_dataset
from commlab.tables import TABLES

# Spark is slow to start and to answer: its half of each test runs with the slow ones.
SPARK = pytest.param(
    "spark",
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(not importlib.util.find_spec("pyspark"), reason="PySpark is not here"),
    ],
)
ENGINES = ("duckdb", SPARK)
ROOT = Path(__file__).resolve().parent.parent

_ARROW = {
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


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine that is installed."""
    return request.param


def canonical_arrow(name: str, frame: pd.DataFrame, zone: str) -> pa.Table:
    """Frame of one table as it stands on disk; naive times are local in `zone`."""
    arrays, fields = [], []
    for column in TABLES[name].columns:
        if column.name not in frame:
            continue
        values = frame[column.name]
        if column.dtype == "time":
            times = pd.to_datetime(values, format="ISO8601")
            times = times.dt.tz_localize(zone) if times.dt.tz is None else times
            array = pa.array(times.dt.tz_convert("UTC").dt.as_unit("us"), _ARROW["time"])
        elif column.dtype == "money":
            cents = pa.array([None if pd.isna(x) else f"{float(x):.2f}" for x in values])
            array = cents.cast(_ARROW["money"])
        elif column.dtype == "list":
            array = pa.array(list(values), _ARROW["list"])
        else:
            array = pa.array([None if pd.isna(x) else x for x in values], _ARROW[column.dtype])
        arrays.append(array)
        fields.append(pa.field(column.name, _ARROW[column.dtype]))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Path]:
    """Function that writes canonical Parquet and commlab.toml and returns the folder."""
    made = []

    def make(tables: Mapping[str, pd.DataFrame], **settings: Any) -> Path:
        chosen = Settings(**settings)
        folder = tmp_path / f"workspace{len(made)}"
        folder.mkdir()
        made.append(folder)
        for name, frame in tables.items():
            pq.write_table(canonical_arrow(name, frame, chosen.zone), folder / f"{name}.parquet")
        (folder / "commlab.toml").write_text(settings_to_toml(chosen), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def make_dataset(make_workspace: Callable[..., Path], engine: str) -> Callable[..., Dataset]:
    """Function that makes a workspace and opens it on the engine of the `engine` fixture."""

    def make(
        tables: Mapping[str, pd.DataFrame], as_of: str | None = None, **settings: Any
    ) -> Dataset:
        return open_dataset(make_workspace(tables, **settings), as_of=as_of, engine=engine)

    return make


@pytest.fixture
def shared_data() -> Path:
    """Folder with the real files; the test is skipped where it is absent."""
    folder = Path(os.environ.get("COMMLAB_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data are not here (set COMMLAB_SHARED_DATA)")
    return folder
