"""The sBG model against the paper, against independent sums and searches, and on planted worlds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy import optimize, special

from commlab.errors import (
    ArgumentError,
    ConvergenceWarning,
    DataError,
    NotEnoughDataError,
    StatisticalWarning,
)
from commlab.models.sbg import ShiftedBetaGeometricModel, counts_from_survivors
from commlab.models.sbg_likelihood import log_likelihood, maximise, to_parameters

# Fader & Hardie 2007, table 1: survivors of 1,000 customers by year, and the figures of the text.
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]
PUBLISHED = {
    "high end": (HIGH_END, 0.668, 3.806, -1611.2),
    "regular": (REGULAR, 0.704, 1.182, -1680.3),
}


def fit(survivors: list[int]) -> ShiftedBetaGeometricModel:
    return ShiftedBetaGeometricModel().fit(counts_from_survivors(survivors))


@pytest.mark.parametrize("name", PUBLISHED)
def test_seven_years_give_the_published_estimates(name: str) -> None:
    survivors, alpha, beta, log_lik = PUBLISHED[name]
    model = fit(survivors[:8])
    assert model.params_["alpha"] == pytest.approx(alpha, abs=5e-4)
    assert model.params_["beta"] == pytest.approx(beta, abs=5e-4)
    assert model.log_likelihood_ == pytest.approx(log_lik, abs=0.05)
    assert model.on_bound_ == ""


def test_log_likelihood_at_one_one_is_the_spreadsheets() -> None:
    # The paper's search starts at alpha = beta = 1: −2.115 a customer for High End, as a public
    # implementation of it prints.
    counts = counts_from_survivors(HIGH_END[:8])
    lost = counts["lost"].to_numpy(dtype=float)
    kept = counts["at_risk"].to_numpy() - lost
    age = counts["age"].to_numpy(dtype=float)
    at = log_likelihood(np.array([0.0]), np.array([np.log(2.0)]), lost[None], kept[None], age)
    assert float(at[0]) / 1000 == pytest.approx(-2.115, abs=1e-3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_years_eight_to_twelve_are_projected_as_in_the_paper(name: str) -> None:
    # Paper, figure 4: the projection stays within 2 points of what came (of 1,000 customers).
    survivors = PUBLISHED[name][0]
    found = fit(survivors[:8]).survival(np.arange(8, 13))
    assert np.abs(found - np.array(survivors[8:]) / 1000).max() < 0.02
    anchors = {"high end": [0.460, 0.436, 0.414, 0.395, 0.378]}
    if name in anchors:
        assert found == pytest.approx(anchors[name], abs=5e-4)


def test_four_cohorts_of_different_age() -> None:
    # Fader & Hardie, Fitting the sBG model to multi-cohort data: alpha 3.80, beta 15.19.
    cohort = [10000, 8000, 6480, 5307, 4391]
    counts = pd.concat([counts_from_survivors(cohort[:size]) for size in (5, 4, 3, 2)])
    params = ShiftedBetaGeometricModel().fit(counts).params_
    assert params["alpha"] == pytest.approx(3.80, abs=0.005)
    assert params["beta"] == pytest.approx(15.19, abs=0.005)


def test_derl_is_published_and_a_plain_sum() -> None:
    model = fit(HIGH_END[:8])
    assert model.derl(7, 0.1) == pytest.approx(7.530, abs=1e-3)
    k = np.arange(4000)
    for t in (0, 3):
        direct = (model.survival(t + 1 + k) / model.survival(t) / 1.1**k).sum()
        assert model.derl(t, 0.1) == pytest.approx(direct, rel=1e-9)


def test_residual_lifetime_is_a_plain_sum() -> None:
    survivors = [1000, 800, 660, 556, 476, 413, 362, 320]
    model = fit(survivors)
    assert model.params_["alpha"] > 1
    k = np.arange(3_000_000)
    for t in (0, 4):
        direct = (model.survival(t + k) / model.survival(t)).sum()
        assert model.expected_residual_lifetime(t) == pytest.approx(direct, rel=1e-3)
        short = (model.survival(t + k[:10]) / model.survival(t)).sum()
        assert model.expected_residual_lifetime(t, horizon=10) == pytest.approx(short, rel=1e-9)
    with pytest.warns(StatisticalWarning, match="alpha == 0.668"):
        assert fit(HIGH_END[:8]).expected_residual_lifetime(0) == np.inf


def test_standard_errors_are_those_of_a_numerical_hessian() -> None:
    counts = counts_from_survivors(REGULAR[:8])
    lost = counts["lost"].to_numpy(dtype=float)
    kept = counts["at_risk"].to_numpy() - lost
    t = counts["age"].to_numpy(dtype=float)

    def nll(p: np.ndarray) -> float:
        r = (p[1] + t - 1) / (p[0] + p[1] + t - 1)
        return -float((lost * np.log(1 - r) + kept * np.log(r)).sum())

    model = ShiftedBetaGeometricModel().fit(counts)
    x, h = model.params_.to_numpy(), 1e-4
    steps = np.eye(2) * h
    numeric = np.array(
        [
            [
                (nll(x + a + b) - nll(x + a - b) - nll(x - a + b) + nll(x - a - b)) / (4 * h * h)
                for b in steps
            ]
            for a in steps
        ]
    )
    expected = np.sqrt(np.diag(np.linalg.inv(numeric)))
    assert model.standard_errors_.to_numpy() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("t", [3, 12, 40])
def test_interval_ends_are_profile_likelihood_ends(t: int) -> None:
    # Independent search: the best log-likelihood with S(t) held at the end is 1.92 lower.
    counts = counts_from_survivors(HIGH_END[:8])
    lost = counts["lost"].to_numpy(dtype=float)
    kept = counts["at_risk"].to_numpy() - lost
    age = counts["age"].to_numpy(dtype=float)
    model = ShiftedBetaGeometricModel().fit(counts)
    row = model.survival_interval([t]).iloc[0]

    def best_with(value: float) -> float:
        def inner(log_total: float) -> float:
            total = np.exp(log_total)

            def miss(u: float) -> float:
                a, b = total * special.expit(u), total * special.expit(-u)
                return float(np.exp(special.betaln(a, b + t) - special.betaln(a, b))) - value

            u = optimize.brentq(miss, -25, 25)
            a, b = total * special.expit(u), total * special.expit(-u)
            r = (b + age - 1) / (a + b + age - 1)
            return -float((lost * np.log(1 - r) + kept * np.log(r)).sum())

        return -float(optimize.minimize_scalar(inner, bounds=(-3, 8), method="bounded").fun)

    for end in ("low", "high"):
        assert model.log_likelihood_ - best_with(row[end]) == pytest.approx(1.9207, abs=0.01)
    assert row["low"] < row["survival"] < row["high"]


@pytest.mark.parametrize("place", [0, 1])
def test_parameter_intervals_are_profile_likelihood_ends(place: int) -> None:
    # The paper's likelihood (eq. B3), maximised over the other parameter by another search.
    left = np.array(HIGH_END[:8])
    lost, t = -np.diff(left), np.arange(1, 8)
    model = fit(HIGH_END[:8])

    def best_with(value: float) -> float:
        def inner(log_other: float) -> float:
            a, b = (value, np.exp(log_other)) if place == 0 else (np.exp(log_other), value)
            base = special.betaln(a, b)
            gone = (lost * (special.betaln(a + 1, b + t - 1) - base)).sum()
            return -float(gone + left[-1] * (special.betaln(a, b + 7) - base))

        return -float(optimize.minimize_scalar(inner, bounds=(-4, 6), method="bounded").fun)

    row = model.parameter_intervals().iloc[place]
    assert row["low"] < row["value"] < row["high"]
    for end in ("low", "high"):
        assert model.log_likelihood_ - best_with(row[end]) == pytest.approx(1.9207, abs=0.01)


@pytest.mark.filterwarnings("ignore::commlab.errors.ConvergenceWarning")
def test_on_its_bound_a_parameter_has_no_upper_end() -> None:
    table = fit([1000, 900, 810, 729, 656]).parameter_intervals()
    assert np.isinf(table["high"]).all()
    assert (table["low"] > 0).all()


def test_deff_widens_as_fewer_people_would() -> None:
    whole = fit([x // 10 * 10 for x in HIGH_END[:8]])
    tenth = fit([x // 10 for x in HIGH_END[:8]])
    wide = whole.survival_interval([12], deff=10.0).iloc[0]
    small = tenth.survival_interval([12]).iloc[0]
    assert wide["low"] == pytest.approx(small["low"], abs=1e-3)
    assert wide["high"] == pytest.approx(small["high"], abs=1e-3)


def test_many_maxima_at_once_are_each_its_own() -> None:
    rng = np.random.default_rng(5)
    age = np.arange(1, 13.0)
    at_risk = np.linspace(900, 300, 12)
    lost = rng.binomial(at_risk.astype(int), 0.6 / (3 + age), size=(20, 12)).astype(float)
    found = maximise(lost, at_risk - lost, age)
    assert found.converged.all()
    for line in range(20):

        def nll(q: np.ndarray, line: int = line) -> float:
            a, b = np.exp(q)
            r = (b + age - 1) / (a + b + age - 1)
            return -float((lost[line] * np.log(1 - r) + (at_risk - lost[line]) * np.log(r)).sum())

        other = optimize.minimize(
            nll,
            [0.0, 1.0],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 20_000},
        )
        assert found.log_likelihood[line] >= -other.fun - 1e-7


@settings(max_examples=60, deadline=None)
@given(alpha=st.floats(0.05, 50), beta=st.floats(0.05, 500))
def test_survival_falls_from_one_and_is_the_product_of_retention(alpha: float, beta: float) -> None:
    model = ShiftedBetaGeometricModel()
    model.params_ = pd.Series([alpha, beta], index=["alpha", "beta"])
    t = np.arange(0, 60)
    s, r = model.survival(t), model.retention_rate(t[1:])
    assert s[0] == pytest.approx(1)
    assert (np.diff(s) <= 1e-12).all()
    assert ((s >= 0) & (s <= 1 + 1e-12)).all()
    assert (np.diff(r) >= 0).all()
    assert np.cumprod(r) == pytest.approx(s[1:], rel=1e-8, abs=1e-12)


def test_delayed_entry_and_order_of_rows_leave_the_estimate() -> None:
    counts = counts_from_survivors(HIGH_END[:8])
    halves = counts.assign(lost=counts["lost"] / 2, at_risk=counts["at_risk"] / 2)
    mixed = pd.concat([halves.iloc[::-1], halves])
    a, b = (ShiftedBetaGeometricModel().fit(x).params_.to_numpy() for x in (counts, mixed))
    assert a == pytest.approx(b, rel=1e-6)
    before = counts.copy()
    ShiftedBetaGeometricModel().fit(counts)
    pd.testing.assert_frame_equal(counts, before)


def test_constant_churn_is_named_and_still_projected() -> None:
    with pytest.warns(ConvergenceWarning, match="does not fall with age"):
        model = fit([1000, 990, 950, 900, 656])
    assert model.on_bound_ == "constant"
    assert model.covariance_.isna().all(axis=None)
    interval = model.survival_interval([1, 8])
    assert interval.notna().all(axis=None)
    assert (interval["low"] < interval["high"]).all()
    with pytest.warns(ConvergenceWarning, match="all losses come at once"):
        assert fit([1000, 700, 700, 700]).on_bound_ == "split"


@pytest.mark.parametrize(
    ("survivors", "words"),
    [
        ([1000, 998, 997], "3 lost"),  # too few losses
        ([1000, 1000, 1000], "0 lost"),  # none
        ([1000, 0, 0], "one|two periods|0 kept"),  # all
        ([1000, 600], "1 periods"),  # one period
    ],
)
def test_what_carries_no_model_is_refused_with_counts(survivors: list[int], words: str) -> None:
    with pytest.raises(NotEnoughDataError, match=words):
        fit(survivors)


def test_bad_counts_are_refused() -> None:
    good = counts_from_survivors(HIGH_END[:8])
    for bad in (good.drop(columns="lost"), good.assign(lost=-1), good.assign(age=good["age"] - 1),
                good.assign(lost=good["at_risk"] + 1), good.assign(lost=np.nan)):  # fmt: skip
        with pytest.raises(DataError):
            ShiftedBetaGeometricModel().fit(bad)
    with pytest.raises(ArgumentError, match="not fitted"):
        ShiftedBetaGeometricModel().survival([1])
    with pytest.raises(ArgumentError):
        fit(HIGH_END[:8]).retention_rate([0])
    with pytest.raises(ArgumentError):
        counts_from_survivors([3, 4])


def planted(seed: int, n: int = 1500, periods: int = 12) -> pd.DataFrame:
    """Counts of a world with alpha 0.8, beta 4, members who joined in each of the periods."""
    rng = np.random.default_rng(seed)
    theta = rng.beta(0.8, 4.0, n)
    life = rng.geometric(np.maximum(theta, 1e-12))
    follow = rng.integers(1, periods + 1, n)
    rows = []
    for age in range(1, periods + 1):
        there = (follow >= age) & (life >= age)
        rows.append((age, int((there & (life == age)).sum()), int(there.sum())))
    return pd.DataFrame(rows, columns=["age", "lost", "at_risk"])


@pytest.mark.slow
@pytest.mark.parametrize("t", [6, 24])
def test_profile_intervals_cover_as_promised(t: int) -> None:
    truth = np.exp(special.betaln(0.8, 4.0 + t) - special.betaln(0.8, 4.0))
    held = 0
    for seed in range(200):
        row = ShiftedBetaGeometricModel().fit(planted(seed)).survival_interval([t]).iloc[0]
        held += row["low"] <= truth <= row["high"]
    assert 179 <= held <= 198


def test_to_parameters_inverts() -> None:
    alpha, beta = to_parameters(np.log(0.7 / 3.8), np.log(4.5))
    assert (float(alpha), float(beta)) == pytest.approx((0.7, 3.8))
