"""Without a holdout: LaLonde's data, planted confounding, and what the placebos see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from campaign_samples import outcomes_of
from causaldata import cps_mixtape, nsw_mixtape
from scipy import stats

from commlab.models.did import before_after
from commlab.models.doubly_robust import doubly_robust
from commlab.models.observational import flagged, observe
from commlab.models.randomisation import wild_interval
from commlab.models.reported import reported
from commlab.models.sensitivity import robustness, robustness_value

BEFORE = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74"]


@pytest.fixture(scope="module")
def lalonde():
    trial, survey = nsw_mixtape.load_pandas().data, cps_mixtape.load_pandas().data
    return trial, pd.concat([trial[trial["treat"] == 1], survey], ignore_index=True)


def gap(frame, column):
    return (
        frame.loc[frame["treat"] == 1, column].mean()
        - frame.loc[frame["treat"] == 0, column].mean()
    )


def test_lalonde_experiment_naive_and_differences(lalonde):
    trial, survey = lalonde
    table = trial.rename(columns={"re78": "orders", "re75": "pre_orders"}).assign(
        arm=np.where(trial["treat"] == 1, "treated", "control")
    )
    from commlab.models.experiment import readout

    row = readout(outcomes_of(table[["arm", "orders", "pre_orders"]].astype({"orders": float})),
                  ["orders"]).iloc[0]  # fmt: skip
    assert (round(row["difference"]), round(row["error"])) == (1794, 671)
    assert round(gap(survey, "re78")) == -8498
    assert round(gap(survey, "re78") - gap(survey, "re75")) == 3621


@pytest.mark.slow
def test_lalonde_adjusted_looks_right_and_fails_its_placebo(lalonde):
    _, survey = lalonde
    d = survey["treat"] == 1
    effect = doubly_robust(survey["re78"], d, survey[[*BEFORE, "re75"]])
    assert 0 < effect.estimate.value < 2600  # the experiment: 1,794; naive: −8,498
    assert effect.estimate.low < 1794 < effect.estimate.high
    placebo = doubly_robust(survey["re75"], d, survey[BEFORE])
    assert -1600 < placebo.estimate.value < -1100
    assert placebo.estimate.high < 0
    assert placebo.p < 0.001


def planted(n=1500, seed=0, hidden=0.0, effect=0.3):
    """Taking part depends on past orders, and on a hidden cause that lasts."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.0, 1.0, n)
    earlier, unseen = rng.poisson(rate).astype(float), rng.random(n) < 0.3
    chance = 1 / (1 + np.exp(1.2 - 0.6 * np.minimum(earlier, 3) - 1.6 * unseen * (hidden > 0)))
    d = rng.random(n) < chance
    lift = hidden * unseen
    return pd.DataFrame({
        "arm": np.where(d, "treated", "control"), "participated": d.astype(float),
        "earlier_orders": earlier, "tenure": rng.uniform(10, 300, n),
        "placebo_orders": rng.poisson(0.3 * rate + lift).astype(float),
        "orders": rng.poisson(0.3 * rate + lift).astype(float) + (rng.random(n) < effect) * d,
    })  # fmt: skip


@pytest.mark.slow
def test_coverage_where_nothing_is_hidden_and_the_panel_stays_quiet():
    worlds, held, alarms = 100, 0, 0
    for seed in range(worlds):
        found = observe(outcomes_of(planted(seed=seed), "observational"), seed=seed)
        held += found.effect.estimate.low <= 0.3 <= found.effect.estimate.high
        alarms += "placebo" in flagged(found)
    low, high = stats.binom.ppf([0.0005, 0.9995], worlds, 0.95)
    assert low <= held <= high
    assert alarms <= stats.binom.ppf(0.9995, worlds, 0.05)


@pytest.mark.slow
def test_a_hidden_cause_that_lasts_is_flagged_in_the_majority_of_worlds():
    seen = [
        "placebo" in flagged(observe(outcomes_of(planted(seed=s, hidden=0.5), "observational")))
        for s in range(20)
    ]
    assert np.mean(seen) > 0.5


def test_no_overlap_and_too_few_are_said():
    frame = planted(400)
    apart = frame.assign(earlier_orders=np.where(frame.arm == "treated", 500.0, 0.0))
    found = observe(outcomes_of(apart, "observational"))
    assert found.effect.estimate.status == "refused"
    assert "overlap" in flagged(found)
    few = observe(outcomes_of(frame[(frame.arm == "control") | (np.arange(400) < 5)],
                              "observational"))  # fmt: skip
    assert few.effect.estimate.status == "too_few"


def test_arguments_are_not_changed():
    frame = planted(300)
    before = frame.copy()
    doubly_robust(frame["orders"], frame["arm"] == "treated", frame[["earlier_orders"]])
    pd.testing.assert_frame_equal(frame, before)


def test_robustness_value_as_published():
    # Cinelli & Hazlett 2020, table 1: t = 4.18, 783 degrees of freedom: 13.9 % and 7.6 %.
    assert round(robustness_value(4.184, 783), 3) == 0.139
    assert round(robustness_value(4.184, 783, level=0.95), 3) == 0.076


def test_the_regression_behind_it_is_ordinary_least_squares():
    frame = planted(800)
    d, X = (frame["arm"] == "treated").to_numpy(), frame[["earlier_orders", "tenure"]]
    found = robustness(frame["orders"], d, X, names=list(X), benchmark="earlier_orders")
    fit = sm.OLS(frame["orders"], sm.add_constant(X.assign(d=d.astype(float)))).fit()
    assert found.estimate == pytest.approx(fit.params["d"])
    assert found.error == pytest.approx(fit.bse["d"])
    # A hidden cause of exactly the robustness value takes all of it.
    share = found.value
    bias = found.error * np.sqrt(found.freedom * share * share / (1 - share))
    assert bias == pytest.approx(abs(found.estimate))


def test_wild_interval_covers_with_twelve_clusters():
    rng, held, worlds = np.random.default_rng(3), 0, 400
    for seed in range(worlds):
        values = rng.gamma(2.0, 0.5, 12)
        low, high, _ = wild_interval((values - values.mean()) / 12, values.mean(), seed=seed,
                                     draws=999)  # fmt: skip
        held += low <= 1.0 <= high
    assert held >= stats.binom.ppf(0.0005, worlds, 0.90)  # skewed and few: near, not exact


def test_before_after_is_the_paired_difference():
    frame = planted(500)
    mine = frame[frame.arm == "treated"]
    found = before_after(outcomes_of(frame, "observational"))
    paired = stats.ttest_rel(mine.orders, mine.placebo_orders)
    assert found.value == pytest.approx((mine.orders - mine.placebo_orders).mean())
    low, high = paired.confidence_interval()
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-3), pytest.approx(high, rel=1e-3))
    refused = before_after(outcomes_of(frame, "observational", pre_seen=3))
    assert refused.status == "refused"


def test_reported_gain_is_the_ratio_of_daily_means():
    frame = planted(500).assign(
        revenue=lambda x: 10 * x.orders, month_revenue=lambda x: 10 * x.earlier_orders
    )
    first, _ = reported(outcomes_of(frame))
    mine = frame[frame.participated > 0]
    assert first.value == pytest.approx(
        mine.revenue.mean() / mine.month_revenue.mean() * 30 / 14 - 1
    )
