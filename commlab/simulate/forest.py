"""Who was brought by whom: a branching process with known K, and self-referral rings.

A member of generation g brings Poisson(K_g * f) others, f a Gamma factor of mean 1 of its own, and
each comes after an exponential wait cut at the length of the cycle. So the expected number of
invitees within a cycle of joining is K_g exactly, for all whose cycle is over at the end.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from commlab.simulate.clock import Clock
from commlab.simulate.streams import linked_uniform, stream

if TYPE_CHECKING:
    from commlab.simulate.world import World


@dataclasses.dataclass(frozen=True)
class Forest:
    """The newcomers of one chunk by joining time.

    Attributes:
        joined: Day of joining.
        liveliness: Standard normal.
        inviter: Local number of who invited; -1 for who came alone.
        generation: 0 for who came alone, one more than the inviter's else; -1 in rings.
        ring: Number of the self-referral ring; -1 for everybody else.
        invited: Day of the invitation on record: that of joining, but for the first account of a
            ring, which the last one "invites" later; NaN for who came alone.
    """

    joined: np.ndarray
    liveliness: np.ndarray
    inviter: np.ndarray
    generation: np.ndarray
    ring: np.ndarray
    invited: np.ndarray


def referral_type(world: World) -> int:
    """Return the place of the channel of invited people; -1 where nobody can be invited."""
    names = [item.name for item in world.channels]
    if world.referrals.channel not in names:
        return -1
    place = names.index(world.referrals.channel)
    return place if world.channels[place].share < 1 else -1


def mean_delay(world: World) -> float:
    """Return the expected wait between a member's joining and an invitee's."""
    scale, cut = world.referrals.delay_days, world.referrals.cycle_days
    return float(scale - cut / np.expm1(cut / scale))


def draw_forest(world: World, seed: int, chunk: int, n: int, days: int, clock: Clock) -> Forest:
    """Draw `n` newcomers: trees in random order until there are enough, and the rings.

    The last tree is cut short by its latest members; a stopping rule leaves the mean of K alone.
    """
    rng = stream(seed, "referrals", chunk)
    end = float(clock.operational(float(days)))
    invites = referral_type(world) >= 0
    rings = _rings(world, rng, n, end) if invites else 0
    size = world.referrals.ring_size
    trees = _trees(world, rng, n - rings * size, end, invites)
    first = n - rings * size + np.arange(rings * size) // size * size
    place = np.arange(rings * size) % size
    start = np.repeat(rng.random(rings) * (end - 2.0), size)
    spread = np.sort(rng.random((rings, size)), axis=1).ravel()
    burst = start + spread * world.referrals.ring_hours / 24.0
    before = first + (place - 1) % size  # the last account invites the first: a circle
    late = burst.reshape(rings, size)[:, -1:].repeat(size, axis=1).ravel() + 0.02
    joined = np.concatenate([trees.joined, burst])
    invited = np.concatenate([np.where(trees.inviter >= 0, trees.joined, np.nan),
                              np.where(place == 0, late, burst)])  # fmt: skip
    inviter = np.concatenate([trees.inviter, before])
    order = np.argsort(joined, kind="stable")
    at_place = np.empty(n, dtype=np.int64)
    at_place[order] = np.arange(n)
    return Forest(
        joined=clock.calendar(joined[order]),
        liveliness=np.concatenate([trees.liveliness, rng.standard_normal(rings * size)])[order],
        inviter=np.where(inviter >= 0, at_place[inviter], -1)[order],
        generation=np.concatenate([trees.generation, np.full(rings * size, -1)])[order],
        ring=np.concatenate([np.full(trees.joined.size, -1), np.repeat(np.arange(rings), size)])[
            order
        ],
        invited=clock.calendar(invited[order]),
    )


@dataclasses.dataclass(frozen=True)
class _Trees:
    joined: np.ndarray  # operational days
    liveliness: np.ndarray
    inviter: np.ndarray
    generation: np.ndarray


def _rings(world: World, rng: np.random.Generator, n: int, end: float) -> int:
    plan = world.referrals
    rings = int(n * plan.ring_share / plan.ring_size + rng.random())
    return min(rings, n // (2 * plan.ring_size)) if end > 3.0 else 0


def _trees(world: World, rng: np.random.Generator, n: int, end: float, invites: bool) -> _Trees:
    growth = world.growth
    share = rng.random(n)
    if growth != 1:  # inverse of a density that rises in a line from 1 to `growth`
        share = (np.sqrt(1 + share * (growth**2 - 1)) - 1) / (growth - 1)
    joined, lively = [share * end], [rng.standard_normal(n)]
    tree, inviter = [np.arange(n)], [np.full(n, -1)]
    offset = 0
    while invites and joined[-1].size:
        children, parent = _next(world, rng, joined[-1], lively[-1], len(joined) - 1, end)
        inviter.append(parent + offset)
        tree.append(tree[-1][parent])
        offset += joined[-1].size
        joined.append(children)
        lively.append(rng.standard_normal(children.size))
    generation = np.repeat(np.arange(len(joined)), [item.size for item in joined])
    whole = _Trees(np.concatenate(joined), np.concatenate(lively), np.concatenate(inviter),
                   generation)  # fmt: skip
    return _first(whole, np.concatenate(tree), n)


def _next(
    world: World,
    rng: np.random.Generator,
    joined: np.ndarray,
    lively: np.ndarray,
    generation: int,
    end: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the next generation: joining times and the places of the inviters in this one."""
    plan = world.referrals
    k = plan.invitees[min(generation, len(plan.invitees) - 1)]
    own = special.gammaincinv(plan.shape, linked_uniform(rng, lively, plan.lively)) / plan.shape
    parent = np.repeat(np.arange(joined.size), rng.poisson(k * own))
    cut = np.expm1(-plan.cycle_days / plan.delay_days)
    wait = -plan.delay_days * np.log1p(rng.random(parent.size) * cut)
    children = joined[parent] + wait
    inside = children < end
    return children[inside], parent[inside]


def _first(whole: _Trees, tree: np.ndarray, n: int) -> _Trees:
    """Return the first `n` people, tree by tree; of the last tree those who came first."""
    order = np.lexsort((whole.joined, tree))[:n]
    at_place = np.full(tree.size, -1)
    at_place[order] = np.arange(order.size)
    inviter = whole.inviter[order]
    return _Trees(
        joined=whole.joined[order],
        liveliness=whole.liveliness[order],
        inviter=np.where(inviter >= 0, at_place[inviter], -1),
        generation=whole.generation[order],
    )
