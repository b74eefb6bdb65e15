"""Ratios against peers, both sides timed in turn in one run.

python benchmarks/run.py                                every benchmark, 10⁴ … 10⁷ orders
python benchmarks/run.py --rows 1e6 --only retention    those whose name holds a word
python benchmarks/run.py --only whole_report            the sample report against papermill
python benchmarks/run.py --json FILE                    the figures as well
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import statistics
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

TOPICS = (  # a file each
    "retention",
    "revenue",
    "rfm",
    "engagement",
    "stays",
    "health",
    "groups",
    "value",
    "campaign",
)
WHOLE = "whole_report"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_HEAD = (
    "benchmark",
    "orders",
    "kit s",
    "peer s",
    "ratio",
    "CPU ratio",
    "open s",
    "kit MB",
    "peer MB",
)


def benchmarks() -> list[Any]:
    """Return every benchmark of a metric, by topic."""
    return [item for topic in TOPICS for item in importlib.import_module(topic).BENCHMARKS]


def find(name: str) -> Any:
    """Return the benchmark of a name."""
    topic = importlib.import_module(name.split(".")[0])
    return next(item for item in topic.BENCHMARKS if item.name == name)


def row(name: str, size: int, kit: Any, peer: Any) -> dict[str, Any]:
    """Return one line of figures: medians, and the ratio of the kit's to the peer's."""
    return {
        "benchmark": name,
        "orders": size,
        "kit_seconds": kit.median,
        "peer_seconds": peer.median,
        "ratio": kit.median / peer.median,
        "cpu_ratio": statistics.median(kit.cpu) / statistics.median(peer.cpu),
        "open_seconds": kit.opening,
        "kit_mb": kit.peak / 2**20,
        "peer_mb": peer.peak / 2**20,
    }


def line(figures: dict[str, Any]) -> str:
    """Return figures as a line of a Markdown table."""
    name, orders, *numbers = figures.values()
    digits = (2, 2, 2, 2, 2, 0, 0)
    shown = [f"{number:.{places}f}" for number, places in zip(numbers, digits, strict=True)]
    return f"| {' | '.join([name, f'{orders:,}', *shown])} |"


def main() -> int:
    """Read the command line, time, print; 1 when the two sides of a benchmark disagree."""
    import data
    import whole_report
    from harness import KIT, PEER, compare

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", type=float, default=SIZES, help="orders, e.g. 1e4 1e6")
    parser.add_argument("--only", default="", help="benchmarks whose name holds this word")
    parser.add_argument("--repeats", type=int, help="repetitions of each side")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    print(f"| {' | '.join(_HEAD)} |\n|{' --- |' * len(_HEAD)}", flush=True)
    found, wrong = [], []
    for size in map(int, options.rows):
        chosen = [item for item in benchmarks() if options.only in item.name]
        for item in chosen:
            # In a process of its own: making ten million rows must not count as anyone's memory.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                folder = pool.apply(data.workspace, (size,))
            try:
                took = compare(item, folder, options.repeats)
            except AssertionError as error:
                wrong.append(str(error))
                continue
            found.append(row(item.name, size, took[KIT], took[PEER]))
            print(line(found[-1]), flush=True)
    if options.only in WHOLE:
        took = whole_report.compare(options.repeats)
        found.append(row(WHOLE, 0, took["kit"], took["papermill"]))
        print(line(found[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print("\n".join(wrong), file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
