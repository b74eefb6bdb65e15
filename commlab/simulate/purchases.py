"""When people buy and for how much: MBG/NBD in continuous time, Gamma-Gamma spend.

Each buyer's rate is lambda ~ Gamma(r, alpha) a week; after the first order and after every later
one the buyer stops for good with probability p ~ Beta(a, b) (MBG/NBD; Batislam, Denizel &
Filiztekin 2007). Festivals bend time, so closed forms hold in operational weeks.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import special

from commlab.simulate.clock import Clock
from commlab.simulate.people import People
from commlab.simulate.streams import linked_uniform, stream
from commlab.simulate.world import World

WEEK = 7.0


@dataclasses.dataclass(frozen=True)
class Purchases:
    """Purchases of members, by member and time.

    Attributes:
        member: Local number of the buyer.
        at: Day of payment.
        first: True for the first order of a member.
        spend: Gamma-Gamma amount in yuan, at the price paid.
    """

    member: np.ndarray
    at: np.ndarray
    first: np.ndarray
    spend: np.ndarray


def draw_purchases(
    world: World, seed: int, chunk: int, people: People, clock: Clock, days: int
) -> Purchases:
    """Draw all purchases of the members of a chunk that nobody caused.

    The accounts of self-referral rings buy nothing, whatever they drew.
    """
    rng = stream(seed, "first_orders", chunk)
    n = len(people)
    ever = ever_buys(world, seed, chunk, people) & (people.ring < 0)
    wait = rng.exponential(1.0, n) * people.value(world, "first_order_days")
    first = clock.operational(people.joined) + wait
    end = float(clock.operational(float(days)))
    buyer = np.flatnonzero(ever & (first < end))
    repeat_of, repeat_at = _repeat(world, seed, chunk, people, buyer, first[buyer], end)
    member = np.concatenate([buyer, repeat_of])
    at = np.concatenate([first[buyer], repeat_at])
    is_first = np.arange(member.size) < buyer.size
    order = np.lexsort((at, member))
    member, at, is_first = member[order], at[order], is_first[order]
    nu = personal_scale(world, seed, chunk, people)
    spend = stream(seed, "amounts", chunk).gamma(world.spend_p, 1.0, member.size) / nu[member]
    return Purchases(member, clock.calendar(at), is_first, spend)


def ever_buys(world: World, seed: int, chunk: int, people: People) -> np.ndarray:
    """Return who buys at some time, given endless time."""
    return stream(seed, "buyers", chunk).random(len(people)) < people.value(world, "buyer_share")


def personal_scale(world: World, seed: int, chunk: int, people: People) -> np.ndarray:
    """Return the personal nu of the Gamma-Gamma spend model (Fader & Hardie 2013).

    An order's amount is Gamma(p, nu) with nu ~ Gamma(q, gamma); its mean over people is
    p * gamma / (q - 1), the `spend` of the channel.
    """
    gamma = people.value(world, "spend") * (world.spend_q - 1.0) / world.spend_p
    return stream(seed, "spend", chunk).gamma(world.spend_q, 1.0, len(people)) / gamma


def _repeat(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    buyer: np.ndarray,
    first: np.ndarray,
    end: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw repeat purchases in operational days, one round of purchases at a time."""
    rng = stream(seed, "repeat_orders", chunk)
    u = linked_uniform(rng, people.liveliness, world.lively_purchase)
    rate = special.gammaincinv(people.value(world, "r"), u) / people.value(world, "alpha") / WEEK
    p = rng.beta(people.value(world, "a"), people.value(world, "b"))
    alive = rng.random(buyer.size) >= p[buyer]
    who, now = buyer[alive], first[alive]
    members, moments = [], []
    while who.size:
        now = now + rng.exponential(1.0, who.size) / np.maximum(rate[who], 1e-12)
        inside = now < end
        who, now = who[inside], now[inside]
        members.append(who)
        moments.append(now)
        stays = rng.random(who.size) >= p[who]
        who, now = who[stays], now[stays]
    return (
        np.concatenate([*members, np.empty(0, dtype=np.int64)]),
        np.concatenate([*moments, np.empty(0)]),
    )
