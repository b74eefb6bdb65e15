"""Results kept world by world, so that a long run can be stopped, split and taken up again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from .harness import Outcome

ROOT = Path(__file__).resolve().parents[2]


def fingerprint() -> str:
    """Return what the results depend on: the code of the kit and of the experiments."""
    digest = hashlib.sha256()
    files = [*(ROOT / "commlab").rglob("*.py"), *Path(__file__).parent.rglob("*.py")]
    for path in sorted(files):
        if not path.name.startswith("test_"):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class Store:
    """One JSON line a world in a file of the experiment; made by other code, they do not count.

    Args:
        folder: Where to keep results; None keeps them in memory.
        name: Name of the experiment.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        self.worlds: dict[int, list[Outcome]] = {}
        self._path = None
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}-{fingerprint()}.jsonl"
        if self._path.is_file():
            lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
            # A line without its end was cut off in the middle: that world is looked at again.
            whole = [line for line in lines if line.endswith("\n")]
            if len(whole) < len(lines):
                self._path.write_text("".join(whole), encoding="utf-8")
            for line in whole:
                seed, outcomes = json.loads(line)
                self.worlds[seed] = [Outcome(*outcome) for outcome in outcomes]

    def add(self, seed: int, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of one world."""
        self.worlds[seed] = list(outcomes)
        if self._path is None:
            return
        line = json.dumps([seed, [dataclasses.astuple(outcome) for outcome in self.worlds[seed]]])
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def missing(self, seeds: Iterable[int]) -> list[int]:
        """Return the seeds that have not been looked at."""
        return [seed for seed in seeds if seed not in self.worlds]
