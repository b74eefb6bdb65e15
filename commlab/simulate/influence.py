"""Orders that opinion leaders cause, and those of people alike who buy at the same time."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.assigned import Extra
from commlab.simulate.clock import Clock
from commlab.simulate.groups import Stays
from commlab.simulate.people import People
from commlab.simulate.posts import Posts, audience, cluster_moments, present
from commlab.simulate.purchases import personal_scale
from commlab.simulate.roles import Roles
from commlab.simulate.streams import stream
from commlab.simulate.world import World


@dataclasses.dataclass(frozen=True)
class Caused:
    """Orders of one chunk beside the purchases of the buying process.

    Attributes:
        member: Local number of the buyer.
        at: Day of the order.
        spend: Amount in yuan before any price cut.
        by: Local number of the KOC whose post caused it; -1 for orders of clusters.
        posts: Original posts of each member that count as those of a KOC.
        audience: Sum over those posts of the members present.
    """

    member: np.ndarray
    at: np.ndarray
    spend: np.ndarray
    by: np.ndarray
    posts: np.ndarray
    audience: np.ndarray

    @property
    def orders(self) -> Extra:
        """The orders, as the baskets take them."""
        return Extra(self.member, self.at, self.spend)


def draw_caused(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    roles: Roles,
    stays: Stays,
    posts: Posts,
    clock: Clock,
    days: int,
) -> Caused:
    """Draw what posts of KOC add to the orders of those present, and what clusters buy.

    Waits run on the clock of orders, on which a day of a festival is longer: no order comes later
    than `lift_days` after its post.
    """
    rng = stream(seed, "influence", chunk)
    plan, n = world.influence, len(people)
    chosen = np.flatnonzero(roles.koc[posts.member])
    row, stay = audience(stays, posts, chosen)
    writer = posts.member[chosen]
    buys = rng.random(row.size) < plan.lift
    cut = np.expm1(-plan.lift_days / plan.fade_days)
    wait = -plan.fade_days * np.log1p(rng.random(row.size) * cut)
    after = clock.calendar(clock.operational(posts.at[chosen])[row] + wait)
    buys &= after < days
    pairs = _cluster_orders(world, rng, seed, chunk, roles, stays, clock, days)
    member = np.concatenate([stays.member[stay[buys]], pairs[0]])
    scale = personal_scale(world, seed, chunk, people)
    return Caused(
        member=member,
        at=np.concatenate([after[buys], pairs[1]]),
        spend=rng.gamma(world.spend_p, 1.0, member.size) / scale[member],
        by=np.concatenate([writer[row[buys]], np.full(pairs[0].size, -1)]),
        posts=np.bincount(writer, minlength=n),
        audience=np.bincount(writer[row], minlength=n),
    )


def _cluster_orders(
    world: World,
    rng: np.random.Generator,
    seed: int,
    chunk: int,
    roles: Roles,
    stays: Stays,
    clock: Clock,
    days: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw orders evenly before and after the times of a cluster: its hub changes nothing."""
    plan = world.influence
    moments = cluster_moments(world, seed, chunk, roles, days)
    who = np.flatnonzero((roles.cluster >= 0) & ~roles.hub)
    at = moments[roles.cluster[who]]
    stay = roles.stay[who][:, None]
    there = present(stays, stay, at - plan.cluster_spread)
    there &= present(stays, stay, at + plan.cluster_spread)
    row, nth = np.nonzero(there & (rng.random(at.shape) < plan.cluster_orders))
    spread = rng.uniform(-plan.cluster_spread, plan.cluster_spread, row.size)
    return who[row], clock.calendar(clock.operational(at[row, nth]) + spread)
