"""The newcomers: when they come, by which channel code, and how lively they are."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.clock import Clock
from commlab.simulate.forest import draw_forest, referral_type
from commlab.simulate.streams import stream
from commlab.simulate.world import World

GENDERS = ("female", "male", "unknown")


@dataclasses.dataclass(frozen=True)
class People:
    """The members of one chunk, by joining time; places in the arrays are local numbers.

    Attributes:
        joined: Day of the first contact.
        code: Place of the channel code in `World.codes`.
        type: Place of the channel's kind in `World.channels`.
        adviser: Local number of the adviser.
        liveliness: Standard normal behind activity, purchases and staying.
        gender: Place in `GENDERS`.
        birth_year: Year of birth.
        inviter: Local number of the member who brought the person; -1 for none.
        generation: How many inviters stand one above the other; -1 in a self-referral ring.
        ring: Number of the self-referral ring; -1 for everybody else.
        invited: Day of the invitation on record; NaN for none.
    """

    joined: np.ndarray
    code: np.ndarray
    type: np.ndarray
    adviser: np.ndarray
    liveliness: np.ndarray
    gender: np.ndarray
    birth_year: np.ndarray
    inviter: np.ndarray
    generation: np.ndarray
    ring: np.ndarray
    invited: np.ndarray

    def __len__(self) -> int:
        return self.joined.size

    def value(self, world: World, field: str) -> np.ndarray:
        """Return a parameter of each person's channel."""
        return np.array([getattr(item, field) for item in world.channels], dtype=float)[self.type]


def advisers(world: World, n: int) -> int:
    """Return how many advisers look after `n` newcomers."""
    return max(2, round(n / world.members_per_adviser))


def draw_people(world: World, seed: int, chunk: int, n: int, days: int, clock: Clock) -> People:
    """Draw the members of one chunk.

    Args:
        world: Parameters.
        seed: Seed of the world.
        chunk: Number of the chunk.
        n: How many members.
        days: Length of the world.
        clock: Clock of chat, which newcomers follow within the day.
    """
    rng = stream(seed, "people", chunk)
    forest = draw_forest(world, seed, chunk, n, days, clock)
    of_code = np.array([world.type_index(code) for code in world.codes])
    weights = np.array([code.share for code in world.codes])
    weights = weights * np.array([item.share for item in world.channels])[of_code]
    by_friend = of_code == referral_type(world)
    alone = np.where(by_friend, 0.0, weights)
    code = rng.choice(len(world.codes), size=n, p=alone / alone.sum())
    if by_friend.any():
        friend = np.where(by_friend, weights, 0.0)
        brought = rng.choice(len(world.codes), size=n, p=friend / friend.sum())
        code = np.where(forest.inviter >= 0, brought, code)
    return People(
        joined=forest.joined,
        code=code,
        type=of_code[code],
        adviser=rng.integers(advisers(world, n), size=n),
        liveliness=forest.liveliness,
        gender=rng.choice(3, size=n, p=[0.84, 0.11, 0.05]),
        birth_year=np.clip(np.round(rng.normal(1995, 6.5, n)), 1960, 2006).astype(np.int64),
        inviter=forest.inviter,
        generation=forest.generation,
        ring=forest.ring,
        invited=forest.invited,
    )
