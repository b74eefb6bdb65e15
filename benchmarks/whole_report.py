"""The sample report cold: `commlab run` against the same notebooks by papermill, one by one.

Both sides are commands of their own, kernels included. papermill executes only; the kit's time
also has the checks before and the pages, tables and index after.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import Timing

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data_samples"


def _spent(commands: list[list[str]]) -> tuple[float, float, int]:
    """Return seconds, processor seconds and peak memory (largest process, bytes) of commands."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in commands:
        subprocess.run(command, check=True, cwd=ROOT, env=env, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    factor = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - started, cpu, after.ru_maxrss * factor


def compare(repeats: int | None) -> dict[str, Timing]:
    """Run both sides in turn and return what each took."""
    told: dict[str, list[tuple[float, float, int]]] = {"kit": [], "papermill": []}
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    for _ in range(repeats or 3):
        with tempfile.TemporaryDirectory(prefix="commlab-benchmark-") as out:
            run = [sys.executable, "-m", "commlab", "run", "--data", str(SAMPLES), "--out", out]
            told["kit"].append(_spent([[*run, "--force"]]))
            told["papermill"].append(
                _spent(
                    [
                        [
                            sys.executable,
                            "-m",
                            "papermill",
                            "--no-progress-bar",
                            str(path),
                            str(Path(out) / path.name),
                            "-p",
                            "data",
                            str(SAMPLES),
                        ]
                        for path in notebooks
                    ]
                )
            )
    return {
        side: Timing(
            seconds=tuple(item[0] for item in spent),
            cpu=tuple(item[1] for item in spent),
            opening=0.0,
            peak=max(item[2] for item in spent),
        )
        for side, spent in told.items()
    }
