"""What is taken without being paid for: samples, draws, coupons; and how hunters go away."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.assigned import Assigned
from commlab.simulate.clock import Clock
from commlab.simulate.people import People
from commlab.simulate.roles import Roles
from commlab.simulate.streams import stream
from commlab.simulate.world import World

TAKEN = ("sampled", "drawn", "redeemed")
_WEIGHTS = (0.3, 0.45, 0.25)  # draws are offered most often
LEAST = 2  # one free thing makes nobody a hunter


@dataclasses.dataclass(frozen=True)
class Takes:
    """Free things taken, by member and time.

    Attributes:
        member: Local number.
        at: Day.
        what: Place in `TAKEN`.
        last: Day of the last one of each member; -inf for who took nothing.
    """

    member: np.ndarray
    at: np.ndarray
    what: np.ndarray
    last: np.ndarray


def draw_takes(
    world: World, seed: int, chunk: int, people: People, roles: Roles, clock: Clock, days: int
) -> Takes:
    """Draw what members take in their first days, beside the sample by which some came."""
    rng = stream(seed, "takes", chunk)
    plan, n = world.freebies, len(people)
    many = LEAST + rng.poisson(plan.takes - LEAST, n)
    keen = stream(seed, "keen", chunk).random(n) < plan.keen
    count = np.where(roles.hunter | keen, many, rng.poisson(plan.ordinary, n))
    member = np.repeat(np.arange(n), count)
    begin = clock.operational(people.joined)[member]
    at = clock.calendar(begin + rng.random(member.size) * plan.take_days)
    what = rng.choice(len(TAKEN), size=member.size, p=_WEIGHTS)
    inside = at < days
    member, at, what = member[inside], at[inside], what[inside]
    order = np.lexsort((at, member))
    member, at, what = member[order], at[order], what[order]
    last = np.full(n, -np.inf)
    np.maximum.at(last, member, at)
    return Takes(member, at, what, last)


def gone(roles: Roles, takes: Takes, member: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return whether a step would come after a hunter has taken all it wanted."""
    return roles.hunter[member] & (at > takes.last[member])


def with_hunters(world: World, people: People, roles: Roles, assigned: Assigned) -> Assigned:
    """Return a campaign as hunters meet it.

    They pay less than others for what it makes them buy (`draw_orders`), which its effect on
    spend has to heed. Of an assigned campaign they take nothing else, so they take part only if
    they buy; who takes part of his own accord is left as drawn, or the effect on those who do
    would be another.
    """
    campaign = assigned.campaign
    theirs = roles.hunter[assigned.member]
    further = max(world.freebies.cut - campaign.price_cut, 0.0)
    spend = people.value(world, "spend")[assigned.member[theirs]].sum()
    effect = assigned.effect_spend - campaign.extra_orders * further * float(spend)
    if campaign.design == "observational":
        return dataclasses.replace(assigned, effect_spend=effect)
    caused = np.zeros(roles.hunter.size, dtype=bool)
    caused[assigned.extra_member] = True
    away = theirs & ~caused[assigned.member]
    return dataclasses.replace(
        assigned,
        effect_spend=effect,
        participated=np.where(away, np.nan, assigned.participated),
        take_up=np.where(theirs, campaign.extra_orders, assigned.take_up),
    )
