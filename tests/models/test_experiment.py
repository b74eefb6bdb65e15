"""Readouts of random assignments: published figures, independent computations, true nulls."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from campaign_samples import outcomes_of
from scipy import stats

from commlab.dataset import open_dataset
from commlab.errors import ArgumentError, NotEnoughDataError, StatisticalWarning
from commlab.loaders import load
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.assignment import balance, sample_ratio
from commlab.models.campaign_readings import design_effect
from commlab.models.campaign_segments import by_segment
from commlab.models.compliers import effect_on_compliers
from commlab.models.experiment import headline, readout
from commlab.models.power import detectable, false_alarms, history, needed
from commlab.models.randomisation import rerandomise
from commlab.models.sequential import sequential_half_width


def noise(n, promised):
    return stats.binom.ppf([0.0005, 0.9995], n, promised)


def trial(n=4000, effect=0.0, seed=0):
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.5, 1.0, n)
    pre, t = rng.poisson(3 * rate).astype(float), rng.permutation(np.arange(n) % 2)
    y = rng.poisson(rate).astype(float) + t * (rng.random(n) < effect)
    return pd.DataFrame({"arm": np.where(t == 1, "treated", "control"), "orders": y,
                         "pre_orders": pre,
                         "placebo_orders": rng.poisson(rate).astype(float)})  # fmt: skip


@pytest.mark.slow
def test_hillstrom_at_the_printed_digits(shared_data, tmp_path):
    load(shared_data / "hillstrom.csv.gz", "hillstrom", tmp_path / "w")
    found = campaign_outcomes(open_dataset(tmp_path / "w"), "hillstrom", pre_days=400)
    rows = readout(found).set_index(["arm", "metric", "adjusted"])
    printed = {
        ("mens", "visitors"): (0.106167, 0.076590, 0.003386),
        ("mens", "buyers"): (0.005726, 0.006805, 0.000921),
        ("mens", "revenue"): (0.652789, 0.769827, 0.145247),
        ("womens", "visitors"): (0.106167, 0.045233, 0.003234),
        ("womens", "buyers"): (0.005726, 0.003111, 0.000823),
        ("womens", "revenue"): (0.652789, 0.424412, 0.130333),
    }
    for key, figures in printed.items():
        row = rows.loc[(*key, "plain")]
        assert [round(row[c], 6) for c in ("control", "difference", "error")] == list(figures)
    assert round(rows.loc[("mens", "revenue", "cuped"), "error"], 4) == 0.1452
    ratio = sample_ratio(found)
    assert round(ratio.p, 3) == 0.904
    assert ratio.table["people"].tolist() == [21306, 21307, 21387]


def test_plain_is_welch_and_cuped_is_the_regression_on_the_covariate():
    frame = trial(effect=0.2)
    rows = readout(outcomes_of(frame), ["orders"]).set_index("adjusted")
    ours, others = (frame.orders[frame.arm == arm] for arm in ("treated", "control"))
    welch = stats.ttest_ind(ours, others, equal_var=False)
    assert rows.loc["plain", "p"] == pytest.approx(welch.pvalue, rel=1e-9)
    low, high = welch.confidence_interval()
    assert rows.loc["plain", ["low", "high"]].tolist() == pytest.approx([low, high])
    x = sm.add_constant(np.column_stack([frame.arm == "treated", frame.pre_orders]).astype(float))
    fit = sm.OLS(frame.orders, x).fit(cov_type="HC2")
    assert rows.loc["cuped", "difference"] == pytest.approx(fit.params["x1"], rel=0.02)
    assert rows.loc["cuped", "error"] == pytest.approx(fit.bse["x1"], rel=0.02)
    assert rows.loc["cuped", "error"] < 0.85 * rows.loc["plain", "error"]
    est = headline(readout(outcomes_of(frame)), "orders", "treated")
    assert est.n == 4000
    assert est.low < est.value < est.high


def test_order_value_is_a_ratio_of_sums_with_the_error_of_its_linear_part():
    frame = trial(effect=0.3)
    rng = np.random.default_rng(7)
    frame["revenue"] = frame.orders * rng.gamma(4.0, 12.0, len(frame)) + 5.0 * frame.orders * (
        frame.arm == "treated")  # fmt: skip
    rows = readout(outcomes_of(frame), ["order_value"]).set_index("adjusted")
    ratio, linear = {}, {}
    for arm, rest in frame.groupby("arm"):
        ratio[arm] = rest.revenue.sum() / rest.orders.sum()
        linear[arm] = (rest.revenue - ratio[arm] * rest.orders) / rest.orders.mean()
    row = rows.loc["plain"]
    assert row["control"] == pytest.approx(ratio["control"])
    assert row["difference"] == pytest.approx(ratio["treated"] - ratio["control"])
    error = np.sqrt(sum(part.var() / len(part) for part in linear.values()))
    assert row["error"] == pytest.approx(error, rel=1e-6)
    assert row["low"] <= 5.0 <= row["high"]
    assert row["unit"] == "money"
    assert rows.loc["cuped", "reason"] == "campaign.why.ratio"
    one_price = readout(outcomes_of(frame.assign(revenue=frame.orders * 49.9)), ["order_value"])
    assert one_price["reason"].tolist() == ["campaign.why.nothing_varies", "campaign.why.ratio"]
    # Whole groups: the same ratio, the error of the sums of groups.
    frame["unit"] = [f"g{k // 20}" for k in range(len(frame))]
    frame["arm"] = np.where(np.arange(len(frame)) // 20 % 2, "treated", "control")
    row = readout(outcomes_of(frame, "clustered"), ["order_value"]).iloc[0]
    errors = 0.0
    for _, rest in frame.groupby("arm"):
        sums = rest.groupby("unit")[["revenue", "orders"]].sum()
        part = sums.revenue - sums.revenue.sum() / sums.orders.sum() * sums.orders
        errors += (part / sums.orders.mean()).var() / len(part)
    assert row["error"] == pytest.approx(np.sqrt(errors), rel=1e-6)


def test_metrics_are_corrected_together():
    frame = trial().assign(revenue=trial(seed=3).orders * 10)
    rows = readout(outcomes_of(frame))
    plain = rows[rows["adjusted"] == "plain"]
    wanted = stats.false_discovery_control(plain["p"])
    assert plain["p_adjusted"].to_numpy() == pytest.approx(wanted)


def clustered(clusters, icc, seed, size=40, effect=0.0):
    rng = np.random.default_rng(seed)
    n = rng.integers(size // 2, size * 3 // 2, clusters)
    unit = np.repeat(np.arange(clusters), n)
    shared = rng.gamma(1 / icc, icc, clusters)[unit]
    t = rng.permutation(np.arange(clusters) % 2)[unit]
    y = rng.poisson(shared).astype(float) + t * effect
    return pd.DataFrame({"arm": np.where(t == 1, "treated", "control"), "orders": y,
                         "unit": [f"g{i}" for i in unit]})  # fmt: skip


def test_clusters_have_the_error_of_a_cluster_robust_regression():
    frame = clustered(120, 0.6, 1)
    found = outcomes_of(frame, "clustered")
    row = readout(found, ["orders"]).iloc[0]
    x = sm.add_constant((frame.arm == "treated").astype(float))
    fit = sm.OLS(frame.orders, x).fit(cov_type="cluster", cov_kwds={"groups": frame.unit})
    assert row["difference"] == pytest.approx(fit.params["arm"], rel=1e-9)
    assert row["error"] == pytest.approx(fit.bse["arm"], rel=0.02)
    effect, effective = design_effect(found, "orders", "treated")
    naive = stats.ttest_ind(*(frame.orders[frame.arm == arm] for arm in ("treated", "control")),
                            equal_var=False)  # fmt: skip
    wide = (row["high"] - row["low"]) / np.ptp(naive.confidence_interval())
    assert np.sqrt(effect) == pytest.approx(wide, rel=0.02)
    assert effective == pytest.approx(len(frame) / effect)


def test_a_clustered_null_is_rejected_as_often_as_promised_and_the_naive_test_far_more():
    frame = clustered(100, 0.45, 2)
    found = false_alarms(frame, "orders", unit="unit", draws=1000, seed=4).set_index("method")
    low, high = noise(1000, 0.05)
    assert low <= found.loc["ours", "rejected"] <= high
    assert found.loc["naive", "share"] > 0.4


@pytest.mark.slow
def test_few_clusters_are_exact():
    rng = np.random.default_rng(5)
    rejected, held, worlds = 0, 0, 400
    for seed in range(worlds):
        n = rng.integers(5, 60, 12)
        y = rng.poisson(n * rng.gamma(1.5, 1 / 1.5, 12)).astype(float)
        t = rng.permutation(np.arange(12) < 6)
        found = rerandomise(y + 0.5 * n * t, n, t, seed=seed, draws=999)
        held += found.low <= 0.5 <= found.high
        rejected += rerandomise(y, n, t, seed=seed, draws=999).p < 0.05
    low, high = noise(worlds, 0.05)
    assert low <= rejected <= high
    low, high = noise(worlds, 0.95)
    assert low <= held <= high


def test_few_clusters_go_by_rerandomisation_and_too_few_say_so():
    rows = readout(outcomes_of(clustered(24, 0.3, 6), "clustered"), ["orders"])
    assert rows.loc[0, "method"] == "re-randomisation of 24 clusters"
    assert rows.loc[0, "low"] < rows.loc[0, "difference"] < rows.loc[0, "high"]
    none = readout(outcomes_of(clustered(6, 0.3, 6), "clustered"), ["orders"])
    assert none.loc[0, "status"] == "refused"
    assert none.loc[0, "reason"] == "campaign.why.few_clusters"
    with pytest.raises(NotEnoughDataError, match="more clusters"):
        rerandomise([1, 2, 3, 4], [1] * 4, [True, True, False, False])


@pytest.mark.slow
def test_compliers_hold_the_planted_effect_and_a_weak_instrument_is_refused():
    held = 0
    for seed in range(120):
        frame, rng = trial(1500, seed=seed), np.random.default_rng(1000 + seed)
        likely = rng.random(1500) < np.where(frame.pre_orders > 1, 0.6, 0.2)
        took = likely & (frame.arm == "treated")
        frame = frame.assign(participated=took.astype(float), orders=frame.orders + 0.4 * took)
        found = effect_on_compliers(outcomes_of(frame), "orders", "treated")
        held += found.low <= 0.4 <= found.high
    low, high = noise(120, 0.95)
    assert low <= held <= high
    weak = frame.assign(participated=(frame.index == frame.index[frame.arm == "treated"][0]) * 1.0)
    found = effect_on_compliers(outcomes_of(weak), "orders", "treated")
    assert found.reason == "campaign.why.weak"
    none = frame.assign(participated=0.0)
    assert effect_on_compliers(outcomes_of(none), "orders", "treated").status == "refused"


def test_looking_every_day_keeps_the_promise_only_with_the_confidence_sequence():
    rng, days, worlds = np.random.default_rng(8), 14, 400
    fixed = sequence = 0
    for _ in range(worlds):
        daily = rng.poisson(rng.gamma(2.0, 0.5, 600)[:, None], (600, days)).cumsum(axis=1)
        t = rng.permutation(np.arange(600) < 300)
        gap = daily[t].mean(axis=0) - daily[~t].mean(axis=0)
        error = np.sqrt(daily[t].var(axis=0, ddof=1) / 300 + daily[~t].var(axis=0, ddof=1) / 300)
        fixed += (np.abs(gap) > 1.96 * error).any()
        half = [sequential_half_width(float(e), (k + 1) / days) for k, e in enumerate(error)]
        sequence += (np.abs(gap) > half).any()
    assert sequence <= noise(worlds, 0.05)[1]
    assert fixed > noise(worlds, 0.05)[1]


def test_peeking_widens_and_gives_no_p():
    plain, watched = (readout(outcomes_of(trial()), ["orders"], peeking=p).iloc[0]
                      for p in (False, True))  # fmt: skip
    assert watched["high"] - watched["low"] > 1.4 * (plain["high"] - plain["low"])
    assert np.isnan(watched["p"])


def test_sample_ratio_mismatch_cannot_be_missed():
    frame = trial(2000)
    broken = pd.concat([frame[frame.arm == "treated"], frame[frame.arm == "control"].head(800)])
    with pytest.warns(StatisticalWarning, match="SAMPLE RATIO MISMATCH.*control 800"):
        found = sample_ratio(outcomes_of(broken))
    assert not found.ok
    assert sample_ratio(outcomes_of(broken), 800 / 1800).ok
    assert sample_ratio(outcomes_of(frame)).p == pytest.approx(1.0)
    with pytest.raises(ArgumentError, match="the arms are control, treated"):
        sample_ratio(outcomes_of(frame), {"control": 0.5, "b": 0.5})


@pytest.mark.slow
def test_balance_rejects_true_nulls_as_promised_and_sees_a_shift():
    worlds = 200
    rejected = sum(balance(outcomes_of(trial(400, seed=s)))[1] < 0.05 for s in range(worlds))
    low, high = noise(worlds, 0.05)
    assert low <= rejected <= high
    frame = trial()
    frame.loc[frame.arm == "treated", "pre_orders"] += 1
    table, p = balance(outcomes_of(frame))
    assert p < 1e-6
    assert not table.set_index("covariate").loc["pre_orders", "alike"]


def test_segments_differ_only_where_they_do():
    frame = trial(6000)
    frame["region"] = np.where(np.arange(6000) % 3 == 0, "north", "south")
    found = outcomes_of(frame, segments=("region",))
    table, p = by_segment(found, "region")
    assert p > 0.05
    assert table["segment"].tolist() == ["north", "south"]
    gains = (frame.region == "north") & (frame.arm == "treated")
    _, p = by_segment(outcomes_of(frame.assign(orders=frame.orders + gains), segments=("region",)),
                      "region")  # fmt: skip
    assert p < 1e-6
    with pytest.raises(ArgumentError, match="do not carry it"):
        by_segment(found, "city")


@pytest.mark.parametrize(("frame", "status", "reason"), [
    (trial(6), "too_few", "3 < 30"),
    (trial(100).assign(orders=[1.0] + [0.0] * 99), "too_few", "1 < 10"),
])  # fmt: skip
def test_too_few_say_nothing(frame, status, reason):
    rows = readout(outcomes_of(frame), ["orders"])
    assert set(rows["status"]) == {status}
    assert set(rows["reason"]) == {reason}
    assert rows["difference"].isna().all()
    assert headline(rows, "orders", "treated").status == status


def test_no_days_before_refuse_cuped_only():
    rows = readout(outcomes_of(trial(), pre_seen=0), ["orders"]).set_index("adjusted")
    assert rows["status"].to_dict() == {"plain": "ok", "cuped": "refused"}
    assert rows.loc["cuped", "reason"] == "campaign.why.no_before"
    with pytest.raises(ArgumentError, match="metric == 'order'"):
        readout(outcomes_of(trial()), ["order"])


@pytest.mark.slow
def test_power_keeps_its_promise_for_people_and_groups():
    past = history(trial(6000), "orders")
    least = detectable(past, 2000)
    assert 1000 < needed(past, least) <= 2000
    frame = clustered(400, 0.5, 9, effect=0.0)
    groups = history(frame, "orders", unit="unit")
    # Gamma-Poisson with mean 1: between 0.5, within 1.
    assert groups.icc == pytest.approx(0.5 / 1.5, abs=0.06)
    least = detectable(groups, 60)
    found = 0
    for seed in range(200):
        sample = clustered(60, 0.5, 10_000 + seed, effect=least)
        found += readout(outcomes_of(sample, "clustered"), ["orders"])["p"].iloc[0] < 0.05
    low, high = noise(200, 0.8)
    assert low - 10 <= found <= high + 10  # sizes vary from world to world
