"""Planted heterogeneity is found, none is not; and the learners are scikit-learn estimators."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models import uplift
from commlab.models.targeting import compare_targeting, policy_value
from commlab.models.uplift import LEARNERS, DRLearner, TLearner, XLearner, cross_fitted_uplift


def world(seed=0, n=4000, alike=False, binary=False):
    """Response goes by x0 against, uplift by x1: a response model targets the wrong people."""
    rng = np.random.default_rng(seed)
    X, t = rng.normal(size=(n, 3)), rng.integers(0, 2, n)
    base = 1 / (1 + np.exp(1.5 - X[:, 0]))
    gain = np.full(n, 0.1) if alike else np.where(X[:, 1] > 0, 0.25, -0.05)
    y = rng.random(n) < np.clip(base * 0.7 + t * gain, 0, 1)
    money = y.astype(float) if binary else y * rng.gamma(4.0, 0.25, n)
    return X, t, money, base, gain


@pytest.mark.parametrize("name", sorted(LEARNERS))
@pytest.mark.parametrize("binary", [False, True])
def test_learners_beat_random_and_response_targeting(name, binary):
    X, t, y, base, gain = world(1, binary=binary)
    scores = cross_fitted_uplift(LEARNERS[name](), X, y, t)
    found = compare_targeting(y, t, {name: scores, "response": base}, value=10.0, cost=1.0)
    assert found.heterogeneous
    table = found.summary.set_index("ranking")
    assert table.loc[name, "low"] > 0
    assert table.loc[name, "qini"] > table.loc["response", "qini"]
    best = table.loc[name, "best_share"]
    assert 0.3 <= best <= 0.7  # half of them gain
    # In truth, not only in the data that judged it:
    top = np.argsort(-scores)[: int(best * len(y))]
    rest = np.argsort(-base)[: int(best * len(y))]
    assert gain[top].mean() > gain.mean() + 0.05
    assert gain[top].mean() > gain[rest].mean() + 0.05
    deciles = found.deciles
    assert deciles["people"].sum() == len(y)
    assert deciles["uplift"].iloc[:3].mean() > deciles["uplift"].iloc[-3:].mean()


@pytest.mark.slow
def test_without_heterogeneity_none_is_seen_in_nine_of_ten_worlds():
    seen = 0
    for seed in range(60):
        X, t, y, *_ = world(100 + seed, n=1500, alike=True)
        scores = cross_fitted_uplift(TLearner(), X, y, t, seed=seed)
        seen += compare_targeting(y, t, {"T": scores}, draws=100, seed=seed).heterogeneous
    assert seen <= 6


def test_tenths_are_compared_by_welch_and_by_unit_where_units_were_assigned():
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(100), 20)
    t, score = np.repeat(rng.permutation(np.arange(100) % 2), 20), rng.normal(size=2000)
    y = np.repeat(rng.normal(size=100), 20)  # people of a unit do the same: twenty tell as one
    single = compare_targeting(y, t, {"s": score}, draws=20).deciles
    first = np.argsort(-score)[:200]
    mine, theirs = (y[first][t[first] == side] for side in (1, 0))
    welch = stats.ttest_ind(mine, theirs, equal_var=False).confidence_interval(0.95)
    assert single.loc[0, ["low", "high"]].tolist() == pytest.approx([welch.low, welch.high])
    whole = compare_targeting(y, t, {"s": np.zeros(2000)}, groups=unit, draws=20).deciles
    alone = compare_targeting(y, t, {"s": score}, groups=unit, draws=20).deciles
    truth = 0.0  # the arm does nothing
    assert ((alone["low"] <= truth) & (truth <= alone["high"])).sum() >= 8
    for found in (whole, alone):
        wider = (found["high"] - found["low"]) / (single["high"] - single["low"])
        assert wider.median() > 1.2


def test_gain_of_treating_all_is_the_difference_of_the_arms():
    _, t, y, base, _ = world(2)
    found = compare_targeting(y, t, {"any": base}, value=2.0, cost=0.1, draws=50)
    whole = found.curve.iloc[-1]
    gap = y[t == 1].mean() - y[t == 0].mean()
    assert whole["gain"] == pytest.approx(gap)
    assert whole["random"] == pytest.approx(gap)
    assert whole["profit"] == pytest.approx(2 * gap - 0.1)
    everybody = policy_value(y, t, np.ones(len(y)), value=2.0, cost=0.1)
    assert everybody.value == pytest.approx(whole["profit"])
    assert policy_value(y, t, np.zeros(len(y))).value == 0


def test_policy_value_covers_the_truth():
    held, worlds = 0, 200
    for seed in range(worlds):
        X, t, y, _, gain = world(500 + seed, n=1000, binary=True)
        truth = 10 * 0.25 / 2 - 1 / 2
        found = policy_value(y, t, X[:, 1] > 0, value=10.0, cost=1.0)
        held += found.low <= truth <= found.high
        assert gain.max() == 0.25
    low, high = stats.binom.ppf([0.0005, 0.9995], worlds, 0.95)
    assert low <= held <= high


def test_units_are_kept_whole_and_seeds_repeat():
    X, t, y, *_ = world(3, n=800)
    groups = np.arange(800) // 8
    one, two = (cross_fitted_uplift(DRLearner(), X, y, t, groups=groups, seed=5) for _ in range(2))
    assert (one == two).all()
    fold = uplift.folds_of(groups, t.astype(bool), 5, 0)
    assert all(len(set(fold[groups == g])) == 1 for g in range(100))
    assert all(t[fold == k].std() > 0 for k in range(5))


@pytest.mark.parametrize("kind", [TLearner, XLearner, DRLearner])
def test_bad_arms_are_named(kind):
    X, t, y, *_ = world(4, n=200)
    with pytest.raises(ArgumentError, match="treatment is missing"):
        kind().fit(X, y)
    with pytest.raises(ArgumentError, match=r"must be 0 .control. and 1"):
        kind().fit(X, y, t + 1)
    with pytest.raises(NotEnoughDataError, match="one arm has 0 people"):
        kind().fit(X, y, np.zeros(200))
    with pytest.raises(ArgumentError, match="one a row"):
        kind().fit(X, y, t[:10])
    with pytest.raises(ArgumentError, match="one arm only"):
        compare_targeting(y, np.ones(200), {"a": y})
    assert clone(kind()).get_params() == kind().get_params()


class _Halves:
    """A learner whose every other row is treated, so that scikit-learn's checks can call fit."""

    def fit(self, X, y, treatment=None):
        n = len(np.atleast_1d(np.asarray(y, dtype=object)))
        return super().fit(X, y, np.arange(n) % 2 if treatment is None else treatment)


class HalvedT(_Halves, TLearner):
    pass


class HalvedX(_Halves, XLearner):
    pass


# Rows decide here who is treated: their order matters, and an arm of one row teaches nothing.
NOT_OURS = {"check_fit2d_1sample": "one row has no arms"}


@parametrize_with_checks([HalvedT(), HalvedX()], expected_failed_checks=lambda _: NOT_OURS)
def test_scikit_learn_conventions(estimator, check, monkeypatch):
    monkeypatch.setattr(uplift, "FEWEST", 2)
    check(estimator)
