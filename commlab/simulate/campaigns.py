"""Randomised campaigns: who was assigned, who took part, and the orders they really caused."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import special

from commlab.simulate.clock import Clock
from commlab.simulate.people import People
from commlab.simulate.purchases import personal_scale
from commlab.simulate.streams import stream
from commlab.simulate.world import Campaign, World

ARMS = ("control", "treated")
SETTLED_DAYS = 30  # newcomers of the last month are left out of a campaign


@dataclasses.dataclass(frozen=True)
class Assigned:
    """One campaign in one chunk.

    Attributes:
        campaign: The campaign.
        member: Local numbers of those assigned.
        treated: True in the arm `treated`.
        at: Day of the assignment.
        participated: Day of taking part; NaN for those who did not.
        extra_member: Members who place an order because of the campaign.
        extra_at: Day of that order.
        extra_spend: Its amount in yuan before the price cut.
    """

    campaign: Campaign
    member: np.ndarray
    treated: np.ndarray
    at: float
    participated: np.ndarray
    extra_member: np.ndarray
    extra_at: np.ndarray
    extra_spend: np.ndarray


def running(world: World, days: int) -> tuple[Campaign, ...]:
    """Return the campaigns that begin and end within the world."""
    return tuple(c for c in world.campaigns if c.first_day >= 1 and c.first_day + c.days <= days)


def draw_campaigns(
    world: World, seed: int, chunk: int, people: People, clock: Clock, days: int
) -> list[Assigned]:
    """Assign members at random, and draw what the campaign adds to their orders.

    Taking part depends on liveliness, as buying does: participants against others misleads.
    """
    rng = stream(seed, "assignment", chunk)
    money = stream(seed, "campaign_orders", chunk)
    nu = personal_scale(world, seed, chunk, people)
    n = len(people)
    drawn = []
    for campaign in running(world, days):
        dice, urge, moment = rng.random(n), rng.random(n), rng.random(n)
        causes, when = money.random(n), money.random(n)
        spend = money.gamma(world.spend_p, 1.0, n) / nu
        start, end = clock.operational(
            np.array([campaign.first_day, campaign.first_day + campaign.days], dtype=float)
        )
        member = np.flatnonzero(people.joined < campaign.first_day - SETTLED_DAYS)
        treated = dice[member] < campaign.treated
        extra = treated & (causes[member] < campaign.extra_orders)
        bought = clock.calendar(start + when[member] * (end - start))
        # The first clicks come early in the window.
        looked = clock.calendar(start + moment[member] ** 2 * (end - start))
        lift = world.lively_take_up * people.liveliness[member]
        lively = special.expit(special.logit(campaign.take_up) + lift)
        tenure = campaign.first_day - people.joined[member]
        propensity = lively * np.exp(-tenure / world.take_up_days)
        takes_part = treated & (extra | (urge[member] < propensity))
        participated = np.where(extra, np.minimum(bought, looked), looked)
        drawn.append(
            Assigned(
                campaign=campaign,
                member=member,
                treated=treated,
                at=campaign.first_day - 0.25,
                participated=np.where(takes_part, participated, np.nan),
                extra_member=member[extra],
                extra_at=bought[extra],
                extra_spend=spend[member[extra]],
            )
        )
    return drawn
