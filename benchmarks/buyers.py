"""A workspace of a million buyers through 04 and 05: seconds, processor and memory of everything.

    commlab simulate --out million --members 1500000 --seed 0 --orders-per-member 2.5 \
        --messages-per-member 8
    python benchmarks/buyers.py --data million [--notebooks 04 05] [--out FOLDER]

Memory is the largest sum over all processes of a run (proportional set sizes, once a second):
what they share counts once.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_STEP = 1.0  # seconds between two looks: stages that matter last longer


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it, as far as they live."""
    children: dict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8")
            except OSError:  # it has ended meanwhile
                continue
            children[int(stat.rpartition(")")[2].split()[1])].append(int(folder.name))
    found, next_ = [], [pid]
    while next_:
        found.append(next_.pop())
        next_ += children[found[-1]]
    return found


def memory(pids: Iterable[int]) -> int:
    """Return the sum of proportional set sizes, bytes."""
    total = 0
    for pid in pids:
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        total += sum(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))
    return total


def run(notebook: str, data: Path, out: Path) -> tuple[float, float, int, int]:
    """Return seconds, processor seconds, peak memory in bytes and exit status of one notebook."""
    command = [sys.executable, "-m", "commlab", "run", notebook, "--data", str(data), "--out",
               str(out), "--name", f"buyers-{notebook}", "--force", "--jobs", "1"]  # fmt: skip
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    peak, process = 0, subprocess.Popen(command, env=env)
    while process.poll() is None:
        peak = max(peak, memory(family(process.pid)))
        time.sleep(_STEP)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used, peak, process.returncode


def main() -> int:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the workspace")
    parser.add_argument("--notebooks", nargs="+", default=["04", "05"], help="e.g. 04 05")
    parser.add_argument("--out", type=Path, help="folder for the reports")
    options = parser.parse_args()
    print("| notebook | seconds | processor s | peak memory, MB | exit |\n| --- |" + " --- |" * 4)
    worst = 0
    with tempfile.TemporaryDirectory(prefix="commlab-benchmark-") as folder:
        for notebook in options.notebooks:
            seconds, used, peak, status = run(notebook, options.data, options.out or Path(folder))
            print(f"| {notebook} | {seconds:.0f} | {used:.0f} | {peak / 2**20:.0f} | {status} |",
                  flush=True)  # fmt: skip
            worst = max(worst, status)
    return worst


if __name__ == "__main__":
    sys.exit(main())
