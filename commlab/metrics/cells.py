"""What retention is made of: people at risk and active per segment, cohort, period and chat group.

One query ends in sums; all that follows (masks, design effects, intervals) is numpy on them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.metrics import activity as activities, cohorts, periods
from commlab.metrics.similarity import Similarity, estimate

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_JOINED = -1  # period of the rows that count members instead of activity


@dataclasses.dataclass(frozen=True)
class Cells:
    """Counts of a retention table: rows are segment × cohort, columns are periods or brackets.

    Attributes:
        segments: Segment of each row; all "" without a split.
        cohorts: Number of the period of each row.
        first: First period of each column, counted from the cohort's own.
        last: Last period of each column; the column is over when it is.
        row: Row of each part. Parts are the members of one row that share a chat group; those
            without a group (and everybody, where groups do not matter) are one part.
        cluster: Code of the chat group of each part, -1 for none.
        people: Members of each part.
        active: Active members, shape (parts, columns).
        known: Whether the period is over and was observed, shape (rows, columns).
        status: "ok", "open", "before_data", "after_data", or "" where the period has not begun.
    """

    segments: npt.NDArray[Any]
    cohorts: Ints
    first: Ints
    last: Ints
    row: Ints
    cluster: Ints
    people: Ints
    active: Ints
    known: Bools
    status: npt.NDArray[Any]

    def by_row(self, values: Ints) -> Ints:
        """Return sums over the parts of each row."""
        out = np.zeros((len(self.cohorts), *values.shape[1:]), dtype=np.int64)
        np.add.at(out, self.row, values)
        return out

    def pool(self, known: Bools) -> Pooled:
        """Return sums over the cohorts of each segment, of the cells that `known` chooses."""
        names, segment = np.unique(self.segments.astype(str), return_inverse=True)
        shape = (len(names), len(self.first))
        chosen = known.astype(np.int64)
        rows, people, active, squares = (np.zeros(shape, dtype=np.int64) for _ in range(4))
        np.add.at(rows, segment, chosen)
        part_segment, part_chosen = segment[self.row], chosen[self.row]
        sizes = self.people[:, None] * part_chosen
        np.add.at(people, part_segment, sizes)
        np.add.at(active, part_segment, self.active * part_chosen)
        # Members of one group are alike whatever their cohort: sizes add before squaring.
        lone = self.cluster < 0
        np.add.at(squares, part_segment[lone], sizes[lone])
        groups, place = _pairs(part_segment[~lone], self.cluster[~lone])
        joint = np.zeros((len(groups), shape[1]), dtype=np.int64)
        np.add.at(joint, place, sizes[~lone])
        np.add.at(squares, groups[:, 0], joint**2)
        return Pooled(names.astype(object), rows, people, active, squares)

    def similarity(self) -> Similarity:
        """Return how alike the members of one chat group are, pooled over all known cells.

        Segments are put together: whether members of one group are alike is a fact of the group,
        and small cells could not tell.
        """
        grouped = self.cluster >= 0
        row, known = self.row[grouped], self.known
        born, cohort = np.unique(self.cohorts[row], return_inverse=True)
        names, group = np.unique(self.cluster[grouped], return_inverse=True)
        shape = (len(names), len(born))
        sizes = np.zeros(shape)
        np.add.at(sizes, (group, cohort), self.people[grouped])
        # Whether a cell is over and observed depends on its cohort alone.
        over = np.zeros((len(born), len(self.first)), dtype=bool)
        over[cohort] = known[row]
        active = np.zeros((*shape, len(self.first)))
        np.add.at(active, (group, cohort), self.active[grouped])
        return estimate(sizes, active, over)


@dataclasses.dataclass(frozen=True)
class Pooled:
    """Sums over cohorts; arrays of shape (segments, columns).

    Attributes:
        segments: Segment of each row.
        cohorts: Number of cohorts pooled.
        people: Members at risk.
        active: Active members.
        squares: Σ size² over chat groups, lone members counting 1 each.
    """

    segments: npt.NDArray[Any]
    cohorts: Ints
    people: Ints
    active: Ints
    squares: Ints


def count(
    ds: Dataset,
    *,
    anchor: str,
    cohort: str,
    activity: str,
    kind: str,
    brackets: tuple[tuple[int, int], ...],
    split: str | None,
    horizon: int | None,
) -> Cells:
    """Return the counts of a retention table; the arguments are those of `retention`."""
    week_start = ds.settings.week_start
    clustered = activity in ("any", "message") and split != "group" and ds.has("memberships")
    people = cohorts.members(ds, anchor, split, cluster=clustered)
    people = people.mutate(cohort=periods.number(people.anchor, cohort, week_start))
    # Only the keys that tell rows apart: constants would be hashed for every row.
    keys = [name for name in ("segment", "cohort", "cluster") if name in people.columns]
    active = _active(ds, people, activity, cohort, kind, brackets, horizon).select(*keys, "k")
    joined = people.select(*keys, k=ibis.literal(_JOINED, "int64"))
    rows = ibis.union(joined, active)
    sums = rows.group_by([*keys, "k"]).agg(people=rows.count())
    frame = ds.frame(sums, [*keys, "k"])
    frame = frame.assign(
        segment=frame["segment"] if split else "", cluster=frame["cluster"] if clustered else None
    )
    return _arrange(ds, frame, activity, cohort, kind, brackets, horizon)


def _active(
    ds: Dataset,
    people: ir.Table,
    activity: str,
    unit: str,
    kind: str,
    brackets: tuple[tuple[int, int], ...],
    horizon: int | None,
) -> ir.Table:
    """Return one row per member and column in which the member counts, column number in `k`."""
    if kind == "unbounded":
        # Active in k or later depends on the last activity alone; cumulated in `_arrange`.
        rows = activities.events(ds, activity)
        rows = rows.group_by("member_id").agg(last=rows.at.max())
        rows = rows.mutate(period=periods.number(rows["last"], unit, ds.settings.week_start))
    else:
        rows = activities.by_period(ds, activity, unit)
    rows = rows.inner_join(people, "member_id")
    rows = rows.filter(rows["last"] >= rows.anchor)
    rows = rows.mutate(k=rows.period - rows.cohort)
    if kind == "on" and horizon is not None:
        rows = rows.filter(rows.k <= horizon)
    if kind == "bracket":
        spans = [
            (rows.k.between(low, high), ibis.literal(place, "int64"))
            for place, (low, high) in enumerate(brackets)
        ]
        rows = rows.mutate(k=ibis.cases(*spans)).filter(ibis._.k.notnull())
        rows = rows.drop("period", "last", "anchor").distinct()
    return rows


def _arrange(
    ds: Dataset,
    frame: pd.DataFrame,
    activity: str,
    unit: str,
    kind: str,
    brackets: tuple[tuple[int, int], ...],
    horizon: int | None,
) -> Cells:
    week_start = ds.settings.week_start
    current = periods.number_of(ds.as_of, unit, week_start)
    cluster, _ = pd.factorize(frame["cluster"], sort=True)
    segment, names = pd.factorize(frame["segment"], sort=True)
    born = frame["cohort"].to_numpy(dtype=np.int64)
    row_keys, row = _pairs(segment, born)
    part_keys, part = _pairs(row, cluster)
    when = row_keys[:, 1].astype(np.int64)
    if kind == "bracket":
        first, last = (np.array(edge, dtype=np.int64) for edge in zip(*brackets, strict=True))
    else:
        width = int(current - when.min()) + 1 if len(when) else 0
        whole = np.arange(width, dtype=np.int64)
        first = last = whole
    k = frame["k"].to_numpy(dtype=np.int64)
    number = frame["people"].to_numpy(dtype=np.int64)
    people = np.zeros(len(part_keys), dtype=np.int64)
    active = np.zeros((len(part_keys), len(first)), dtype=np.int64)
    joined = k == _JOINED
    people[part[joined]] = number[joined]
    active[part[~joined], k[~joined]] = number[~joined]
    if kind == "unbounded":
        active = active[:, ::-1].cumsum(axis=1)[:, ::-1]
    if kind != "bracket" and horizon is not None:
        first, last, active = first[: horizon + 1], last[: horizon + 1], active[:, : horizon + 1]
    status = _status(ds, activity, unit, when, first, last)
    return Cells(
        segments=np.asarray(names, dtype=object)[row_keys[:, 0]],
        cohorts=when,
        first=first,
        last=last,
        row=part_keys[:, 0].astype(np.int64),
        cluster=part_keys[:, 1].astype(np.int64),
        people=people,
        active=active,
        known=status == "ok",
        status=status,
    )


def _pairs(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Return the distinct pairs in order, shape (pairs, 2), and the place of each pair in them.

    As `np.unique(axis=0)`, on one whole number a pair: that sorts rows as bytes, ten times slower.
    """
    if not len(first):
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64)
    low = int(second.min())
    width = int(second.max()) - low + 1
    codes, place = np.unique(first * width + (second - low), return_inverse=True)
    return np.column_stack([codes // width, codes % width + low]), place


def _status(
    ds: Dataset, activity: str, unit: str, born: Ints, first: Ints, last: Ints
) -> npt.NDArray[Any]:
    """Return the status of each cell, as far as it depends on the calendar alone."""
    status = np.full((len(born), len(first)), "ok", dtype=object)
    if not status.size:
        return status
    week_start = ds.settings.week_start
    current = periods.number_of(ds.as_of, unit, week_start)
    seen_from, seen_until = activities.covered(ds, activity, unit, int(born.min()))
    begins, ends = born[:, None] + first, born[:, None] + last
    status[ends > periods.last_complete(ds.as_of, unit, week_start)] = "open"
    # What of a bracket is still to come was not missed.
    status[np.minimum(ends, current) > (np.inf if seen_until is None else seen_until)] = (
        "after_data"
    )
    status[begins < (np.inf if seen_from is None else seen_from)] = "before_data"
    status[begins > current] = ""
    return status
