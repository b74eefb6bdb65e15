"""Simulated communities as datasets, and what is true of them.

The truth never comes from the code that is judged. Where a closed form exists it is used; else it
is counted, in plain numpy, in a population of the same law: chunks drawn by the simulator with
other seeds, so large that their own noise is a small part of an interval's width.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from commlab.dataset import Dataset, open_dataset
from commlab.simulate import ChannelCode, ChannelType, World, simulate
from commlab.simulate.behaviour import Freebies, Influence, Referrals
from commlab.simulate.channels import CHANNEL_TYPES
from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.messages import MEMBER
from commlab.simulate.practice import Pushes

MONDAY, MONTHS, DAYS = dt.date(2025, 3, 31), 3, 91  # thirteen whole weeks
WEEKS = DAYS // 7
POPULATION, PART = 200_000, 20_000
ELSEWHERE = 7_000_000  # seeds of populations: no world has them
CODES = ("x01", "x02", "x03", "x04")


def one_kind(kind: ChannelType, codes: tuple[str, ...] = CODES) -> dict[str, object]:
    """Return channels and codes of a world whose people are all of one kind."""
    kind = dataclasses.replace(kind, share=1.0)
    share = 1.0 / len(codes)
    return {
        "channels": (kind,),
        "codes": tuple(ChannelCode(code, kind.name, share) for code in codes),
    }


def steady_world(**changes: object) -> World:
    """Return a world in which every week is like the last: newcomers, shares, no festivals.

    So a rate depends on the period alone, not on the cohort. People come by four codes that do
    not differ; no group dies or is closed, and all is seen from the first day on. Nobody moves
    others to buy, comes for freebies or in a ring, and no push brings orders: those orders are no
    part of the law in which the truth is counted.
    """
    plain: dict[str, object] = {
        "festivals": (),
        "campaigns": (),
        "dead_share": 0.0,
        "closed_share": 0.0,
        "growth": 1.0,
        "first_snapshot": 0,
        "members_per_group": 60,
        "influence": Influence(koc_share=0.0, loud_share=0.0, spender_share=0.0, cluster_share=0.0),
        "freebies": Freebies(shares=()),
        "referrals": Referrals(ring_share=0.0),
        "pushes": Pushes(orders=0.0),
        **one_kind(CHANNEL_TYPES[0]),
    }
    return dataclasses.replace(World(), **(plain | changes))  # type: ignore[arg-type]


@contextlib.contextmanager
def community(
    world: World, seed: int, members: int, *, start: dt.date = MONDAY, months: int = MONTHS
) -> Iterator[Dataset]:
    """Simulate a community and open it, the way a user does."""
    with tempfile.TemporaryDirectory(prefix="commlab-truth-") as folder:
        place = Path(folder) / "workspace"
        simulate(place, members=members, seed=seed, start=start, months=months, world=world)
        yield open_dataset(place)


def population(world: World, size: int = POPULATION, days: int = DAYS) -> Iterator[Chunk]:
    """Draw a population of the same law as a community of this world, chunk by chunk."""
    shared = frame(world, ELSEWHERE, MONDAY, days)
    for number in range(size // PART):
        yield draw_chunk(shared, number, PART)


def writing(chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """Return writer and day of the messages of members that were not withdrawn."""
    said = chunk.messages
    own = (said.source == MEMBER) & ~said.revoked
    return said.writer[own], said.at[own]


def weekly_rates(world: World) -> dict[str, np.ndarray]:
    """Return by activity the share active in week 0, 1, … after the calendar week of joining.

    Every cohort of a steady world has the same rates, so all count for a period that have
    completed it.
    """
    active = {name: np.zeros(WEEKS) for name in ("message", "order")}
    people = np.zeros(WEEKS)
    for chunk in population(world):
        known = chunk.orders.member >= 0
        events = {
            "message": writing(chunk),
            "order": (chunk.orders.member[known], chunk.orders.at[known]),
        }
        born = np.floor(chunk.people.joined / 7).astype(int)
        for name, (who, at) in events.items():
            k = np.floor(at / 7).astype(int) - born[who]
            _, ks = np.unique(np.column_stack([who, k]), axis=0).T
            active[name] += np.bincount(ks, minlength=WEEKS)
        people += np.bincount(born, minlength=WEEKS).cumsum()[::-1]
    return {name: found / people for name, found in active.items()}
