"""What a reader knows of the counts of a frame: which are equal, and which add up to what.

Totals count as known even where the frame does not show them, because another table of the page
may: the sum over segments, cohorts or groups, the sum of cohorts by calendar period. So a frame
protects itself whatever stands beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from commlab.layouts import KIN, Layout, identity
from commlab.suppression import SHOWN, Relation, Table

# Labels whose rows part the same people: their counts add up to a total.
AXES = ("segment", "channel", "cohort", "group", "month", "send", "action", "origin", "tag",
        "recency", "frequency")  # fmt: skip
# Counts that hold for all rows of one cohort or segment alike.
_LASTING = ("size", "at_risk", "members", "friends", "n_before", "n_after")
_LIFECYCLE = frozenset({"active", "new", "retained", "resurrected", "activated_late", "dormant",
                        "left", "created_inactive", "members"})  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Problem:
    """A table to suppress, and where its cells stand in the frame.

    Attributes:
        table: Cells and relations.
        places: Count → the cell of each row, −1 where there is none.
        totals: Identity of a total that other tables may show → its cell.
    """

    table: Table
    places: Mapping[str, np.ndarray]
    totals: Mapping[tuple[Any, ...], int]

    def spread(self, states: np.ndarray) -> dict[str, np.ndarray]:
        """Return the state of each row by count."""
        return {
            name: np.where(place >= 0, states[place] if len(states) else SHOWN, SHOWN)
            for name, place in self.places.items()
        }


def build(layout: Layout, small: int) -> Problem:
    """Return cells and relations of a frame."""
    return _Builder(layout, small).problem()


class _Builder:
    def __init__(self, layout: Layout, small: int) -> None:
        self.layout, self.small = layout, small
        self.value: list[float] = []
        self.visible: list[bool] = []
        self.relations: list[Relation] = []
        self.fixed: set[int] = set()
        self.places: dict[str, np.ndarray] = {}
        self.totals: dict[tuple[Any, ...], int] = {}

    def problem(self) -> Problem:
        for name in self.layout.counts:
            self.places[name] = self._cells(name)
        names = set(self.layout.wholes)
        for name in self.layout.wholes:
            self._whole(name)
            self._sums(name)
        if {"cohort", "period"} <= set(self.layout.frame.columns) and "active" in names:
            self._calendar()
        if names >= _LIFECYCLE:
            self._accounts()
        if "kind" in self.layout.frame.columns and "active" in names:
            self._kinds()
        if "cohorts" in self.layout.frame.columns and "at_risk" in names:
            self._steps("at_risk", [name for name in ("segment", "kind") if name in self.columns])
        hidden, shown = self._remember()
        n = len(self.value)
        fixed = np.zeros(n, dtype=bool)
        fixed[list(self.fixed)] = True
        table = Table(np.array(self.value), self.relations, np.array(self.visible, dtype=bool),
                      fixed, hidden, shown)  # fmt: skip
        return Problem(table, self.places, self.totals)

    @property
    def columns(self) -> set[str]:
        return set(self.layout.frame.columns)

    def _add(self, value: float, *, visible: bool = True) -> int:
        self.value.append(value)
        self.visible.append(visible)
        return len(self.value) - 1

    def _relate(self, cells: Any, factors: Any = None) -> None:
        cells = tuple(int(cell) for cell in cells)
        factors = (1.0,) * len(cells) if factors is None else tuple(factors)
        self.relations.append(Relation(cells, factors))

    def _cells(self, name: str) -> np.ndarray:
        """Give every row its cell; rows that hold one and the same count share it."""
        values = self.layout.counts[name]
        size = self.places.get("size")
        if name == "at_risk" and size is not None:
            same = values == self.layout.counts["size"]
            if same[~np.isnan(values)].all():
                return np.where(np.isnan(values), -1, size)
        axes = [axis for axis in AXES if axis in self.columns]
        lasting = name in _LASTING and axes
        group = self.layout.groups(axes) if lasting else np.arange(len(values))
        place = np.full(len(values), -1)
        for number in np.unique(group):
            rows = np.flatnonzero((group == number) & ~np.isnan(values))
            alike = len(set(values[rows])) == 1
            shared = self._add(values[rows[0]]) if alike else -1
            for row in rows:
                place[row] = shared if alike else self._add(values[row])
        return place

    def _whole(self, name: str) -> None:
        whole = self.layout.wholes[name]
        if not whole:
            return
        done = set()
        for part, of in zip(self.places[name], self.places[whole], strict=True):
            if part >= 0 and of >= 0 and part != of and (part, of) not in done:
                done.add((part, of))
                rest = self._add(self.value[of] - self.value[part], visible=False)
                self._relate((of, part, rest), (1, -1, -1))

    def _sums(self, name: str) -> None:
        for axis in AXES:
            if axis in self.columns:
                keys = self.layout.telling(without=axis)
                labels = self.layout.frame[keys].astype(str).to_dict("records")
                self._total(name, self.layout.groups(keys), labels)

    def _total(self, name: str, group: np.ndarray, labels: list[dict[Any, str]]) -> None:
        """Add up the rows of each group; other tables may show the total, under its labels."""
        place = self.places[name]
        for number in np.unique(group):
            rows = np.flatnonzero((group == number) & (place >= 0))
            cells = place[rows].tolist()
            if not cells:
                continue
            total = float(sum(self.value[cell] for cell in cells))
            known = identity(name, labels[rows[0]], total)
            if len(cells) == 1:
                # The total itself; to hide it would be in vain where it is shown alone.
                self.fixed.add(cells[0])
                self.totals.setdefault(known, cells[0])
            elif len(set(cells)) > 1:
                cell = self.totals.setdefault(known, len(self.value))
                if cell == len(self.value):
                    self._add(total)
                    self.fixed.add(cell)
                self._relate((*cells, cell), (*(1.0 for _ in cells), -1.0))

    def _calendar(self) -> None:
        """Add up cohorts by calendar period; keep what headline cards show."""
        frame, place = self.layout.frame, self.places["active"]
        days = frame["cohort"].astype(str)
        starts = sorted(days.unique())
        born = days.map({day: n for n, day in enumerate(starts)}).to_numpy(dtype=int)
        period = frame["period"].to_numpy(dtype=int)
        apart = [name for name in self.layout.telling() if name not in ("cohort", "period")]
        other = self.layout.groups(apart)
        labels = [
            # No table shows periods after the last cohort: a number keeps them apart.
            {"period": starts[month] if month < len(starts) else f"+{month}"}
            | dict(zip(apart, row, strict=True))
            for month, row in zip(
                born + period, frame[apart].astype(str).itertuples(index=False), strict=True
            )
        ]
        self._total("active", (born + period) * (other.max() + 1) + other, labels)
        if "segment" in self.columns:
            return
        self.fixed.update(int(cell) for cell in place[(period == 0) & (place >= 0)])
        for number in np.unique(period):
            known = np.flatnonzero((period == number) & (place >= 0))
            latest = known[np.argsort(born[known])][-2:]
            self.fixed.update(int(cell) for cell in place[latest])

    def _accounts(self) -> None:
        """The accounts of the lifecycle close, within a period and from one to the next."""
        at = self.places
        order = np.argsort(self.layout.frame["period"].to_numpy(), kind="stable")
        before = None
        for row in order:
            parts = [at[name][row] for name in ("new", "retained", "resurrected", "activated_late")]
            if min(parts) >= 0:
                self._relate((*parts, at["active"][row]), (1, 1, 1, 1, -1))
            if before is not None and at["members"][row] >= 0 <= at["members"][before]:
                old, new = at["members"][before], at["members"][row]
                joined = self._add(self.value[new] - self.value[old], visible=False)
                self._relate((new, old, joined), (1, -1, -1))
                if at["new"][row] >= 0:
                    self._relate((at["new"][row], at["created_inactive"][row], joined), (1, 1, -1))
            if before is not None and at["dormant"][row] >= 0 <= at["active"][before]:
                came = (at["active"][before], at["retained"][row], at["dormant"][row],
                        at["left"][row])  # fmt: skip
                self._relate(came, (1, -1, -1, -1))
            before = row
        for name in ("new", "active"):  # the cohort table and the cards show them
            self.fixed.update(int(cell) for cell in at[name] if cell >= 0)

    def _kinds(self) -> None:
        """Active in a period is part of active in it or later."""
        frame, place = self.layout.frame, self.places["active"]
        named = zip(frame["kind"].astype(str), frame["period"], strict=True)
        cells = dict(zip(named, place.tolist(), strict=True))
        for (kind, period), cell in cells.items():
            wider = cells.get(("unbounded", period), -1)
            if kind == "on" and cell >= 0 <= wider:
                later = self._add(self.value[wider] - self.value[cell], visible=False)
                self._relate((wider, cell, later), (1, -1, -1))

    def _steps(self, name: str, apart: list[str]) -> None:
        """What falls out from one period to the next is a group of people too."""
        for one, other in self._neighbours(apart):
            here, then = self.places[name][one], self.places[name][other]
            if here >= 0 <= then and here != then:
                gone = self._add(abs(self.value[here] - self.value[then]), visible=False)
                sign = 1.0 if self.value[here] >= self.value[then] else -1.0
                self._relate((here, then, gone), (sign, -sign, -1.0))

    def _neighbours(self, apart: list[str]) -> Iterator[tuple[int, int]]:
        group = self.layout.groups(apart)
        period = self.layout.frame["period"].to_numpy(dtype=int)
        for number in np.unique(group):
            rows = np.flatnonzero(group == number)
            rows = rows[np.argsort(period[rows], kind="stable")]
            yield from zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True)

    def _remember(self) -> tuple[np.ndarray, np.ndarray]:
        """Take over what the page has hidden and shown of the same counts."""
        hidden = np.zeros(len(self.value), dtype=bool)
        shown = np.zeros(len(self.value), dtype=bool)
        known = list(self.totals.items())
        for name, place in self.places.items() if self.layout.seen else ():
            known += zip(self.layout.identities(name), place.tolist(), strict=True)
            if name in KIN:
                known += zip(self.layout.kin(name), place.tolist(), strict=True)
        for key, cell in known:
            state = self.layout.seen.get(key)
            if cell >= 0 and state is not None:
                (shown if state == SHOWN else hidden)[cell] = True
        return hidden, shown & ~hidden
