"""The counts behind a retention table, made in numpy instead of in the engine.

Asking the engine takes most of the time of a small world. What is judged here are intervals, so
the one query (`metrics.cells.count`) is replaced by the same counts from the arrays of the
simulator; masks, likeness, intervals and tests are those of the public functions.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np

from commlab.config import Settings
from commlab.metrics import periods
from commlab.metrics.cells import Cells
from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.groups import observe
from commlab.simulate.world import World

from .worlds import CODES, DAYS, MONDAY, WEEKS, writing


def count(world: World, chunk: Chunk, activity: str, split: str | None) -> Cells:
    """Return weekly counts of a community without migration; `split` is None or "channel"."""
    people, stays, n = chunk.people, chunk.stays, len(chunk.people)
    born = np.floor(people.joined / 7).astype(int)
    group = np.full(n, -1)
    if activity == "message":
        seen = observe(world, stays.joined, stays.until, DAYS).seen
        group[stays.member[seen]] = stays.group[seen]
        who, at = writing(chunk)
    else:
        known = chunk.orders.member >= 0
        who, at = chunk.orders.member[known], chunk.orders.at[known]
    active = np.zeros((n, WEEKS), dtype=np.int64)
    active[who, np.floor(at / 7).astype(int) - born[who]] = 1
    segment = people.code if split else np.zeros(n, dtype=int)
    row_keys, row = np.unique(np.column_stack([segment, born]), axis=0, return_inverse=True)
    part_keys, part = np.unique(np.column_stack([row.ravel(), group]), axis=0, return_inverse=True)
    sums = np.zeros((len(part_keys), WEEKS), dtype=np.int64)
    np.add.at(sums, part.ravel(), active)
    weeks = np.arange(WEEKS)
    known = row_keys[:, 1][:, None] + weeks < WEEKS
    names = np.array(CODES if split else [""], dtype=object)
    return Cells(
        segments=names[row_keys[:, 0]],
        cohorts=row_keys[:, 1] + periods.number_of(MONDAY, "week"),
        first=weeks,
        last=weeks,
        row=part_keys[:, 0],
        cluster=part_keys[:, 1],
        people=np.bincount(part.ravel()).astype(np.int64),
        active=sums,
        known=known,
        status=np.where(known, "ok", "").astype(object),
    )


@contextlib.contextmanager
def counted(world: World, seed: int, members: int) -> Iterator[Any]:
    """Stand in for the dataset of a community: `metrics` functions of retention take it."""
    chunk = draw_chunk(frame(world, seed, MONDAY, DAYS), 0, members)

    def counts(
        _: object, *, activity: str, split: str | None, horizon: int | None, **__: Any
    ) -> Cells:
        made = count(world, chunk, activity, split)
        return made if horizon is None else _until(made, horizon)

    with mock.patch("commlab.metrics.cells.count", counts):
        yield types.SimpleNamespace(settings=Settings())


def _until(cells: Cells, horizon: int) -> Cells:
    keep = slice(0, horizon + 1)
    return Cells(
        segments=cells.segments, cohorts=cells.cohorts, first=cells.first[keep],
        last=cells.last[keep], row=cells.row, cluster=cells.cluster, people=cells.people,
        active=cells.active[:, keep], known=cells.known[:, keep], status=cells.status[:, keep],
    )  # fmt: skip
