"""Concentration against what the exponential and the equal distribution say."""

from __future__ import annotations

import numpy as np
import pytest

import commlab as cl
from commlab.errors import NotEnoughDataError


def test_exponential_values_have_the_known_curve() -> None:
    rng = np.random.default_rng(3)
    value = rng.exponential(50, 200_000)
    for top, share in cl.models.top_shares(value)[["top", "share_value"]].to_numpy():
        assert share == pytest.approx(top - top * np.log(top), abs=0.003)  # Lorenz of Exp(1)
    curve = cl.models.lorenz(value)
    x = curve["share_people"].to_numpy()[1:-1]
    np.testing.assert_allclose(curve["share_value"][1:-1], x - x * np.log(x), atol=0.003)


def test_equal_values_are_not_concentrated() -> None:
    curve = cl.models.lorenz(np.full(100, 7.0))
    np.testing.assert_allclose(curve["share_value"], curve["share_people"])


def test_intervals_hold_the_truth() -> None:
    truth, inside = 0.1 - 0.1 * np.log(0.1), 0
    for seed in range(100):
        value = np.random.default_rng(seed).exponential(1, 600)
        found = cl.models.top_share(value, 0.1, seed=seed)
        inside += found.low <= truth <= found.high
    assert inside >= 86  # 99.9 % range of Binomial(100, .95)


def test_losses_count_as_nothing_and_few_are_refused() -> None:
    value = np.concatenate([np.full(60, -5.0), np.full(40, 1.0)])
    assert cl.models.lorenz(value)["share_value"].max() == 1
    for bad in (np.ones(5), np.full(100, -1.0)):
        with pytest.raises(NotEnoughDataError):
            cl.models.top_shares(bad)
