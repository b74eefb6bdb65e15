"""Suppression of small cells: which counts of people must be hidden so that none can be worked out.

A table is a set of whole numbers and the linear relations between them that a reader knows: row
and column totals, a whole and its parts. A number of 1 to `small` − 1 people is *small* and is
hidden. Because relations could give it away, further cells are hidden, its *complements*, until
what is shown says no more about a small cell than its mark does: every whole number from 1 to
`small` − 1 stays possible.

Complements are found one small cell at a time by a linear programme: the cheapest change of the
other cells that moves the small cell to the end of its range and keeps every relation (Kelly,
Golden & Assad 1992, "Cell suppression: disclosure protection for sensitive tabular data",
Networks 22; Hundepool et al. 2012, "Statistical Disclosure Control", chapter 4). The cells that
change are hidden. The changed table agrees with everything that is shown, so the protection is
exact, whatever else is hidden later.

Zeros are shown, as is usual for counts (sdcTable's default): nobody is in such a cell, and a
retention table without its zeros could not be read. Zeros are not used as complements, so a reader
knows that a complement is at least `small`; the programme allows for that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

SHOWN, SMALL, COMPLEMENT = 0, 1, 2
_HAIR = 1e-6  # people: far below one, far above the solver's tolerance of 1e-7


@dataclasses.dataclass(frozen=True)
class Relation:
    """A sum that a reader knows: Σ factor · cell is the same as in the true table.

    Attributes:
        cells: Positions of the cells.
        factors: Their factors.
    """

    cells: tuple[int, ...]
    factors: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """Counts of people and what a reader knows of how they hang together.

    Attributes:
        value: The counts, one a cell.
        relations: Sums that are known.
        visible: Cells that the table shows; the others (parts that only a subtraction gives) are
            never shown, and small ones among them are protected too. Default: all.
        fixed: Cells that are shown elsewhere: hidden only where nothing else protects.
        hidden: Cells to hide whatever they hold.
        shown: Cells that are out already: to hide them would protect nothing.
    """

    value: np.ndarray
    relations: Sequence[Relation] = ()
    visible: np.ndarray | None = None
    fixed: np.ndarray | None = None
    hidden: np.ndarray | None = None
    shown: np.ndarray | None = None


def is_small(value: np.ndarray, small: int) -> np.ndarray:
    """Return which counts are of 1 to `small` − 1 people.

    Example:
        >>> is_small(np.array([0, 1, 4, 5]), 5).tolist()
        [False, True, True, False]
    """
    return (value > 0) & (value < small)


def suppress(table: Table, small: int) -> np.ndarray:
    """Return the state of each cell: `SHOWN`, `SMALL` or `COMPLEMENT`.

    Args:
        table: The counts and their relations.
        small: The smallest number of people that may be shown.

    Returns:
        One state a cell. Of a cell marked `SMALL`, what is shown leaves 1 … `small` − 1 possible;
        of a small part that the table does not show, a range of `small` − 2 or wider. Where even
        hiding every cell cannot reach that, every cell that hangs together with it is hidden.

    Example:
        >>> # 100 people in three channels, the total known: one small cell takes another along.
        >>> total = Relation((0, 1, 2), (1, 1, 1))
        >>> suppress(Table(np.array([3, 57, 40]), [total]), small=5).tolist()
        [1, 0, 2]
    """
    return _Search(table, small).run()


class _Search:
    def __init__(self, table: Table, small: int) -> None:
        n = len(table.value)
        self.value = np.asarray(table.value, dtype=float)
        self.small = small
        self.visible = _flags(table.visible, n, default=True)
        self.fixed = _flags(table.fixed, n, default=False)
        self.out = _flags(table.shown, n, default=False)
        self.matrix = _matrix(table.relations, n)
        tiny = is_small(self.value, small)
        forced = _flags(table.hidden, n, default=False) & (self.value >= small)
        self.state = np.where(forced, COMPLEMENT, SHOWN)
        self.state[tiny] = SMALL
        self.state[~self.visible] = SHOWN
        self.tiny = tiny
        # What a solution has shown to be possible for each cell.
        self.least, self.most = self.value.copy(), self.value.copy()
        self.order = np.argsort(self.value, kind="stable")

    def run(self) -> np.ndarray:
        if self.matrix.shape[0] == 0:
            return self.state
        self._sweep()
        for cell in np.flatnonzero(self.tiny & self.visible).tolist():
            reached = [self._reach(cell, end) for end in (1.0, self.small - 1.0)]
            if not all(reached):
                self._hide_around(cell)
        for cell in np.flatnonzero(self.tiny & ~self.visible).tolist():
            self._widen(cell)
        return self.state

    def _sweep(self) -> None:
        """See what is possible already: many cells at once, until a solution shows nothing new."""
        wanted = self.tiny & self.visible
        while True:
            up = wanted & (self.most < self.small - 1)
            down = wanted & (self.least > 1)
            before = int(up.sum() + down.sum())
            if before == 0:
                return
            for goal in (up.astype(float), -down.astype(float)):
                self._solve(goal, candidates=np.zeros(len(goal), dtype=bool))
            still = (wanted & (self.most < self.small - 1)).sum()
            if int(still + (wanted & (self.least > 1)).sum()) >= before:
                return

    def _reach(self, cell: int, target: float) -> bool:
        """Hide complements until a cell could hold `target`; return whether it now can."""
        if self.least[cell] <= target <= self.most[cell]:
            return True
        may = self.visible & ~self.out & (self.state == SHOWN) & (self.value >= self.small)
        for candidates in (may & ~self.fixed, may):
            if self._solve(None, candidates, (cell, target)):
                return True
        return False

    def _widen(self, cell: int) -> None:
        width = self.small - 2.0
        goal = np.zeros(len(self.value))
        nothing = np.zeros(len(self.value), dtype=bool)
        for sign in (1.0, -1.0):
            goal[cell] = sign
            self._solve(goal, nothing)
        if self.most[cell] - self.least[cell] >= width:
            return
        ends = (self.least[cell] + width, max(self.most[cell] - width, 0.0))
        if not any(self._reach(cell, end) for end in ends):
            self._hide_around(cell)

    def _hide_around(self, cell: int) -> None:
        near = self.matrix[:, [cell]].nonzero()[0]
        cells = np.unique(self.matrix[near].nonzero()[1])
        here = cells[self.visible[cells] & ~self.out[cells] & (self.state[cells] == SHOWN)]
        self.state[here[self.value[here] >= self.small]] = COMPLEMENT

    def _bounds(self, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what a reader takes for possible, as changes from the true values."""
        low = np.where(self.visible, self.value, 0.0)
        high = np.where(self.visible, self.value, np.inf)
        marked = self.visible & (self.state == SMALL)
        low[marked], high[marked] = 1.0, self.small - 1.0
        other = candidates | (self.visible & (self.state == COMPLEMENT))
        low[other], high[other] = self.small, np.inf
        return low - self.value, high - self.value

    def _solve(
        self,
        goal: np.ndarray | None,
        candidates: np.ndarray,
        target: tuple[int, float] | None = None,
    ) -> bool:
        """Find a table that agrees with what is shown; keep what it shows to be possible.

        Args:
            goal: What to make as large as possible; None: hide as little as possible.
            candidates: Cells that may be hidden for it.
            target: A cell and the value that it is to have.
        """
        low, high = self._bounds(candidates)
        if target is not None:
            low[target[0]] = high[target[0]] = target[1] - self.value[target[0]]
        free = np.flatnonzero(high > low) if target is None else np.flatnonzero(
            (high > low) | (np.arange(len(low)) == target[0])
        )  # fmt: skip
        priced = np.flatnonzero(candidates)
        matrix = self.matrix[:, free]
        # A candidate's change is up and down apart, so that either has its price.
        matrix = sparse.hstack([matrix, -self.matrix[:, priced]], format="csr")
        lower = np.concatenate([np.where(candidates[free], 0.0, low[free]), np.zeros(len(priced))])
        upper = np.concatenate([high[free], -low[priced]])
        cost = np.zeros(len(lower))
        if goal is not None:
            # Bounded, or a sum over many cells could grow without end.
            upper = np.minimum(upper, self.value.max() + self.small)
            cost[: len(free)] = -goal[free]
        else:
            price = self._price()
            cost[: len(free)] = np.where(candidates[free], price[free], 0.0)
            cost[len(free) :] = price[priced]
        used = np.unique(matrix.nonzero()[0])
        found = linprog(
            cost, A_eq=matrix[used], b_eq=np.zeros(len(used)),
            bounds=np.column_stack([lower, upper]), method="highs",
        )  # fmt: skip
        if found.status != 0:
            return False
        change = np.zeros(len(self.value))
        change[free] = found.x[: len(free)]
        change[priced] -= found.x[len(free) :]
        self.state[candidates & (np.abs(change) > _HAIR)] = COMPLEMENT
        possible = np.where(np.abs(change) > _HAIR, self.value + change, self.value)
        possible = np.where(
            np.abs(possible - np.round(possible)) < _HAIR, np.round(possible), possible
        )
        self.least = np.minimum(self.least, possible)
        self.most = np.maximum(self.most, possible)
        return True

    def _price(self) -> np.ndarray:
        # Many people in a cell: much is lost with it. The place breaks ties the same way always.
        place = np.empty(len(self.value))
        place[self.order] = np.arange(len(self.value))
        return np.log2(self.value + 2.0) + 1e-3 * place / len(place)


def _flags(given: np.ndarray | None, n: int, *, default: bool) -> np.ndarray:
    return np.full(n, default) if given is None else np.asarray(given, dtype=bool)


def _matrix(relations: Sequence[Relation], n: int) -> sparse.csr_matrix:
    rows = [place for place, relation in enumerate(relations) for _ in relation.cells]
    cells = [cell for relation in relations for cell in relation.cells]
    factors = [factor for relation in relations for factor in relation.factors]
    return sparse.csr_matrix((factors, (rows, cells)), shape=(len(relations), n), dtype=float)
