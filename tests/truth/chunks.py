"""Some worlds in a process of its own: spawned processes cannot see what a `__main__` defines."""

from __future__ import annotations

from .experiments import EXPERIMENTS
from .harness import Outcome, run


def chunk(name: str, part: list[int], prepared: object) -> list[tuple[int, list[Outcome]]]:
    """Look at some worlds."""
    return list(run(EXPERIMENTS[name], part, prepared))
