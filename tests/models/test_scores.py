"""Scores against scikit-learn, brute force, and their intervals against many made-up samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats
from sklearn import metrics as reference

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models import scores


def sample(seed, n=400):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 3, n)
    return (rng.random(n) < p).astype(int), p


@pytest.mark.parametrize("seed", range(5))
def test_points_are_those_of_scikit_learn(seed):
    y, p = sample(seed)
    found = scores.scores(y, p)
    assert found["log_loss"].value == pytest.approx(reference.log_loss(y, p))
    assert found["brier"].value == pytest.approx(reference.brier_score_loss(y, p))
    assert found["auc"].value == pytest.approx(reference.roc_auc_score(y, p))
    assert found["average_precision"].value == pytest.approx(
        reference.average_precision_score(y, p)
    )


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=4, max_size=30))
def test_auc_counts_pairs(rows):
    y, s = np.array([a for a, _ in rows], dtype=int), np.array([b for _, b in rows])
    found = scores.auc(y, s)
    if min(y.sum(), (1 - y).sum()) < 2:
        assert found.status == "too_few"
        return
    pairs = [(a > b) + (a == b) / 2 for a, b in itertools.product(s[y == 1], s[y == 0])]
    assert found.value == pytest.approx(np.mean(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_interval_of_auc_covers():
    # Two normals one standard deviation apart: the area is Φ(1/√2).
    truth, worlds = stats.norm.cdf(1 / np.sqrt(2)), 1000
    covered = 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        y = np.repeat([0, 1], [120, 60])
        found = scores.auc(y, rng.normal(y, 1))
        covered += found.low <= truth <= found.high
    assert 926 <= covered <= 971


def test_the_interval_of_auc_covers_when_persons_come_back():
    truth, worlds = stats.norm.cdf(1 / np.sqrt(2)), 1000
    covered = naive = 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        y = np.repeat([0, 1], [120, 60])
        s = rng.normal(y, 1)
        who, y, s = np.tile(np.arange(180), 3), np.tile(y, 3), np.tile(s, 3)
        found = scores.auc(y, s, clusters=who)
        covered += found.low <= truth <= found.high
        apart = scores.auc(y, s)
        naive += apart.low <= truth <= apart.high
    assert 926 <= covered <= 971
    assert naive < 850


def test_persons_with_several_rows_are_clusters():
    rng = np.random.default_rng(3)
    own = rng.normal(size=200)
    values, who = np.repeat(own, 4), np.repeat(np.arange(200), 4)
    apart = scores.mean_estimate(own, unit="nats")
    joined = scores.mean_estimate(values, clusters=who, unit="nats")
    assert (joined.value, joined.n) == (pytest.approx(apart.value), 200)
    assert joined.high - joined.low == pytest.approx(apart.high - apart.low)
    naive = scores.mean_estimate(values, unit="nats")
    assert (naive.high - naive.low) < 0.6 * (joined.high - joined.low)


def test_lift_by_hand_with_ties():
    y = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    s = [9, 8, 7, 7, 7, 7, 1, 1, 1, 1]
    assert scores.lift(y, s, 0.2).value == pytest.approx(1 / 0.3)
    # Three of ten: the third is one of four with 7, none of whom happened.
    assert scores.lift(y, s, 0.3).value == pytest.approx((2 / 3) / 0.3)
    assert scores.lift(y, s, 1.0).value == pytest.approx(1.0)
    assert scores.lift(y, np.zeros(10), 0.5).value == pytest.approx(1.0)


def test_reliability_of_a_true_model_and_of_one_too_sure():
    rng = np.random.default_rng(5)
    p = rng.beta(2, 2, 20_000)
    y = rng.random(20_000) < p
    true = scores.reliability(y, p)
    assert true["people"].tolist() == [2000] * 10
    assert ((true["low"] <= true["said"]) & (true["said"] <= true["high"])).sum() >= 8
    sure = scores.reliability(y, p**3 / (p**3 + (1 - p) ** 3))
    assert (sure["said"].iloc[0] < sure["low"].iloc[0]) & (sure["said"].iloc[-1] > 0.97)
    assert len(scores.reliability(y, np.full(20_000, 0.5))) == 1


def test_a_wrong_certainty_is_punished_and_not_infinite():
    assert np.isfinite(scores.log_losses([1, 0], [0, 1])).all()
    assert scores.log_losses([1], [0])[0] > 10


@pytest.mark.parametrize(("y", "p", "error", "words"), [
    ([1, 0], [0.5], ArgumentError, "alike"), ([1, 2], [0.5, 0.5], ArgumentError, "0 and 1"),
    ([1, 0], [0.5, np.nan], ArgumentError, "1 of 2 probabilities"),
    ([1, 1], [0.5, 0.5], NotEnoughDataError, "all 2 outcomes"),
    ([], [], NotEnoughDataError, "all 0 outcomes"),
])  # fmt: skip
def test_bad_input_is_named(y, p, error, words):
    with pytest.raises(error, match=words):
        scores.scores(y, p)
