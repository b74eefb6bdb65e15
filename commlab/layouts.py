"""The counts of a frame and what makes one of them the same count in another table of the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

# Labels that do not part: they name, order or describe the row.
_PLAIN = frozenset({"status", "repurchase_status", "label", "last", "dimension", "hidden",
                    "from_day", "until", "cohorts", "first", "days_before_as_of"})  # fmt: skip
# Those who buy are active, and nobody else is where orders are what counts as activity: of the same
# cohort and period either tells the other, so they are hidden together.
KIN = frozenset({"active", "buyers"})


@dataclasses.dataclass(frozen=True)
class Layout:
    """The counts of a frame.

    Attributes:
        frame: The frame, rows numbered from 0.
        counts: Counts by name, NaN where there is none.
        wholes: Count → the count that it is part of, or ""; only these take part in relations.
        labels: Columns that are labels.
        seen: What the page has shown of counts so far, by `identities`.
    """

    frame: pd.DataFrame
    counts: Mapping[str, np.ndarray]
    wholes: Mapping[str, str]
    labels: list[str]
    seen: Mapping[tuple[Any, ...], int]

    def telling(self, *, without: str = "") -> list[str]:
        """Return the labels that tell rows apart."""
        return [name for name in self.labels if name not in _PLAIN and name != without]

    def groups(self, keys: list[str]) -> np.ndarray:
        """Return the number of each row's group: rows with equal labels are in one."""
        if not keys:
            return np.zeros(len(self.frame), dtype=int)
        return self.frame.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()

    def identities(self, name: str) -> list[tuple[Any, ...]]:
        """Return what makes the count of each row the same count in another table."""
        keys = self.telling()
        rows = self.frame[keys].astype(str).itertuples(index=False, name=None)
        held = self.counts[name]
        return [
            identity(name, dict(zip(keys, row, strict=True)), n)
            for row, n in zip(rows, held, strict=True)
        ]

    def kin(self, name: str) -> list[tuple[Any, ...]]:
        """Return what ties the count of each row, one of `KIN`, to the others."""
        return [("kin", labels) for _, labels, _ in self.identities(name)]


def identity(name: str, labels: Mapping[str, str], count: float) -> tuple[Any, ...]:
    """Return what makes a count the same count in another table: its name, labels and value."""
    # "on" is what retention counts anyway, and "all" is no segment.
    plain = {("kind", "on"), ("segment", "all")}
    told = tuple(sorted((key, label) for key, label in labels.items() if (key, label) not in plain))
    return name, told, -1.0 if np.isnan(count) else float(count)
