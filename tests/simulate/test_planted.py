"""What was planted is there: drawn chunks against closed forms, within sampling noise.

Bounds are 4 standard errors (two in 30,000) where one figure is tested, and chi-square at 99.9 %
where there is one for each channel or code.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from scipy import stats

from commlab.simulate.chunk import Chunk, Frame, draw_chunk, frame
from commlab.simulate.closed_forms import (
    expected_repeat_purchases,
    membership_survival,
    message_share,
    second_order_share,
)
from commlab.simulate.contacts import deletion_shares
from commlab.simulate.messages import MEMBER
from commlab.simulate.world import World

from .conftest import DAYS, PLAIN, START, z_of_share

KINDS = range(len(PLAIN.channels))


def chi_bound(figures: int) -> float:
    return float(stats.chi2.ppf(0.999, figures))


@pytest.mark.parametrize("weeks", [1, 4, 13, 26])
def test_membership_survival_by_channel(big: Chunk, weeks: int) -> None:
    stays, kind = big.stays, big.people.type[big.stays.member]
    scores = []
    for number in KINDS:
        # Those who could be followed so long: the world and their group lasted.
        closing = np.minimum(big.groups.closed[stays.group], DAYS) - 3
        followed = (kind == number) & ~stays.migrated_in & (stays.joined + 7 * weeks < closing)
        there = (stays.until >= stays.joined + 7 * weeks)[followed]
        share = membership_survival(PLAIN.channels[number], np.array([weeks]))[0]
        scores.append(z_of_share(there.sum(), there.size, share))
    assert np.sum(np.square(scores)) < chi_bound(len(KINDS))


@pytest.mark.parametrize("weeks", [4, 13, 26])
def test_repeat_purchases_by_channel(big: Chunk, weeks: int) -> None:
    bought = big.purchases
    first = bought.first
    begin = np.full(len(big.people), np.nan)
    begin[bought.member[first]] = bought.at[first]
    # Whole days have their length on the clock of orders, so 7 k days are 7 k operational days.
    inside = ~first & (bought.at <= begin[bought.member] + 7 * weeks)
    count = np.bincount(bought.member[inside], minlength=len(big.people))
    scores, second = [], []
    for number in KINDS:
        buyers = (big.people.type == number) & (begin + 7 * weeks < DAYS)
        x = count[buyers]
        kind = PLAIN.channels[number]
        mean = expected_repeat_purchases(kind, np.array([weeks]))[0]
        scores.append((x.mean() - mean) / (x.std() / np.sqrt(x.size)))
        share = second_order_share(kind, np.array([weeks]))[0]
        second.append(z_of_share((x > 0).sum(), x.size, share))
    assert np.sum(np.square(scores)) < chi_bound(len(KINDS))
    assert np.sum(np.square(second)) < chi_bound(len(KINDS))


def test_festivals_multiply_the_orders() -> None:
    world = dataclasses.replace(World(), campaigns=())
    drawn = draw_chunk(frame(world, 3, START, DAYS), 0, 20_000)
    day = np.floor(drawn.purchases.at)
    first = (dt.date(2025, 11, 1) - START).days
    # The eleven days against as many on both sides, whose mean the trend leaves alone.
    inside = ((day >= first) & (day < first + 11)).sum()
    around = ((day >= first - 11) & (day < first)).sum() + (
        (day >= first + 11) & (day < first + 22)
    ).sum()
    ratio, error = 2 * inside / around, np.sqrt(1 / inside + 1 / around)
    assert abs(np.log(ratio / 1.8)) < 4 * error


def test_spend_by_channel(big: Chunk) -> None:
    bought = big.purchases
    n = np.bincount(bought.member, minlength=len(big.people))
    total = np.bincount(bought.member, bought.spend, minlength=len(big.people))
    scores = []
    for number in KINDS:
        buyers = (big.people.type == number) & (n > 0)
        own = total[buyers] / n[buyers]  # the rate says nothing of the amount
        spend = PLAIN.channels[number].spend
        scores.append((own.mean() - spend) / (own.std() / np.sqrt(own.size)))
    assert np.sum(np.square(scores)) < chi_bound(len(KINDS))


@pytest.mark.parametrize(("window", "days"), [(0, 1), (1, 7), (2, 30)])
def test_deletions_by_code(big: Chunk, window: int, days: int) -> None:
    contacts = big.contacts
    code = big.people.code[contacts.member]
    expected = deletion_shares(PLAIN, code, big.people.adviser[contacts.member])[:, window]
    gone = contacts.deleted < contacts.added + days
    scores = [
        (gone[code == c] - expected[code == c]).sum()
        / np.sqrt((expected[code == c] * (1 - expected[code == c])).sum())
        for c in range(len(PLAIN.codes))
    ]
    assert np.sum(np.square(scores)) < chi_bound(len(scores))


def campaign_scores(drawn: Chunk, place: int) -> tuple[float, float]:
    """Difference in orders a person between the arms, and its standard error."""
    item = drawn.campaigns[place]
    begin, end = item.campaign.first_day, item.campaign.first_day + item.campaign.days
    orders = drawn.orders
    inside = (orders.member >= 0) & (orders.at >= begin) & (orders.at < end)
    count = np.bincount(orders.member[inside], minlength=len(drawn.people))[item.member]
    treated, control = count[item.treated], count[~item.treated]
    error = np.sqrt(treated.var() / treated.size + control.var() / control.size)
    return float(treated.mean() - control.mean()), float(error)


def test_campaign_adds_what_was_planted(big: Chunk) -> None:
    effect, error = campaign_scores(big, 0)
    assert abs(effect - PLAIN.campaigns[0].extra_orders) < 4 * error
    assert effect > 4 * error


def test_null_campaign_adds_nothing(big: Chunk) -> None:
    effect, error = campaign_scores(big, 1)
    assert abs(effect) < 4 * error


def test_null_campaign_rejects_at_the_promised_rate() -> None:
    world = dataclasses.replace(World(), codes=World().codes)
    scores = []
    for seed in range(40):
        drawn = draw_chunk(frame(world, 1000 + seed, START, DAYS), 0, 600)
        effect, error = campaign_scores(drawn, 1)
        scores.append(effect / error)
    rejected = int((np.abs(scores) > 1.96).sum())
    low, high = stats.binom.ppf([0.0005, 0.9995], 40, 0.05)
    assert low <= rejected <= high


def test_participants_against_others_misleads(more: list[Chunk]) -> None:
    # Taking part follows liveliness, so the null lecture looks as if it sold. One chunk shows it
    # at 3 to 5 standard errors, three at 6 to 8.
    took, others = [], []
    for drawn in more:
        item, orders = drawn.campaigns[1], drawn.orders
        inside = (orders.member >= 0) & (orders.at >= item.campaign.first_day)
        count = np.bincount(orders.member[inside], minlength=len(drawn.people))[item.member]
        part = np.isfinite(item.participated)
        took.append(count[part])
        others.append(count[item.treated & ~part])
    a, b = np.concatenate(took), np.concatenate(others)
    assert a.mean() - b.mean() > 4 * np.sqrt(a.var() / a.size + b.var() / b.size)


def test_assignment_is_a_fair_coin(big: Chunk) -> None:
    coins = [item for item in big.campaigns if item.campaign.design == "randomised"]
    assert len(coins) == 3
    for item in coins:
        assert abs(z_of_share(item.treated.sum(), item.treated.size, 0.5)) < 4


def test_sample_machines_keep_worst_and_referrals_best() -> None:
    survival = {k.name: membership_survival(k, np.array([12]))[0] for k in World().channels}
    assert min(survival, key=survival.get) == "sample_machine"
    assert max(survival, key=survival.get) == "referral"
    assert survival["official_account"] > survival["online_store"] > survival["sample_machine"]


def test_writers_cluster_in_groups_as_the_truth_says() -> None:
    # Liveliness off: nobody is selected by staying, so the closed form holds for all present.
    world = dataclasses.replace(
        PLAIN, lively_leave=0.0, lively_activity=0.0, dead_share=0.0, closed_share=0.0, group_sd=0.9
    )
    shared: Frame = frame(world, 21, START, DAYS)
    hits, sizes = [], []
    for number in range(4):
        drawn = draw_chunk(shared, number, 6000)
        stays, said = drawn.stays, drawn.messages
        begin = shared.chat.operational(stays.joined)
        whole = shared.chat.operational(np.minimum(stays.until, DAYS)) >= begin + 28
        entered = np.full(len(drawn.people), np.nan)
        entered[stays.member[whole]] = begin[whole]
        ours = said.source == MEMBER
        tenure = shared.chat.operational(said.at[ours]) - entered[said.writer[ours]]
        wrote = np.zeros(len(drawn.people), dtype=bool)
        wrote[said.writer[ours][tenure < 28]] = True
        group, n = stays.group[whole], len(drawn.groups)
        hits.append(np.bincount(group, wrote[stays.member[whole]], minlength=n))
        sizes.append(np.bincount(group, minlength=n))
    k, n = np.concatenate(hits), np.concatenate(sizes)
    # Leaving selects channels, the same in every group: the share shifts a little, the
    # correlation hardly; compare the correlation by the ANOVA estimator.
    p = k.sum() / n.sum()
    between = (n * (k / n - p) ** 2).sum() / (n.size - 1)
    within = (k * (1 - k / n)).sum() / (n.sum() - n.size)
    mean_size = (n.sum() - (n**2).sum() / n.sum()) / (n.size - 1)
    icc = (between - within) / (between + (mean_size - 1) * within)
    share, truth = message_share(world, 0, 28)
    assert abs(p - share) < 0.04
    # A correlation from G groups has a relative error near sqrt(2 / G).
    assert abs(icc - truth) < 4 * truth * np.sqrt(2 / n.size)


def test_dead_groups_hear_only_their_owner(big: Chunk) -> None:
    dead = np.flatnonzero(np.isfinite(big.groups.died))
    assert dead.size >= 2
    said = big.messages
    after = said.at >= big.groups.died[said.group]
    assert after.sum() > 0
    assert not (said.source[after] == MEMBER).any()
    assert set(np.unique(said.group[after])) <= set(dead)
