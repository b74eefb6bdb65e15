"""A reader who wants to know what was hidden: linear programming over all that is shown.

Written from what a reader sees, not from the code that hides: cells with bounds, equations, and
the least and greatest value that a cell can have.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
from scipy.optimize import linprog

INFINITE = float("inf")


class Attacker:
    """Unknown counts and what is known of them.

    Args:
        small: The threshold that the report states.
    """

    def __init__(self, small: int) -> None:
        self.small = small
        self.bounds: dict[Hashable, tuple[float, float]] = {}
        self.equations: list[tuple[dict[Hashable, float], float]] = []

    def cell(self, name: Hashable, shown: float | None, mark: str | None) -> None:
        """Note a cell: what it shows, or its mark ("<5" or "" for one that protects another)."""
        if shown is not None:
            low = high = float(shown)
        elif mark:
            low, high = 1.0, self.small - 1.0
        else:
            low, high = float(self.small), INFINITE
        old = self.bounds.get(name, (0.0, INFINITE))
        self.bounds[name] = max(low, old[0]), min(high, old[1])

    def unknown(self, name: Hashable) -> None:
        """Note a count that no table shows."""
        self.bounds.setdefault(name, (0.0, INFINITE))

    def equal(self, factors: Mapping[Hashable, float], total: float = 0.0) -> None:
        """Note that Σ factor · cell is `total`."""
        for name in factors:
            self.unknown(name)
        self.equations.append((dict(factors), float(total)))

    def range(self, name: Hashable) -> tuple[float, float]:
        """Return the least and the greatest value that a cell can have."""
        place = {cell: number for number, cell in enumerate(self.bounds)}
        matrix = np.zeros((len(self.equations), len(place)))
        for row, (factors, _) in enumerate(self.equations):
            for cell, factor in factors.items():
                matrix[row, place[cell]] += factor
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(len(place))
            cost[place[name]] = sign
            found = linprog(
                cost, A_eq=matrix if len(matrix) else None,
                b_eq=[total for _, total in self.equations] if len(matrix) else None,
                bounds=list(self.bounds.values()), method="highs",
            )  # fmt: skip
            if found.status == 3:
                ends.append(INFINITE)
                continue
            assert found.status == 0, f"what is shown contradicts itself: {found.message}"
            ends.append(float(found.x[place[name]]))
        return ends[0], ends[1]
