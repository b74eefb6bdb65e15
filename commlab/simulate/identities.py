"""Identifiers of members as keyed hashes: most persons have several, a few are there twice."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.people import People
from commlab.simulate.streams import stream
from commlab.simulate.world import World

KINDS = ("external_userid", "unionid", "phone", "shop_nickname")
EXTERNAL, UNION, PHONE, NICKNAME = range(4)
RING_PHONES = 2  # a ring shares so few phones


@dataclasses.dataclass(frozen=True)
class Identities:
    """Identifiers of one chunk, by member.

    Attributes:
        member: Local number.
        kind: Place in `KINDS`.
        value: Eight random bytes that stand for the hash; equal ones are one identifier.
        twice: Pairs of local numbers that are one person, the elder first.
    """

    member: np.ndarray
    kind: np.ndarray
    value: np.ndarray
    twice: np.ndarray


def draw_identities(world: World, seed: int, chunk: int, people: People) -> Identities:
    """Draw the identifiers of a chunk; rings share phones, and so do the two ids of a person."""
    rng = stream(seed, "identities", chunk)
    plan, n = world.identifiers, len(people)
    value = rng.integers(2**64, size=(n, len(KINDS)), dtype=np.uint64)
    has = rng.random((n, len(KINDS))) < [1.0, plan.unionid, plan.phone, plan.shop_nickname]
    twice = _twice(rng, people, min(int(n * plan.twice + rng.random()), n // 4))
    value[twice[:, 1], PHONE] = value[twice[:, 0], PHONE]
    has[twice.ravel(), PHONE] = True
    ring = np.flatnonzero(people.ring >= 0)
    slot = people.ring[ring] * RING_PHONES + rng.integers(RING_PHONES, size=ring.size)
    _, first, which = np.unique(slot, return_index=True, return_inverse=True)
    value[ring, PHONE] = value[ring[first[which]], PHONE]
    has[ring, PHONE] = True
    member, kind = np.nonzero(has)
    return Identities(member, kind, value[member, kind], twice)


def _twice(rng: np.random.Generator, people: People, count: int) -> np.ndarray:
    """Choose pairs of members, outside rings, none of whom is in two pairs."""
    free = rng.permutation(np.flatnonzero(people.ring < 0))[: 2 * count]
    return np.sort(free[: free.size // 2 * 2].reshape(-1, 2), axis=1)
