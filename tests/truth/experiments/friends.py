"""Friend loss: its truth is a closed form of the simulator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from commlab import metrics
from commlab.simulate.channels import CHANNEL_TYPES
from commlab.simulate.contacts import deletion_shares

from ..harness import Experiment, Outcome, covers, rejects
from ..worlds import CODES, community, one_kind, steady_world

MEMBERS, ADVISERS = 900, 12  # two of twelve are harsh
STAFF_SHARE = 0.03  # of the deletions; the simulator has it as a number
WORLD = steady_world(members_per_adviser=MEMBERS // ADVISERS, **one_kind(CHANNEL_TYPES[1]))
DAYS = (1, 7, 30)


def truth() -> np.ndarray:
    """Return the true shares by adviser and window."""
    advisers = np.arange(ADVISERS)
    return (1 - STAFF_SHARE) * deletion_shares(WORLD, np.zeros(ADVISERS, dtype=int), advisers)


def look(seeds: Sequence[int], true: np.ndarray) -> list[list[Outcome]]:
    """Look at communities, one after another."""
    return [_look(seed, true) for seed in seeds]


def _look(seed: int, true: np.ndarray) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    with community(WORLD, seed, MEMBERS) as ds:
        own = metrics.friend_loss(ds, "adviser").set_index(["segment", "days"])
        codes = metrics.friend_loss(ds, "channel")
    adviser, code = int(rng.integers(ADVISERS)), CODES[int(rng.integers(len(CODES)))]
    row, found = codes.set_index(["segment", "days"]), []
    for place, days in enumerate(DAYS):
        one = own.loc[f"a{adviser + 1:02d}", days]
        name = f"deleted within {days} days, one adviser"
        found.append(covers(name, true[adviser, place], one["low"], one["high"]))
    for place, days in enumerate(DAYS):
        one = row.loc[code, days]
        name = f"deleted within {days} days, one code of twelve advisers"
        mean = float(true[:, place].mean())
        found.append(covers(name, mean, one["low"], one["high"], rule="at_least"))
    name = "null: one code within 7 days against the rest, p < .05"
    found.append(rejects(name, row.loc[code, 7]["p"], rule="at_most"))
    name = "null: any code in any window flagged"
    found.append(rejects(name, bool(codes["flagged"].any()), rule="at_most"))
    return found


ABOUT = """
Each world is a community of 900 people simulated over thirteen weeks with twelve advisers, two of
whom lose 1.6 times as many friends; the four codes do not differ. The truth is the closed form of
the simulator (`simulate.contacts.deletion_shares`), less the 3 % that the staff delete.
"""
READING = """
The two harsh advisers are the same two in every world, so how many harsh ones there are never
varies; an interval that speaks of advisers in general must allow for it and so covers more. That is
why the codes are judged by "at least".
"""
EXPERIMENTS = (Experiment("friends", "Friend loss", ABOUT, look, truth, READING),)
