"""A campaign assigned by chat group: outcomes shared inside groups, orders in buying teams."""

from __future__ import annotations

import numpy as np
from scipy import special

from commlab.simulate.assigned import SETTLED_DAYS, Assigned, window
from commlab.simulate.clock import Clock
from commlab.simulate.designs import Campaign
from commlab.simulate.groups import Stays
from commlab.simulate.people import People
from commlab.simulate.streams import named, stream
from commlab.simulate.world import World

TEAM_SIZES = (2, 5)  # as the trade's team buying has them (B16)
TEAM_DAYS = 1.0  # a team fills within a day


def draw_clustered(
    world: World,
    seed: int,
    chunk: int,
    campaign: Campaign,
    people: People,
    stays: Stays,
    nu: np.ndarray,
    clock: Clock,
) -> Assigned:
    """Assign groups, half of them to each arm.

    Each group has a probability of its own of a shared order, and one of a caused order:
    Beta with the planted mean and the precision 1 / icc - 1, so that the indicators of two
    members of a group correlate by `icc` exactly.
    """
    rng = stream(seed, "designs", chunk, named(campaign.campaign_id))
    at = campaign.first_day - 0.25
    there = (stays.joined < campaign.first_day - SETTLED_DAYS) & (stays.until > at)
    rows = np.flatnonzero(there)
    rows = rows[np.argsort(stays.member[rows], kind="stable")]
    member, first = np.unique(stays.member[rows], return_index=True)
    group = stays.group[rows[first]]
    clusters, place = np.unique(group, return_inverse=True)
    arms = np.arange(clusters.size) < round(campaign.treated * clusters.size)
    treated = rng.permutation(arms)[place]
    n, start_end = member.size, window(campaign, clock)
    shared = rng.random(n) < _of_group(rng, campaign.shared_orders, campaign.icc, place, clusters)
    own = _of_group(rng, campaign.extra_orders, campaign.icc, place, clusters)
    extra = treated & (rng.random(n) < own)
    when = _moments(rng, clock, start_end, n)
    spend = rng.gamma(world.spend_p, 1.0, (2, n)) / nu[member]
    lift = world.lively_take_up * people.liveliness[member]
    propensity = special.expit(special.logit(campaign.take_up) + lift)
    looks = treated & (rng.random(n) < propensity)
    looked = _moments(rng, clock, start_end, n)
    team, team_at = _teams(rng, clock, start_end, group, np.flatnonzero(extra))
    bought = np.full(n, np.inf)
    bought[extra] = team_at
    takes_part = extra | looks
    mean_spend = float(people.value(world, "spend")[member].sum())
    gain = campaign.extra_orders
    return Assigned(
        campaign=campaign,
        member=member,
        treated=treated,
        at=at,
        participated=np.where(takes_part, np.where(looks, np.minimum(looked, bought), bought),
                              np.nan),
        extra_member=member[extra],
        extra_at=team_at,
        extra_spend=spend[0, extra],
        effect_orders=gain * n,
        effect_spend=gain * (1.0 - campaign.price_cut) * mean_spend,
        take_up=gain + (1.0 - gain) * propensity,
        cluster=group,
        team=team,
        other_member=member[shared],
        other_at=when[shared],
        other_spend=spend[1, shared],
    )  # fmt: skip


def _of_group(
    rng: np.random.Generator, mean: float, icc: float, place: np.ndarray, clusters: np.ndarray
) -> np.ndarray:
    """Return each member's probability: one draw a group."""
    if icc == 0 or mean in (0, 1):
        return np.full(place.size, mean)
    precision = 1.0 / icc - 1.0
    return rng.beta(mean * precision, (1.0 - mean) * precision, clusters.size)[place]


def _moments(
    rng: np.random.Generator, clock: Clock, span: tuple[float, float], n: int
) -> np.ndarray:
    return clock.calendar(span[0] + rng.random(n) * (span[1] - span[0]))


def _teams(
    rng: np.random.Generator,
    clock: Clock,
    span: tuple[float, float],
    group: np.ndarray,
    buyers: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Put the buyers of each group into teams; a rest too small for a team buys alone.

    Returns:
        The team of each buyer (-1: none) and the day of the order.
    """
    team = np.full(buyers.size, -1)
    opens = np.asarray(_moments(rng, clock, span, buyers.size))
    at = opens.copy()
    number = 0
    end = float(clock.calendar(span[1]))
    for one in np.unique(group[buyers]):
        queue = list(rng.permutation(np.flatnonzero(group[buyers] == one)))
        while len(queue) >= TEAM_SIZES[0]:
            size = int(rng.choice([s for s in TEAM_SIZES if s <= len(queue)]))
            mates, queue = queue[:size], queue[size:]
            begin = min(opens[mates[0]], end - TEAM_DAYS)
            team[mates] = number
            at[mates] = begin + TEAM_DAYS * np.concatenate([[0.0], rng.random(size - 1)])
            number += 1
    return team, at
