"""Campaigns of each design: what was planted is found, and what misleads does mislead.

Bounds are 4 standard errors. Estimators are written here from the design alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from commlab.simulate.assigned import Assigned
from commlab.simulate.campaign_truth import blank_campaign, campaign_truth, count_campaign
from commlab.simulate.chunk import Chunk, draw_chunk, frame
from commlab.simulate.designs import CAMPAIGNS

from .conftest import DAYS, PLAIN, START

BY_ID = {item.campaign_id: place for place, item in enumerate(CAMPAIGNS)}


def campaign(drawn: Chunk, name: str) -> Assigned:
    (item,) = [c for c in drawn.campaigns if c.campaign.campaign_id == name]
    return item


def orders_between(drawn: Chunk, first: float, end: float) -> np.ndarray:
    """Orders by member in a span of days."""
    orders = drawn.orders
    inside = (orders.member >= 0) & (orders.at >= first) & (orders.at < end)
    return np.bincount(orders.member[inside], minlength=len(drawn.people))


def outcome(drawn: Chunk, item: Assigned, back: int = 0) -> np.ndarray:
    """Orders of those assigned in the campaign's days, or in an equal span before."""
    first = item.campaign.first_day - back * item.campaign.days
    return orders_between(drawn, first, first + item.campaign.days)[item.member]


def truth_of(item: Assigned) -> dict:
    total = blank_campaign()
    count_campaign(total, item)
    return campaign_truth(item.campaign, total)


def test_harmful_campaign_costs_what_was_planted(big: Chunk) -> None:
    item = campaign(big, "c03")
    y, planted = outcome(big, item), truth_of(item)["effect_orders"]
    treated, control = y[item.treated], y[~item.treated]
    error = np.sqrt(treated.var() / treated.size + control.var() / control.size)
    effect = treated.mean() - control.mean()
    assert abs(effect - planted) < 4 * error
    assert effect < -4 * error
    assert planted < 0
    # The loss is the planted share of the repeat orders that would have been.
    lost = item.lost.size
    first, end = item.campaign.first_day, item.campaign.first_day + item.campaign.days
    own = big.purchases
    at_risk = (own.at >= first) & (own.at < end) & ~own.first
    exposed = int((at_risk & np.isin(own.member, item.member[item.treated])).sum())
    share = item.campaign.lost_orders
    assert abs(lost - share * exposed) < 4 * np.sqrt(exposed * share * (1 - share))


def test_clustered_campaign_adds_what_was_planted(big: Chunk) -> None:
    item = campaign(big, "c04")
    y = outcome(big, item)
    _, place = np.unique(item.cluster, return_inverse=True)
    total, size = np.bincount(place, y), np.bincount(place)
    arm = np.bincount(place, item.treated) / size
    assert set(arm) == {0.0, 1.0}  # a group is treated as a whole
    means, variances = [], []
    for chosen in (arm == 1, arm == 0):
        # Ratio of sums over groups, with its delta-method variance between groups.
        mean = total[chosen].sum() / size[chosen].sum()
        rest = total[chosen] - mean * size[chosen]
        means.append(mean)
        variances.append((rest**2).sum() / size[chosen].sum() ** 2)
    effect, error = means[0] - means[1], np.sqrt(sum(variances))
    assert abs(effect - item.campaign.extra_orders) < 4 * error
    assert effect > 4 * error
    assert truth_of(item)["effect_orders"] == pytest.approx(item.campaign.extra_orders)
    # Errors that take persons for units are too small: the outcome is shared inside groups.
    naive = np.sqrt(sum(y[item.treated == s].var() / (item.treated == s).sum() for s in (1, 0)))
    assert error > 1.5 * naive


def test_shared_orders_correlate_inside_groups_as_planted() -> None:
    found = []
    for seed in range(4):
        drawn = draw_chunk(frame(PLAIN, 50 + seed, START, DAYS), 0, 20_000)
        item = campaign(drawn, "c04")
        hit = np.isin(item.member, item.other_member)
        _, place = np.unique(item.cluster, return_inverse=True)
        k, n = np.bincount(place, hit), np.bincount(place)
        p = k.sum() / n.sum()
        between = (n * (k / n - p) ** 2).sum() / (n.size - 1)
        within = (k * (1 - k / n)).sum() / (n.sum() - n.size)
        mean_size = (n.sum() - (n**2).sum() / n.sum()) / (n.size - 1)
        found.append((between - within) / (between + (mean_size - 1) * within))
    found = np.array(found)
    # Four worlds give the standard error themselves; their groups (some 200 each) a floor for it.
    error = max(found.std(ddof=1), 0.2 * np.sqrt(2 / 200)) / 2
    assert abs(found.mean() - 0.20) < 4 * error


def test_buying_teams_have_two_or_five_in_one_group(big: Chunk) -> None:
    item = campaign(big, "c04")
    orders = big.orders
    team, buyer = orders.team[orders.team >= 0], orders.member[orders.team >= 0]
    sizes = np.bincount(team)
    assert set(sizes) == {2, 5}
    facts = truth_of(item)
    assert facts["teams"] == {str(s): int((sizes == s).sum()) for s in (2, 5)}
    group = dict(zip(item.member, item.cluster, strict=True))
    for number in range(sizes.size):
        assert len({group[who] for who in buyer[team == number]}) == 1
    caused = (orders.campaign == BY_ID["c04"]).sum()
    assert caused == facts["orders_caused"] == sizes.sum() + facts["bought_alone"]


def adjusted(drawn: Chunk, item: Assigned, y: np.ndarray) -> tuple[float, float]:
    """Effect on the participants within strata of the orders that the choice followed."""
    before = item.campaign.first_day - item.campaign.days
    stratum = np.minimum(orders_between(drawn, before - 90, before)[item.member], 3)
    took, effect, variance = item.treated, 0.0, 0.0
    for s in range(4):
        ours, others = y[took & (stratum == s)], y[~took & (stratum == s)]
        weight = ours.size / took.sum()
        effect += weight * (ours.mean() - others.mean())
        variance += weight**2 * (ours.var() / ours.size + others.var() / others.size)
    return float(effect), float(np.sqrt(variance))


@pytest.fixture(scope="module")
def crowd() -> Chunk:
    """60,000 members, and nothing but the campaigns that people choose for themselves."""
    chosen = tuple(c for c in CAMPAIGNS if c.design == "observational")
    world = dataclasses.replace(PLAIN, campaigns=chosen)
    return draw_chunk(frame(world, 5, START, DAYS), 0, 60_000)


def test_seen_confounding_is_adjusted_away(crowd: Chunk) -> None:
    item = campaign(crowd, "c05")
    y, true = outcome(crowd, item), item.campaign.extra_orders
    effect, error = adjusted(crowd, item, y)
    assert abs(effect - true) < 4 * error
    assert y[item.treated].mean() - y[~item.treated].mean() - true > 4 * error
    assert truth_of(item)["effect_orders"] == pytest.approx(true)
    fake, fake_error = adjusted(crowd, item, outcome(crowd, item, back=1))
    assert abs(fake) < 4 * fake_error


@pytest.mark.parametrize(("name", "seen"), [("c06", True), ("c07", False)])
def test_hidden_causes_bias_and_only_the_lasting_one_shows(
    crowd: Chunk, name: str, seen: bool
) -> None:
    item = campaign(crowd, name)
    effect, error = adjusted(crowd, item, outcome(crowd, item))
    assert effect - item.campaign.extra_orders > 4 * error
    fake, fake_error = adjusted(crowd, item, outcome(crowd, item, back=1))
    assert (fake > 4 * fake_error) is seen
    assert seen or abs(fake) < 4 * fake_error
    assert truth_of(item)["confounding"]["a_placebo_sees_it"] is seen


@pytest.mark.parametrize("name", ["c06", "c07"])
def test_hidden_causes_can_be_switched_off(name: str) -> None:
    ours = dataclasses.replace(CAMPAIGNS[BY_ID[name]], hidden="")
    world = dataclasses.replace(PLAIN, campaigns=(ours,))
    drawn = draw_chunk(frame(world, 5, START, DAYS), 0, 60_000)
    (item,) = drawn.campaigns
    effect, error = adjusted(drawn, item, outcome(drawn, item))
    assert abs(effect - ours.extra_orders) < 4 * error
    assert item.other_member.size == 0


def test_a_hidden_cause_makes_no_customers(big: Chunk) -> None:
    for name in ("c06", "c07"):
        item = campaign(big, name)
        first = np.full(len(big.people), np.inf)
        first[big.purchases.member[big.purchases.first]] = big.purchases.at[big.purchases.first]
        assert item.other_member.size > 50
        assert (first[item.other_member] < item.other_at).all()


@pytest.mark.parametrize("name", ["c01", "c04"])
def test_complier_effect_is_the_effect_over_the_take_up(big: Chunk, name: str) -> None:
    item = campaign(big, name)
    facts = truth_of(item)
    took = np.isfinite(item.participated)
    assert not took[~item.treated].any()  # nobody in the control arm can take part
    n, share = int(item.treated.sum()), facts["take_up"]
    assert abs(took.sum() - n * share) < 4 * np.sqrt(n * share * (1 - share))
    assert facts["effect_on_compliers"] == pytest.approx(facts["effect_orders"] / share)
    assert truth_of(campaign(big, "c03"))["effect_on_compliers"] is None


def test_switching_one_campaign_off_leaves_the_others(big: Chunk) -> None:
    world = dataclasses.replace(PLAIN, campaigns=tuple(c for c in CAMPAIGNS if c.hidden == ""))
    drawn = draw_chunk(frame(world, 7, START, DAYS), 0, 20_000)
    for name in ("c01", "c04", "c05"):
        ours, theirs = campaign(big, name), campaign(drawn, name)
        assert np.array_equal(ours.treated, theirs.treated)
        assert np.array_equal(ours.extra_at, theirs.extra_at)
    assert {c.campaign.campaign_id for c in drawn.campaigns} == {"c01", "c02", "c03", "c04", "c05"}
