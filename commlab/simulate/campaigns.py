"""Campaigns of each design: who was assigned or chose, who took part, and what it truly caused."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import special

from commlab.simulate.assigned import SETTLED_DAYS, Assigned, Extra, window
from commlab.simulate.clock import Clock
from commlab.simulate.designs import Campaign
from commlab.simulate.groups import Stays
from commlab.simulate.people import People
from commlab.simulate.purchases import Purchases, personal_scale
from commlab.simulate.self_selection import draw_observational
from commlab.simulate.streams import stream
from commlab.simulate.team_buying import draw_clustered
from commlab.simulate.world import World

_NOBODY = np.empty(0, dtype=np.int64)


def running(world: World, days: int) -> tuple[Campaign, ...]:
    """Return the campaigns that begin and end within the world."""
    return tuple(c for c in world.campaigns if c.first_day >= 1 and c.first_day + c.days <= days)


def draw_campaigns(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    purchases: Purchases,
    stays: Stays,
    clock: Clock,
    days: int,
) -> list[Assigned]:
    """Draw the campaigns of a chunk, and what they change in its orders."""
    rng = stream(seed, "assignment", chunk)
    money = stream(seed, "campaign_orders", chunk)
    nu = personal_scale(world, seed, chunk, people)
    drawn = []
    for campaign in running(world, days):
        if campaign.design == "randomised":
            item = _randomised(world, campaign, rng, money, people, purchases, nu, clock)
        elif campaign.design == "clustered":
            item = draw_clustered(world, seed, chunk, campaign, people, stays, nu, clock)
        else:
            item = draw_observational(world, seed, chunk, campaign, people, purchases, nu, clock)
        drawn.append(item)
    return drawn


def kept(purchases: Purchases, assigned: list[Assigned]) -> Purchases:
    """Return the purchases without those that a harmful campaign costs."""
    stays = np.ones(purchases.member.size, dtype=bool)
    for item in assigned:
        stays[item.lost] = False
    return Purchases(
        **{
            field.name: getattr(purchases, field.name)[stays]
            for field in dataclasses.fields(Purchases)
        }
    )


def extras(assigned: list[Assigned]) -> list[Extra]:
    """Return the orders that purchases do not hold: caused by campaigns, or beside them."""
    found, teams = [], 0
    for place, item in enumerate(assigned):
        team = np.where(item.team >= 0, item.team + teams, -1)
        teams = max(teams, int(team.max(initial=-1)) + 1)
        found.append(Extra(item.extra_member, item.extra_at, item.extra_spend,
                           place, item.campaign.price_cut, team))  # fmt: skip
        found.append(Extra(item.other_member, item.other_at, item.other_spend))
    return found


def _randomised(
    world: World,
    campaign: Campaign,
    rng: np.random.Generator,
    money: np.random.Generator,
    people: People,
    purchases: Purchases,
    nu: np.ndarray,
    clock: Clock,
) -> Assigned:
    """Assign members by a coin.

    Taking part depends on liveliness, as buying does: participants against others misleads.
    """
    n = len(people)
    dice, urge, moment = rng.random(n), rng.random(n), rng.random(n)
    causes, when = money.random(n), money.random(n)
    spend = money.gamma(world.spend_p, 1.0, n) / nu
    start, end = window(campaign, clock)
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
    gain = campaign.extra_orders
    mean_spend = people.value(world, "spend")[member].sum()
    lost, forgone, forgone_spend = _lost(campaign, money, people, purchases, member, treated)
    return Assigned(
        campaign=campaign,
        member=member,
        treated=treated,
        at=campaign.first_day - 0.25,
        participated=np.where(takes_part, participated, np.nan),
        extra_member=member[extra],
        extra_at=bought[extra],
        extra_spend=spend[member[extra]],
        effect_orders=gain * member.size - forgone,
        effect_spend=gain * (1.0 - campaign.price_cut) * float(mean_spend) - forgone_spend,
        take_up=gain + (1.0 - gain) * propensity,
        team=np.full(int(extra.sum()), -1),
        lost=lost,
    )


def _lost(
    campaign: Campaign,
    money: np.random.Generator,
    people: People,
    purchases: Purchases,
    member: np.ndarray,
    treated: np.ndarray,
) -> tuple[np.ndarray, float, float]:
    """Return the purchases lost to a harmful campaign, and the expected loss if all were treated.

    Only repeat orders are lost: nobody's first order, so no new customer.
    """
    if not campaign.harmful:
        return _NOBODY, 0.0, 0.0
    is_assigned, is_treated = np.zeros((2, len(people)), dtype=bool)
    is_assigned[member], is_treated[member[treated]] = True, True
    first, end = campaign.first_day, campaign.first_day + campaign.days
    inside = (purchases.at >= first) & (purchases.at < end) & ~purchases.first
    at_risk = np.flatnonzero(inside & is_assigned[purchases.member])
    unlucky = money.random(at_risk.size) < campaign.lost_orders
    lost = at_risk[unlucky & is_treated[purchases.member[at_risk]]]
    share = campaign.lost_orders
    return lost, share * at_risk.size, share * float(purchases.spend[at_risk].sum())
