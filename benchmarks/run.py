"""Ratios against peers, both sides timed in turn in one run.

python benchmarks/run.py                                  every benchmark, 10⁴ … 10⁷ orders
python benchmarks/run.py --rows 1e6 --only retention      those whose name holds a word
python benchmarks/run.py --json FILE                      the figures as well
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

TOPICS = ("retention", "revenue", "engagement", "stays", "health")
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


def benchmarks():
    """Return every benchmark, by topic."""
    return [item for topic in TOPICS for item in importlib.import_module(topic).BENCHMARKS]


def find(name: str):
    """Return the benchmark of a name."""
    topic = importlib.import_module(name.split(".")[0])
    return next(item for item in topic.BENCHMARKS if item.name == name)


def main() -> int:
    """Read the command line, time, print."""
    import data
    from harness import KIT, PEER, compare

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", type=float, default=SIZES, help="orders, e.g. 1e4 1e6")
    parser.add_argument("--only", help="benchmarks whose name holds this word")
    parser.add_argument("--repeats", type=int, help="repetitions of each side")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    rows = []
    for size in map(int, options.rows):
        folder = data.workspace(size)
        for item in benchmarks():
            if options.only and options.only not in item.name:
                continue
            try:
                took = compare(item, folder, options.repeats)
            except AssertionError as error:
                print(error)
                continue
            kit, peer = took[KIT], took[PEER]
            row = {
                "benchmark": item.name,
                "orders": size,
                "kit_s": kit.median,
                "sql_s": peer.median,
                "ratio": kit.median / peer.median,
                "cpu_ratio": statistics.median(kit.cpu) / statistics.median(peer.cpu),
                "open_s": kit.opening,
                "kit_mb": kit.peak / 2**20,
                "sql_mb": peer.peak / 2**20,
            }
            rows.append(row)
            print(
                f"{item.name:28} {size:>10,} {kit.median:8.2f} {peer.median:8.2f} {row['ratio']:6.2f} {row['cpu_ratio']:6.2f} {kit.opening:6.2f} {row['kit_mb']:8.0f} {row['sql_mb']:8.0f}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
