"""Campaigns without a holdout: customers choose for themselves, for reasons seen and unseen."""

from __future__ import annotations

import numpy as np
from scipy import special

from commlab.simulate.assigned import Assigned, window
from commlab.simulate.clock import Clock
from commlab.simulate.designs import Campaign
from commlab.simulate.people import People
from commlab.simulate.purchases import Purchases
from commlab.simulate.streams import named, stream
from commlab.simulate.world import World

LOOK_BACK = 90  # days whose orders pull people into a campaign: they end before the placebo span
MOST_ORDERS = 3  # more orders pull no more


def draw_observational(
    world: World,
    seed: int,
    chunk: int,
    campaign: Campaign,
    people: People,
    purchases: Purchases,
    nu: np.ndarray,
    clock: Clock,
) -> Assigned:
    """Let those who were customers before the placebo window choose.

    Given the orders of 90 days (and the hidden cause, if there is one) taking part is independent
    of everything else: adjusting for them gives the planted effect. Those 90 days end as long
    before the campaign as it lasts, so the orders in between are a placebo outcome: untouched
    by the choice but for a lasting hidden cause. Nobody becomes a customer by a hidden cause, so
    first orders keep their law.
    """
    rng = stream(seed, "designs", chunk, named(campaign.campaign_id))
    day, length = campaign.first_day, campaign.days
    begin = np.full(len(people), np.inf)
    begin[purchases.member[purchases.first]] = purchases.at[purchases.first]
    member = np.flatnonzero(begin < day - length)
    seen = (purchases.at >= day - length - LOOK_BACK) & (purchases.at < day - length)
    orders = np.bincount(purchases.member[seen], minlength=len(people))[member]
    n = member.size
    hidden = (rng.random(n) < campaign.hidden_share) & (campaign.hidden != "")
    odds = special.logit(campaign.take_up) + campaign.pull * np.minimum(orders, MOST_ORDERS)
    propensity = special.expit(odds + campaign.hidden_pull * hidden)
    took = rng.random(n) < propensity
    extra = took & (rng.random(n) < campaign.extra_orders)
    start, end = window(campaign, clock)
    moment = clock.calendar(start + rng.random(n) ** 2 * (end - start))
    bought = clock.calendar(start + rng.random(n) * (end - start))
    spend = rng.gamma(world.spend_p, 1.0, (3, n)) / nu[member]
    others = [_brought(rng, clock, hidden, campaign.hidden_orders, (start, end))]
    if campaign.hidden == "lasting":
        before = clock.operational(float(day - length)), start
        others.append(_brought(rng, clock, hidden, campaign.hidden_orders, before))
    gain, mean_spend = campaign.extra_orders, people.value(world, "spend")[member]
    return Assigned(
        campaign=campaign,
        member=member,
        treated=took,
        at=day - 0.25,
        participated=np.where(took, np.where(extra, np.minimum(moment, bought), moment), np.nan),
        extra_member=member[extra],
        extra_at=bought[extra],
        extra_spend=spend[0, extra],
        effect_orders=gain * n,
        effect_spend=gain * (1.0 - campaign.price_cut) * float(mean_spend.sum()),
        take_up=propensity,
        team=np.full(int(extra.sum()), -1),
        other_member=np.concatenate([member[who] for who, _ in others]),
        other_at=np.concatenate([at for _, at in others]),
        other_spend=np.concatenate([spend[1 + k, who] for k, (who, _) in enumerate(others)]),
    )


def _brought(
    rng: np.random.Generator,
    clock: Clock,
    hidden: np.ndarray,
    share: float,
    span: tuple[np.ndarray | float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Return who orders in a span because of the hidden cause, and when."""
    who = np.flatnonzero(hidden & (rng.random(hidden.size) < share))
    return who, clock.calendar(span[0] + rng.random(who.size) * (span[1] - span[0]))
