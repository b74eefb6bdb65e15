"""Two sides in two processes, asked in turn: A B A B …, each telling its seconds and peak memory.

A benchmark is a function of a dataset and the SQL that a good author would write for that one
question on the same Parquet files. Both sides start from an opened workspace (the kit's dataset;
a DuckDB connection with one view a file), and a fresh one for every repetition, so that nothing
kept from the last time helps.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

KIT, PEER = "kit", "sql"
# A median needs three; short runs are noisier and cost little.
REPEATS, MORE_REPEATS, SHORT = 3, 9, 0.5
_MB = 2**20
_EPOCH_END = "TIMESTAMPTZ '2026-06-30 16:00:00+00'"  # the local midnight after `data.AS_OF`


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """One question asked of both sides.

    Attributes:
        name: `topic.question`.
        kit: What the kit does: dataset in, frame out.
        sql: The hand-written SQL: connection in, frame out.
        same: Brings the kit's frame into the shape of the other for the comparison.
    """

    name: str
    kit: Callable[[Any], Any]
    sql: Callable[[duckdb.DuckDBPyConnection], pd.DataFrame]
    same: Callable[[Any], pd.DataFrame]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a side says after one repetition: its frame, seconds, and peak memory so far."""

    frame: pd.DataFrame
    opening: float
    seconds: float
    cpu: float
    peak: int


@dataclasses.dataclass(frozen=True)
class Timing:
    """What one side took.

    Attributes:
        seconds: Of each repetition.
        cpu: Processor seconds of each repetition, over all threads.
        opening: Median seconds that opening the workspace took, in none of `seconds`.
        peak: Peak memory of the whole process, bytes.
    """

    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    opening: float
    peak: int

    @property
    def median(self) -> float:
        """Median of the seconds."""
        return statistics.median(self.seconds)


def settings() -> dict[str, Any]:
    """Return DuckDB's settings, the same for both sides."""
    chosen: dict[str, Any] = {"preserve_insertion_order": False}
    if limit := os.environ.get("COMMLAB_MEMORY_LIMIT"):
        chosen["memory_limit"] = limit
    if threads := os.environ.get("COMMLAB_THREADS"):
        chosen["threads"] = int(threads)
    return chosen


def open_sql(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection with one view a Parquet file and three macros for the local calendar.

    The zone's offset is constant, so local time is an addition: DuckDB's `AT TIME ZONE` takes
    several times as long.
    """
    spill = tempfile.mkdtemp(prefix="commlab-benchmark-")
    con = duckdb.connect(config={**settings(), "temp_directory": spill})
    con.execute("SET TimeZone = 'UTC'")
    for path in sorted(folder.glob("*.parquet")):
        con.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{path}')")
    con.execute(f"""
        CREATE MACRO local(t) AS make_timestamp(epoch_us(t) + 28800000000);
        CREATE MACRO month_of(t) AS year(t) * 12 + month(t) - 1;
        CREATE MACRO week_of(t) AS (datediff('day', DATE '1970-01-01', t::DATE) + 3) // 7;
        CREATE MACRO day_of(t) AS datediff('day', DATE '1970-01-01', t::DATE);
        CREATE MACRO known(t) AS t < {_EPOCH_END};
    """)
    return con


def _worker(pipe: Connection, side: str, name: str, folder: Path) -> None:
    from run import find  # the registry imports this module

    warnings.simplefilter("ignore")  # made-up data contradict themselves here and there
    benchmark = find(name)
    while pipe.recv():
        started = time.perf_counter()
        if side == KIT:
            from commlab.dataset import open_dataset

            source: Any = open_dataset(folder)
        else:
            source = open_sql(folder)
        opened, used = time.perf_counter(), time.process_time()
        result = (benchmark.kit if side == KIT else benchmark.sql)(source)
        done, used = time.perf_counter(), time.process_time() - used
        if side == KIT:
            result = benchmark.same(result)
            source.engine.con.disconnect()
        else:
            source.close()
        pipe.send(Answer(result, opened - started, done - opened, used, peak()))


def peak() -> int:
    """Return the peak memory of this process, bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # what `getrusage` says is at least the peak of the parent
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def compare(benchmark: Benchmark, folder: Path, repeats: int | None) -> dict[str, Timing]:
    """Ask both sides in turn and return what each took.

    The first answers are not timed; they are held against each other.

    Raises:
        AssertionError: The two sides answer differently.
    """
    context = multiprocessing.get_context("spawn")
    pipes, workers = {}, []
    for side in (KIT, PEER):
        ours, theirs = context.Pipe()
        worker = context.Process(target=_worker, args=(theirs, side, benchmark.name, folder))
        worker.start()
        theirs.close()
        pipes[side] = ours
        workers.append(worker)

    def ask(side: str) -> Answer:
        pipes[side].send(True)
        return pipes[side].recv()

    try:
        first = {side: ask(side) for side in pipes}
        same_frames(benchmark.name, first[KIT].frame, first[PEER].frame)
        longest = max(answer.seconds for answer in first.values())
        times = repeats or (MORE_REPEATS if longest < SHORT else REPEATS)
        told: dict[str, list[Answer]] = {side: [] for side in pipes}
        for _ in range(times):
            for side in pipes:
                told[side].append(ask(side))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    return {
        side: Timing(
            seconds=tuple(answer.seconds for answer in answers),
            cpu=tuple(answer.cpu for answer in answers),
            opening=statistics.median(answer.opening for answer in answers),
            peak=max(answer.peak for answer in answers),
        )
        for side, answers in told.items()
    }


def same_frames(name: str, kit: pd.DataFrame, sql: pd.DataFrame) -> None:
    """Hold two frames against each other, whatever the order of their rows."""
    keys = list(sql.columns)
    tidy = [
        frame[keys].astype({key: "float64" for key in keys if frame[key].dtype.kind in "iufb"}
                           | {key: "object" for key in keys if frame[key].dtype.kind not in "iufbM"})
        .sort_values(keys).reset_index(drop=True)
        for frame in (kit, sql)
    ]  # fmt: skip
    try:
        pd.testing.assert_frame_equal(*tidy, check_dtype=False, rtol=1e-9, atol=1e-9)
    except AssertionError as error:
        raise AssertionError(f"{name}: the two sides answer differently.\n{error}") from None
