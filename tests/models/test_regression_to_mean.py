"""Regression to the mean against what Gamma rates give in closed form, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaign_samples import outcomes_of
from scipy import stats

from commlab.dataset import open_dataset
from commlab.errors import NotEnoughDataError
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.regression_to_mean import regression_to_mean
from commlab.simulate import null_world


def test_a_null_world_returns_as_its_gamma_rates_say(tmp_path):
    # NBD (Ehrenberg 1959): whoever bought x in a month has the mean rate (r + x) m / (r + m).
    r, m, days = 0.5, 0.258, 13 / 30 * 1.4
    outcomes = campaign_outcomes(open_dataset(null_world(3).write(tmp_path)), "null")
    found = regression_to_mean(outcomes)
    assert found.lasting.low <= m / (r + m) <= found.lasting.high
    assert found.lasting.high - found.lasting.low < 0.1
    table = found.table
    assert table["band"].tolist() == [3, 3, 2, 2, 1, 1, 0, 0]
    assert table["more"].tolist() == [True, True, *[False] * 6]
    held = 0
    for _, row in table[table["band"] < 3].iterrows():
        held += row["low"] <= days * (r + row["band"]) * m / (r + m) <= row["high"]
        assert row["before"] == pytest.approx(row["band"] * 13 / 30)
    assert held >= 5  # of six intervals, each of 95 %
    # Nothing was done, yet those who had bought most fell by half and those who had not rose.
    top, bottom = table[table["side"] == "alone"].iloc[[0, -1]].itertuples()
    assert top.now < 0.7 * top.before
    assert bottom.now > bottom.before == 0


@pytest.mark.slow
def test_what_lasts_is_covered_as_promised():
    r, m, worlds, held = 1.0, 1.0, 200, 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        rate = rng.gamma(r, m / r, 3000)
        frame = pd.DataFrame({"arm": np.where(np.arange(3000) % 2, "treated", "control"),
                              "month_orders": rng.poisson(rate).astype(float),
                              "orders": rng.poisson(0.5 * rate).astype(float)})  # fmt: skip
        item = regression_to_mean(outcomes_of(frame)).lasting
        held += item.low <= m / (r + m) <= item.high
    low, high = stats.binom.ppf([0.0005, 0.9995], worlds, 0.95)
    assert low <= held <= high


def test_bands_are_means_of_those_picked():
    frame = pd.DataFrame({
        "arm": ["control", "treated"] * 120, "month_orders": [0.0, 0.0, 1.0, 1.0, 1.0, 2.0] * 40,
        "orders": [0.0, 1.0, 2.0, 0.0, 1.0, 3.0] * 40,
    })  # fmt: skip
    found = regression_to_mean(outcomes_of(frame), min_people=30)
    # Nobody left alone had two orders: one or more are a band.
    assert found.table[["band", "more"]].drop_duplicates().to_numpy().tolist() == [
        [1, True], [0, False]]  # fmt: skip
    rows = found.table.set_index(["band", "side"])
    control = frame[frame["arm"] == "control"]
    picked = control[control["month_orders"] >= 1]["orders"]
    assert rows.loc[(1, "alone"), "now"] == pytest.approx(picked.mean())
    assert rows.loc[(1, "alone"), "people"] == len(picked)
    assert rows.loc[(1, "treated"), "before"] == pytest.approx(1.5 * 14 / 30)
    x, y = control["month_orders"], control["orders"]
    slope = x.cov(y) / x.var() * x.mean() / y.mean()
    assert found.lasting.value == pytest.approx(slope)


def test_groups_are_the_unit_and_no_month_before_is_refused():
    frame = pd.DataFrame({
        "arm": ["control"] * 200 + ["treated"] * 200, "unit": [f"g{k // 10}" for k in range(400)],
        "month_orders": [float(k % 2) for k in range(400)],
        # Whole groups buy: ten people of a group tell as much as one.
        "orders": [float(k // 10 % 2) for k in range(400)],
    })  # fmt: skip
    alike = regression_to_mean(outcomes_of(frame, "clustered")).table.iloc[0]
    single = regression_to_mean(outcomes_of(frame.drop(columns="unit"))).table.iloc[0]
    assert alike["now"] == pytest.approx(single["now"])
    assert alike["high"] - alike["low"] > 1.8 * (single["high"] - single["low"])
    with pytest.raises(NotEnoughDataError, match="do not cover the month"):
        regression_to_mean(outcomes_of(frame, pre_seen=10))
    with pytest.raises(NotEnoughDataError, match="left alone"):
        regression_to_mean(outcomes_of(frame.drop(columns="unit").iloc[190:]))


def test_nobody_is_dropped_and_few_groups_say_nothing_of_luck():
    frame = pd.DataFrame({
        "arm": ["control"] * 100 + ["treated"] * 100,
        "month_orders": [2.0] * 50 + [1.0] + [0.0] * 49 + [2.0] * 50 + [0.0] * 50,
        "orders": [float(k % 3) for k in range(200)],
    })  # fmt: skip
    table = regression_to_mean(outcomes_of(frame)).table
    assert table["people"].sum() == 200
    alone = table[(table["side"] == "alone") & (table["band"] == 1)].iloc[0]
    assert (alone["people"], alone["status"]) == (1, "too_few")
    assert (
        table[table["status"] == "too_few"][["before", "now", "low", "high"]].isna().all(axis=None)
    )
    grouped = frame.assign(unit=[f"g{k // 20}" for k in range(200)])
    with pytest.raises(NotEnoughDataError, match="groups were left alone"):
        regression_to_mean(outcomes_of(grouped, "clustered"))
