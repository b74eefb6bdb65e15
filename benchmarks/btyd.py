"""Purchase models against lifetimes, both sides timed in turn, each in a process of its own.

python benchmarks/btyd.py                               10⁴ … 10⁷ customers
python benchmarks/btyd.py --customers 1e6 --repeats 3
python benchmarks/btyd.py --json FILE                   the figures as well

The first answers are held against each other: a log-likelihood lower than that of lifetimes, or
expectations that differ, end the run.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness import peak  # noqa: E402  (the folder is not a package)

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
PEER_MOST = 1_000_000  # lifetimes takes minutes and 10 GB beyond
HORIZON = 39.0
DRAWS, DRAWN = 1_000, 100_000  # predictive draws, of so many customers at most
LAW = {"r": 0.25, "alpha": 4.41, "a": 0.79, "b": 2.43}  # CDNOW's, in weeks
COLUMNS = ["frequency", "recency", "T"]
_HEAD = ("benchmark", "customers", "kit s", "lifetimes s", "times", "CPU times", "kit MB",
         "lifetimes MB")  # fmt: skip


def customers(n: int) -> Path:
    """Return a Parquet file of BG/NBD customers seen for one to two years, times in whole days."""
    folder = Path(os.environ.get("COMMLAB_BENCHMARKS", tempfile.gettempdir()))
    path = folder / f"commlab-btyd-{n}.parquet"
    if path.exists():
        return path
    rng = np.random.default_rng(n)
    rate = np.maximum(rng.gamma(LAW["r"], 1 / LAW["alpha"], n), 1e-12)
    leave = rng.beta(LAW["a"], LAW["b"], n)
    T = rng.integers(52 * 7, 104 * 7 + 1, n) / 7
    x, tx, t = np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.arange(n)
    while len(here):
        t[here] += rng.exponential(size=len(here)) / rate[here]
        here = here[t[here] <= T[here]]
        x[here] += 1
        tx[here] = t[here]
        here = here[rng.random(len(here)) >= leave[here]]
    tx = np.minimum(np.ceil(tx * 7) / 7, T)
    frame = pd.DataFrame({"frequency": x, "recency": tx, "T": T})
    beside = path.with_suffix(".part")
    frame.to_parquet(beside)
    beside.rename(path)
    return path


class Kit:
    """What the kit does."""

    def fit(self, rfm: pd.DataFrame) -> float:
        from commlab.models import BetaGeoModel

        self.model = BetaGeoModel().fit(rfm)
        return float(self.model.log_likelihood_)

    def expected(self, rfm: pd.DataFrame) -> pd.Series:
        self.model.params_[:] = list(LAW.values())
        return self.model.expected_purchases(rfm, HORIZON)

    def draws(self, rfm: pd.DataFrame) -> float:
        return float(self.model.sample_purchases(rfm.head(DRAWN), HORIZON, DRAWS).sum())


class Peer:
    """What lifetimes does."""

    def fit(self, rfm: pd.DataFrame) -> float:
        from lifetimes import BetaGeoFitter

        self.model = BetaGeoFitter().fit(*(rfm[name] for name in COLUMNS))
        # It counts time in units of the longest T and keeps the mean of one customer.
        mean, scale = self.model._negative_log_likelihood_, float(rfm["T"].max())
        return float(-mean * len(rfm) - rfm["frequency"].sum() * np.log(scale))

    def expected(self, rfm: pd.DataFrame) -> pd.Series:
        self.model.params_[:] = list(LAW.values())
        ask = self.model.conditional_expected_number_of_purchases_up_to_time
        return pd.Series(ask(HORIZON, *(rfm[name] for name in COLUMNS)))


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a side says after one repetition."""

    result: Any
    seconds: float
    cpu: float
    peak: int


def _worker(pipe: Connection, side: type, path: Path) -> None:
    warnings.simplefilter("ignore")
    rfm, one = pd.read_parquet(path), side()
    while (what := pipe.recv()) is not None:
        started, used = time.perf_counter(), time.process_time()
        result = getattr(one, what)(rfm)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        pipe.send(Answer(result, seconds, cpu, peak()))


def _agree(what: str, kit: Any, peer: Any) -> None:
    if what == "fit" and kit < peer - 1e-6 * abs(peer):
        raise AssertionError(f"fit: log-likelihood {kit:.4f}, that of lifetimes {peer:.4f}.")
    if what == "expected":
        known = np.isfinite(peer.to_numpy())
        off = float(np.abs(kit.to_numpy()[known] / peer.to_numpy()[known] - 1).max())
        print(f"expected: {(~known).sum():,} of {len(known):,} missing from lifetimes, the others "
              f"differ by {off:.1e} at most.", file=sys.stderr)  # fmt: skip
        if off > 1e-6:
            raise AssertionError(f"expected: the two sides differ by {off:.1e}.")


def compare(n: int, repeats: int) -> list[dict[str, Any]]:
    """Return a row a question: medians of both sides."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:  # what making them takes must not count as anyone's memory
        path = pool.apply(customers, (n,))
    sides: dict[str, type] = {"kit": Kit} | ({"peer": Peer} if n <= PEER_MOST else {})
    pipes, workers = {}, []
    for name, side in sides.items():
        ours, theirs = context.Pipe()
        workers.append(context.Process(target=_worker, args=(theirs, side, path)))
        workers[-1].start()
        pipes[name] = ours

    def ask(name: str, what: str) -> Answer:
        pipes[name].send(what)
        return pipes[name].recv()

    rows = []
    try:
        for what in ("fit", "expected", "draws"):
            asked = [name for name in pipes if what != "draws" or name == "kit"]
            first = {name: ask(name, what) for name in asked}
            if "peer" in asked:
                _agree(what, first["kit"].result, first["peer"].result)
            told: dict[str, list[Answer]] = {name: [] for name in asked}
            for _ in range(repeats):
                for name in asked:
                    told[name].append(ask(name, what))
            rows.append(_row(what, n, told))
    finally:
        for pipe in pipes.values():
            pipe.send(None)
        for worker in workers:
            worker.join(10)
            worker.terminate()
    return rows


def _row(what: str, n: int, told: dict[str, list[Answer]]) -> dict[str, Any]:
    def median(name: str, pick: Callable[[Answer], float]) -> float:
        return statistics.median(map(pick, told[name])) if name in told else float("nan")

    kit, peer = (median(name, lambda one: one.seconds) for name in ("kit", "peer"))
    cpu = median("peer", lambda one: one.cpu) / median("kit", lambda one: one.cpu)
    return {
        "benchmark": f"btyd.{what}", "customers": min(n, DRAWN) if what == "draws" else n,
        "kit_seconds": kit, "peer_seconds": peer, "times": peer / kit, "cpu_times": cpu,
        "kit_mb": max(one.peak for one in told["kit"]) / 2**20,
        "peer_mb": max((one.peak for one in told.get("peer", [])), default=float("nan")) / 2**20,
    }  # fmt: skip


def line(figures: dict[str, Any]) -> str:
    """Return figures as a line of a Markdown table, – where a side was not asked."""
    name, n, *numbers = figures.values()
    digits = (3, 3, 1, 1, 0, 0)
    shown = ["–" if np.isnan(number) else f"{number:.{places}f}"
             for number, places in zip(numbers, digits, strict=True)]  # fmt: skip
    return f"| {' | '.join([name, f'{n:,}', *shown])} |"


def main() -> int:
    """Read the command line, time, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", nargs="+", type=float, default=SIZES, help="e.g. 1e4 1e6")
    parser.add_argument("--repeats", type=int, default=3, help="repetitions of each side")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    print(f"| {' | '.join(_HEAD)} |\n|{' --- |' * len(_HEAD)}", flush=True)
    found = []
    for n in map(int, options.customers):
        for figures in compare(n, options.repeats):
            found.append(figures)
            print(line(figures), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
