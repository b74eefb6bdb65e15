"""Expected values against the papers' closed forms and against brute force."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import integrate, special, stats

from commlab.simulate.closed_forms import (
    expected_repeat_purchases,
    membership_survival,
    message_share,
    second_order_share,
)
from commlab.simulate.world import World

KIND = World().channels[0]
WEEKS = np.array([1.0, 13.0, 52.0])


def test_survival_is_the_product_of_the_papers_retention_rates() -> None:
    # Fader & Hardie (2007), eq. 7: r(t) = (b + t - 1) / (a + b + t - 1).
    a, b = KIND.leave_a, KIND.leave_b
    weeks = np.arange(1, 53)
    rates = (b + weeks - 1) / (a + b + weeks - 1)
    assert membership_survival(KIND, weeks) == pytest.approx(np.cumprod(rates), rel=1e-12)


@pytest.mark.parametrize("kind", World().channels, ids=lambda kind: kind.name)
def test_repeat_purchases_equal_the_mbg_closed_form(kind) -> None:
    # Batislam, Denizel & Filiztekin (2007), eq. 9.
    r, alpha, a, b = kind.r, kind.alpha, kind.a, kind.b
    z = WEEKS / (alpha + WEEKS)
    hyper = special.hyp2f1(r, b + 1, a + b, z)
    closed = b / (a - 1) * (1 - (alpha / (alpha + WEEKS)) ** r * hyper)
    assert expected_repeat_purchases(kind, WEEKS) == pytest.approx(closed, rel=1e-9)


def test_repeat_purchases_at_a_equal_to_one_where_the_closed_form_divides_by_zero() -> None:
    kind = dataclasses.replace(KIND, a=1.0)
    near = dataclasses.replace(KIND, a=1.0 + 1e-7)
    assert expected_repeat_purchases(kind, WEEKS) == pytest.approx(
        expected_repeat_purchases(near, WEEKS), rel=1e-6
    )


def test_second_order_share_by_averaging_over_people() -> None:
    # P(silent) = E[p] + (1 - E[p]) E[exp(-lambda t)], the mean over evenly spaced quantiles.
    week, n = 13.0, 200_000
    rate = stats.gamma.ppf((np.arange(n) + 0.5) / n, KIND.r, scale=1 / KIND.alpha)
    stops = KIND.a / (KIND.a + KIND.b)
    silent = stops + (1 - stops) * np.exp(-rate * week).mean()
    assert second_order_share(KIND, np.array([week]))[0] == pytest.approx(1 - silent, abs=1e-5)


def test_message_share_and_icc_by_drawing() -> None:
    world = World()
    rng = np.random.default_rng(5)
    groups, size = 4000, 50
    lively = rng.lognormal(-(world.group_sd**2) / 2, world.group_sd, groups)
    joiners = np.array([item.share * item.join_rate for item in world.channels])
    kind = rng.choice(len(joiners), size=(groups, size), p=joiners / joiners.sum())
    base = np.array([item.messages for item in world.channels])[kind] / 7
    factor = rng.gamma(world.activity_shape, 1 / world.activity_shape, (groups, size))
    tenure = np.linspace(0, 28, 281)
    shape = world.activity_floor + (1 - world.activity_floor) * np.exp(
        -tenure / world.activity_days
    )
    writes = rng.random((groups, size)) > np.exp(
        -base * factor * lively[:, None] * integrate.trapezoid(shape, tenure)
    )
    share, icc = message_share(world, 0, 28)
    by_group = writes.mean(axis=1)
    assert abs(by_group.mean() - share) < 4 * by_group.std() / np.sqrt(groups)
    # The variance between group means is that of the groups plus p q (1 - icc) / size.
    p = by_group.mean()
    drawn = (by_group.var(ddof=1) / (p * (1 - p)) - 1 / size) / (1 - 1 / size)
    noise = np.sqrt(2 / groups) * by_group.var() / (p * (1 - p))
    assert abs(drawn - icc) < 4 * noise


def test_no_group_effect_no_clustering() -> None:
    assert message_share(dataclasses.replace(World(), group_sd=0.0), 0, 28)[1] == pytest.approx(
        0, abs=1e-12
    )
