"""Shares the machine out among kernels that run side by side."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from commlab.config import Settings
from commlab.errors import ArgumentError, StartError

# Of the memory there is, for engines; the rest is for Python's own frames and pictures.
ENGINE_SHARE = 0.6
LEAST_MEMORY = 256 * 2**20  # DuckDB needs some 125 MB a thread to do anything useful
# A notebook and its pages in two languages: 02 takes 7.5 MB on the sample.
SPACE = 8 * 2**20

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip
_CGROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Return the bytes of memory of the machine, or of the container if that is less."""
    found = [4 * 2**30]  # where the system does not say: a small laptop
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for name in _CGROUP_FILES:
        path = Path(name)
        text = path.read_text().strip() if path.is_file() else "max"
        if text.isdigit():
            found.append(int(text))
    return min(found)


def parse_bytes(text: str) -> int:
    """Return the bytes of a size as DuckDB writes it.

    Example:
        >>> parse_bytes("4GB")
        4000000000
    """
    match = re.fullmatch(r"\s*([\d.]+)\s*([a-zA-Z]+)\s*", text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ArgumentError(f"memory_limit == {text!r}, must be a size.", fix="E.g. 4GB.")
    return int(float(match[1]) * unit)


def environment(settings: Settings, jobs: int) -> dict[str, str]:
    """Return the environment of each of `jobs` kernels: its part of memory and cores.

    Args:
        settings: The workspace's settings; its `memory_limit` and `threads` are for all together.
        jobs: Kernels that run side by side.
    """
    from commlab.engine import MEMORY_VARIABLE, THREADS_VARIABLE

    limit = os.environ.get(MEMORY_VARIABLE) or settings.memory_limit
    budget = parse_bytes(limit) if limit else int(memory() * ENGINE_SHARE)
    share = max(budget // jobs, LEAST_MEMORY)
    threads = int(os.environ.get(THREADS_VARIABLE) or settings.threads or cores())
    each = str(max(1, threads // jobs))
    env = {
        MEMORY_VARIABLE: f"{share // 2**20}MiB",
        THREADS_VARIABLE: each,
        "PYTHONHASHSEED": "0",  # the order of sets must not differ from run to run
        "PYTHONUTF8": "1",  # cron's locale must not decide how files are read
    }
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        env[name] = os.environ.get(name, each)
    return env


def check_space(folder: Path, notebooks: int) -> None:
    """Raise when the disk of a folder is too full for the pages of some notebooks.

    Raises:
        StartError: There is less room than they are likely to need.
    """
    free, wanted = shutil.disk_usage(folder).free, notebooks * SPACE
    if free < wanted:
        raise StartError(
            f"has {free / 2**20:.1f} MB left, and this run may need {wanted / 2**20:.0f} MB; "
            "nothing was run.",
            where=str(folder),
            fix="Free some space, or choose another folder with --out.",
        )
