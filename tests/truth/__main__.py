"""Command line of the truth tables."""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import time
from pathlib import Path

from .chunks import chunk
from .experiments import EXPERIMENTS
from .harness import judge, run
from .store import Store
from .table import markdown


def seeds(text: str) -> range:
    """Read `first:stop`."""
    first, _, stop = text.partition(":")
    try:
        chosen = range(int(first), int(stop))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not first:stop, e.g. 0:100") from None
    if not chosen or chosen[0] < 0:
        raise argparse.ArgumentTypeError(f"{text!r} holds no seed")
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Run an experiment; 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("name", choices=sorted(EXPERIMENTS))
    parser.add_argument("--worlds", type=int, default=1000, help="seeds 0 to this, not with it")
    parser.add_argument("--seeds", type=seeds, help="first:stop, only a part of the worlds")
    parser.add_argument("--keep", type=Path, help="folder for results: what is there is not redone")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--write", type=Path, help="write the table to this Markdown file")
    options = parser.parse_args(arguments)
    if options.worlds < 1 or options.jobs < 1:
        parser.error("--worlds and --jobs are at least 1")
    chosen = options.seeds or range(options.worlds)
    experiment, store = EXPERIMENTS[options.name], Store(options.keep, options.name)
    missing = store.missing(chosen)
    started = time.monotonic()
    if missing:
        prepared = experiment.prepare()
        if options.jobs == 1:
            for seed, outcomes in run(experiment, missing, prepared):
                store.add(seed, outcomes)
        else:
            parts = [missing[place : place + 10] for place in range(0, len(missing), 10)]
            # Forked engines hang on each other's locks: every process starts afresh.
            context = multiprocessing.get_context("spawn")
            with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
                names, shared = [options.name] * len(parts), [prepared] * len(parts)
                for done in pool.map(chunk, names, parts, shared):
                    for seed, outcomes in done:
                        store.add(seed, outcomes)
    rows = judge(store.worlds[seed] for seed in chosen)
    what = f"--seeds {options.seeds[0]}:{options.seeds[-1] + 1}" if options.seeds else (
        f"--worlds {options.worlds}"
    )  # fmt: skip
    command = f"python -m tests.truth {options.name} {what}"
    if options.write:
        command += f" --write {options.write.as_posix()}"
    page = markdown(experiment, rows, chosen, command)
    if options.write:
        options.write.write_text(page, encoding="utf-8")
    print(page)
    seconds = time.monotonic() - started
    print(f"{len(missing)} worlds looked at in {seconds:.0f} s.")
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
