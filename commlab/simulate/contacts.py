"""Friendships between customers and advisers, and their deletion."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.people import People
from commlab.simulate.streams import stream
from commlab.simulate.world import World

WAYS = ("qr_code", "acquisition_link", "group_chat", "card")
HARSH = 6  # every sixth adviser


@dataclasses.dataclass(frozen=True)
class Contacts:
    """Friendships with the adviser in charge.

    Attributes:
        member: Local number of the customer.
        added: Day of the friendship.
        deleted: True day of deletion; beyond the world's end for those that last.
        by_staff: True where the staff deleted.
        way: Place in `WAYS`.
    """

    member: np.ndarray
    added: np.ndarray
    deleted: np.ndarray
    by_staff: np.ndarray
    way: np.ndarray


def adviser_factor(world: World, adviser: np.ndarray) -> np.ndarray:
    """Return the factor of advisers (local numbers) on early deletions."""
    return np.where(np.asarray(adviser) % HARSH == HARSH - 1, world.harsh_adviser, 1.0)


def deletion_shares(world: World, code: np.ndarray, adviser: np.ndarray) -> np.ndarray:
    """Return the probability of deletion within 24 hours, 7 and 30 days, one row a friendship."""
    kinds = np.array(
        [[c.deleted_24h, c.deleted_7d, c.deleted_30d] for c in world.channels], dtype=float
    )
    base = np.array([kinds[world.type_index(item)] for item in world.codes])
    script = np.array([world.script_b if item.script == "B" else 1.0 for item in world.codes])
    factor = script[code] * adviser_factor(world, adviser)
    return np.minimum(base[code] * factor[:, None], 1.0)


def draw_contacts(world: World, seed: int, chunk: int, people: People, days: int) -> Contacts:
    """Draw the friendships of a chunk.

    Within each of the three early windows the moment of deletion is uniform; later deletions
    come at a constant daily rate.
    """
    rng = stream(seed, "contacts", chunk)
    n = len(people)
    adds = rng.random(n) < world.contact_share
    wait = np.where(rng.random(n) < 0.8, rng.exponential(0.004, n), rng.exponential(0.8, n))
    added = people.joined + wait
    shares = deletion_shares(world, people.code, people.adviser)
    u, place = rng.random(n), rng.random(n)
    edges = np.array([0.0, 1.0, 7.0, 30.0])
    window = (u[:, None] >= shares).sum(axis=1)  # 0, 1, 2: early windows; 3: later or never
    early = np.minimum(window, 2)
    life = edges[early] + place * (edges[early + 1] - edges[early])
    later = 30.0 + rng.exponential(1.0, n) / max(world.deletion_later, 1e-12)
    life = np.where(window == 3, later, life)
    by_staff = rng.random(n) < 0.03
    way = rng.choice(4, size=n, p=[0.62, 0.2, 0.13, 0.05])
    kept = adds & (added < days)
    return Contacts(
        member=np.flatnonzero(kept),
        added=added[kept],
        deleted=(added + life)[kept],
        by_staff=by_staff[kept],
        way=way[kept],
    )
