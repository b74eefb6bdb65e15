"""The engine: an Ibis connection, and all that differs from one engine to another.

DuckDB is the embedded default: it reads Parquet and CSV in place and spills to disk. The same
expressions run on Spark, or on any other Ibis backend that already holds the tables.
"""

from __future__ import annotations

import atexit
import dataclasses
import datetime as dt
import functools
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir

from commlab import sources
from commlab.config import Settings
from commlab.errors import ArgumentError, CommlabError, DataError, WorkspaceError

# Read by every kernel of a batch run, which shares the machine out among them.
MEMORY_VARIABLE = "COMMLAB_MEMORY_LIMIT"
THREADS_VARIABLE = "COMMLAB_THREADS"

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBERS = itertools.count(1)
_SPACE = " \t\n\r\v\f"  # what DuckDB's strip takes away

INSTANT = dtypes.Timestamp(timezone="UTC", scale=6)
LOCAL = dtypes.Timestamp(scale=6)


@ibis.udf.scalar.builtin(name="timezone", signature=((dtypes.string, INSTANT), LOCAL))
def _duckdb_local(zone, instant):  # type: ignore[no-untyped-def]
    """DuckDB: naive local time of an instant."""


@ibis.udf.scalar.builtin(name="epoch_us", signature=((INSTANT,), dtypes.int64))
def _duckdb_microseconds(instant):  # type: ignore[no-untyped-def]
    """DuckDB: microseconds since 1970 of an instant."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dtypes.int64,), LOCAL))
def _duckdb_timestamp(microseconds):  # type: ignore[no-untyped-def]
    """DuckDB: naive timestamp from microseconds since 1970."""


@ibis.udf.scalar.builtin(name="from_utc_timestamp", signature=((INSTANT, dtypes.string), LOCAL))
def _spark_local(instant, zone):  # type: ignore[no-untyped-def]
    """Spark: naive local time of an instant (session time zone UTC)."""


@ibis.udf.scalar.builtin(name="timestamp_micros", signature=((dtypes.int64,), INSTANT))
def _spark_instant(microseconds):  # type: ignore[no-untyped-def]
    """Spark: instant from microseconds since 1970."""


@ibis.udf.scalar.builtin(name="btrim", signature=((dtypes.string, dtypes.string), dtypes.string))
def _spark_trim(text, characters):  # type: ignore[no-untyped-def]
    """Spark: text without the given characters at both ends."""


@ibis.udf.scalar.builtin(name="chr", signature=((dtypes.int64,), dtypes.string))
def _spark_character(code):  # type: ignore[no-untyped-def]
    """Spark: the character of a code point."""


@ibis.udf.agg.builtin(name="bit_or", signature=((dtypes.int64,), dtypes.int64))
def _spark_bits(value):  # type: ignore[no-untyped-def]
    """Spark: bits that are set in any row; Ibis knows it of the other engines only."""


@functools.cache
def constant_offset(zone: str) -> dt.timedelta | None:
    """Return the zone's offset from UTC if it never changes from 1992 to 2037, else None.

    A constant offset is one addition, some eight times faster than the engine's own function.

    Example:
        >>> constant_offset("Asia/Shanghai")
        datetime.timedelta(seconds=28800)
        >>> constant_offset("Europe/London") is None
        True
    """
    info = ZoneInfo(zone)
    first = dt.datetime(1992, 1, 1)
    days = (dt.datetime(2038, 1, 1) - first).days
    offsets = {info.utcoffset(first + dt.timedelta(days=day)) for day in range(0, days, 7)}
    return offsets.pop() if len(offsets) == 1 else None


@dataclasses.dataclass(frozen=True)
class Engine:
    """A connection and its name.

    Attributes:
        name: "duckdb", "spark", or the Ibis name of another backend.
        con: The Ibis backend.
        borrowed: Whether the connection is to somebody's database, where nothing is created.
        files: The files that are read in place, for messages.
    """

    name: str
    con: Any
    borrowed: bool = False
    files: list[Path] = dataclasses.field(default_factory=list, compare=False, repr=False)

    def read_parquet(self, path: Path | str) -> ir.Table:
        """Return a Parquet file or folder as a table, read in place."""
        source = Path(path)
        target = f"{source}/*.parquet" if source.is_dir() and self.name == "duckdb" else str(source)
        self.files.append(source)
        try:
            return self.con.read_parquet(target)
        except Exception as error:  # noqa: BLE001  each engine raises classes of its own
            raise DataError(
                f"is not a readable Parquet file ({first_line(error)}).",
                where=source.name,
                fix="Write it again, or load the export anew with `commlab load`.",
            ) from None

    def read_csv(self, path: Path | str) -> ir.Table:
        """Return a CSV file (UTF-8, header) as a table of text columns, read in place."""
        source = Path(path)
        delimiter, names = sources.header(source)
        self.files.append(source)
        quoting = {"quote": '"', "escape": '"'}
        try:
            if self.name == "duckdb":
                # Nothing is guessed: one broken row would change the guess for all others.
                return self.con.read_csv(
                    str(source), header=True, auto_detect=False, delim=delimiter, **quoting,
                    columns=dict.fromkeys(names, "VARCHAR"),
                )  # fmt: skip
            options = {"multiLine": True, "sep": delimiter, "mode": "FAILFAST", **quoting}
            return self.con.read_csv(str(source), header=True, inferSchema=False, **options)
        except Exception as error:  # noqa: BLE001  each engine raises classes of its own
            found = sources.unreadable(error, [])
            if found is not None:
                raise found from None
            raise DataError(
                f"is not a readable UTF-8 CSV file with a header ({first_line(error)}).",
                where=source.name,
                fix="For other encodings and layouts use `commlab load`.",
            ) from None

    def stripped(self, text: ir.StringValue) -> ir.StringValue:
        """Return text without white space at both ends; blank text is null.

        Ibis's own `strip` writes white space as escapes of which Spark lacks two: it takes the
        letters v and f away as well, and "staff" becomes "sta".
        """
        if self.name != "spark":
            return text.strip().nullif("")
        space = ibis.literal("").concat(*(_spark_character(ord(char)) for char in _SPACE))
        return _spark_trim(text, space).nullif("")

    def instant(self, value: ir.Value) -> ir.TimestampValue:
        """Return a time column of a source as UTC instants in microseconds."""
        if self.name == "spark" and value.type().is_integer():
            return _spark_instant((value // 1000).cast("int64"))
        return value.cast(INSTANT)

    def local(self, instant: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Return the naive local time in `zone` of UTC instants."""
        offset = constant_offset(zone)
        if offset is not None:
            seconds = int(offset.total_seconds())
            if self.name == "duckdb":
                # Fifteen times quicker than the cast, which asks the time zone library each time.
                return _duckdb_timestamp(_duckdb_microseconds(instant) + seconds * 1_000_000)
            naive = instant.cast(LOCAL)
            return naive if not seconds else naive + ibis.interval(seconds=seconds)
        if self.name == "duckdb":
            return _duckdb_local(zone, instant)
        if self.name == "spark":
            return _spark_local(instant, zone)
        raise ArgumentError(
            f"zone == {zone!r} changes its offset, which engine {self.name!r} is not known to do.",
            fix="Load the tables into a workspace with `commlab load`, or use a fixed-offset zone.",
        )

    def bits(self, value: ir.IntegerColumn) -> ir.IntegerScalar:
        """Return the bits that are set in any row of a group."""
        return _spark_bits(value) if self.name == "spark" else value.bit_or()

    def named(self, name: str, expr: ir.Table) -> ir.Table:
        """Return an expression under a name in the engine, so that what builds on it stays small.

        Ibis takes longer to compile a long expression than an engine to run it on small data; a
        view is one node. Engines that hold other people's tables are left as they are.
        """
        if self.name not in ("duckdb", "spark") or self.borrowed:
            return expr
        return self.con.create_view(f"{name}_{next(_NUMBERS)}", expr)

    def store(self, view: ir.Table) -> None:
        """Compute what `named` returned and keep its rows: the view reads them from then on.

        They count towards the memory of the engine, which moves them to disk when it is short.
        """
        if self.name not in ("duckdb", "spark") or self.borrowed:
            return
        name = view.get_name()
        if self.name == "spark":
            self._run(lambda: self.con.raw_sql(f"CACHE LAZY TABLE `{name}`"))
            return
        rows = self._run(lambda: self.con.create_table(f"{name}_rows", view))
        self.con.create_view(name, rows, overwrite=True)

    def batches(self, expr: ir.Table, size: int) -> Iterator[Any]:
        """Run an expression and yield its rows as frames of at most `size`, in no order."""
        for batch in self._run(lambda: expr.to_pyarrow_batches(chunk_size=size)):
            yield batch.to_pandas()

    def execute(self, expr: ir.Expr) -> Any:
        """Run an expression; engine errors come back as `DataError` in one line."""
        return self._run(expr.to_pandas)

    def _run(self, compute: Callable[[], Any]) -> Any:
        try:
            return compute()
        except CommlabError:
            raise
        except Exception as error:
            if not _is_engine_error(error):
                raise
            found = sources.unreadable(error, self.files) if self.name == "duckdb" else None
            if found is not None:
                raise found from error
            raise DataError(
                f"the engine could not compute this: {first_line(error)}",
                fix="Run `commlab check` on the workspace to see which values do not fit.",
            ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its class where it has none."""
    lines = str(error).strip().splitlines()
    # What stands in quotes may be a cell: names and numbers of people stay out of messages.
    return _QUOTED.sub("'…'", lines[0])[:300].rstrip(".") if lines else type(error).__name__


def _is_engine_error(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in ("duckdb", "_duckdb", "pyspark", "py4j")


def connect(engine: str, settings: Settings) -> Engine:
    """Open a connection.

    Args:
        engine: "duckdb", "spark", or an Ibis address such as "postgres://…".
        settings: Memory, threads and spill folder of the embedded engine.

    Raises:
        ArgumentError: The engine is not known.
        WorkspaceError: The connection cannot be made.
    """
    if engine == "duckdb":
        return Engine("duckdb", _connect_duckdb(settings))
    if engine == "spark":
        return Engine("spark", _connect_spark())
    if "://" in engine:
        try:
            con = ibis.connect(engine)
        except Exception as error:  # noqa: BLE001  each driver raises classes of its own
            scheme = engine.split("://")[0]
            raise WorkspaceError(f"cannot connect: {first_line(error)}.", where=scheme) from None
        return Engine(con.name, con, borrowed=True)
    raise ArgumentError(
        f"engine == {engine!r}, must be 'duckdb', 'spark' or an address such as postgres://host/db."
    )


def _connect_duckdb(settings: Settings) -> Any:
    memory = os.environ.get(MEMORY_VARIABLE) or settings.memory_limit
    threads = int(os.environ.get(THREADS_VARIABLE) or settings.threads)
    options: dict[str, Any] = {"preserve_insertion_order": False}
    if memory:
        options["memory_limit"] = memory
    if threads:
        options["threads"] = threads
    # Own folder per process: DuckDB would spill into the current folder and leave it behind.
    spill = tempfile.mkdtemp(prefix="commlab-", dir=settings.temp_directory or None)
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    return ibis.duckdb.connect(":memory:", temp_directory=spill, **options)


def _connect_spark() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ArgumentError(
            "engine == 'spark' needs PySpark.", fix="Install it with: pip install 'commlab[spark]'."
        ) from None
    session = (
        SparkSession.builder.appName("commlab")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        # pandas writes nanoseconds, which Spark refuses unless it reads them as whole numbers.
        .config("spark.sql.legacy.parquet.nanosAsLong", "true")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    if (session.sparkContext.master or "").startswith("local"):
        # The default of 200 is for clusters; a cluster's own setting is left alone.
        session.conf.set("spark.sql.shuffle.partitions", str(os.cpu_count() or 2))
    return ibis.pyspark.connect(session)
