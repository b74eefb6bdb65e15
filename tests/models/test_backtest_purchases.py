"""Backtests of purchase models: CDNOW's published holdout, and worlds whose answer is known."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import NotEnoughDataError
from tests.models.btyd_data import CUT, cdnow, occasions


@dataclasses.dataclass(frozen=True)
class History:
    cutoff: dt.date
    horizon: float
    customers: pd.DataFrame
    weekly: pd.DataFrame


@functools.cache
def cdnow_history() -> History:
    """CDNOW as the papers split it, its weeks counted from the first day of 1997."""
    rows = occasions()
    first = rows.groupby("id")["day"].transform("min")
    again = rows[rows["day"] > first]
    week = np.ceil((again["day"] - CUT).dt.days / 7).astype(int)
    total = week.value_counts().sort_index().reindex(range(week.min(), 40), fill_value=0).cumsum()
    weekly = pd.DataFrame({"week": total.index, "actual": total.to_numpy()})
    return History(CUT.date(), 39.0, cdnow(), weekly)


@functools.cache
def scored():
    return cl.models.purchase_backtest([cdnow_history()])


# Σ, bias, MAE, RMSE of the holdout of 39 weeks.
HOLDOUT = {
    "bg": (1653.4, -0.121, 0.786, 1.608),
    "mbg": (1576.7, -0.162, 0.765, 1.607),
    "pnbd": (1665.5, -0.115, 0.755, 1.603),
    "past_rate": (2930.1, 0.557, 1.024, 2.212),
}


@pytest.mark.parametrize("method", HOLDOUT)
def test_cdnow_gives_the_published_holdout(method: str) -> None:
    row = scored().scores.set_index("method").loc[method]
    total, bias, mae, rmse = HOLDOUT[method]
    assert (row["customers"], row["actual"]) == (2357, 1882)
    assert row["predicted"] == pytest.approx(total, abs=0.05)
    assert row["bias"] == pytest.approx(bias, abs=6e-4)
    assert row["mae"] == pytest.approx(mae, abs=6e-4)
    assert row["rmse"] == pytest.approx(rmse, abs=6e-4)


def test_cdnow_by_frequency() -> None:
    bins = scored().bins
    bg = bins[bins["method"] == "bg"].sort_values("frequency")
    assert bg["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    actual = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]
    np.testing.assert_allclose(bg["actual_mean"], actual, atol=6e-5)
    expected = [0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570]
    np.testing.assert_allclose(bg["predicted_mean"], expected, atol=2e-4)


def test_total_of_cdnow_is_missed_without_the_parameters_uncertainty() -> None:
    rows = scored().coverage.query("method == 'bg'").set_index(["what", "level"])
    fixed, whole = rows.loc[("total_fixed", 0.95)], rows.loc[("total", 0.95)]
    # 90 % of it is 1538–1772 by draws: half its width is 1.645 standard deviations.
    half = (1772 - 1538) / 2 / 1.6449 * 1.95996
    assert (fixed["high"] - fixed["low"]) / 2 == pytest.approx(half, rel=0.06)
    assert fixed["covered"] == 0
    assert whole["high"] - whole["low"] > fixed["high"] - fixed["low"]


def test_individual_intervals_cover_at_least_what_they_promise() -> None:
    rows = scored().coverage.query("what == 'individual'")
    assert len(rows) == 12
    for _, row in rows.iterrows():
        noise = 3 * np.sqrt(row["level"] * (1 - row["level"]) / 2357)
        assert row["covered"] >= row["level"] - noise, row.to_dict()


def test_log_score_is_the_mean_log_chance() -> None:
    model = cl.models.BetaGeoModel().fit(cdnow())
    chance = model.purchase_pmf(range(60), 39, cdnow()).to_numpy()
    own = np.log(chance[np.arange(2357), cdnow()["holdout"].to_numpy()]).mean()
    assert scored().scores.set_index("method").loc["bg", "log_score"] == pytest.approx(own)
    scores = scored().summary().dropna(subset="log_score")
    assert scores["log_score"].is_monotonic_decreasing
    assert scored().chosen == scores["method"].iloc[0]


def test_grouped_customers_give_the_same() -> None:
    one = cdnow_history()
    key = ["frequency", "recency", "T", "holdout"]
    grouped = one.customers.groupby(key).size().rename("weight").reset_index()
    again = cl.models.purchase_backtest([dataclasses.replace(one, customers=grouped)])
    numbers = ["predicted", "bias", "mae", "rmse", "log_score"]
    np.testing.assert_allclose(again.scores[numbers], scored().scores[numbers], rtol=1e-5)


def test_tracking_follows_the_published_weeks() -> None:
    # Weeks of 1997 begin with its first day: those of the cutoff (day 272) end a day later.
    rows = scored().tracking.query("method == 'bg'").set_index("week")
    assert rows.loc[39, "actual"] == 2457 + 1882
    assert rows.loc[0, "actual"] == 2457
    model, data = cl.models.BetaGeoModel().fit(cdnow()), cdnow()
    for week in (-10, 0, 20):
        age = np.maximum(data["T"].to_numpy() + week, 0)
        own = model.expected_purchases_new_customer(age).sum()
        assert rows.loc[week, "predicted"] == pytest.approx(own, rel=1e-6)
    assert rows["predicted_week"].sum() == pytest.approx(rows["predicted"].iloc[-1])


def test_a_world_in_which_the_mean_of_all_is_right_says_so() -> None:
    """After the cutoff everybody buys at the one rate of all: no history tells anything."""
    one = cdnow_history()
    rate = one.customers["frequency"].sum() / one.customers["T"].sum()
    found = []
    for place in range(3):
        came = np.random.default_rng(place).poisson(39 * rate, len(one.customers))
        rows = one.customers.assign(holdout=came, last=0)
        day = one.cutoff - dt.timedelta(days=28 * place)
        found.append(dataclasses.replace(one, cutoff=day, customers=rows))
    told = cl.models.purchase_backtest(found, models=["bg"])
    assert (told.reason, told.baseline, told.cutoffs) == ("baseline_as_good", "population_mean", 3)
    assert scored().reason == "too_few_cutoffs"
    assert "last_period" not in set(scored().scores["method"])  # its history does not say
    assert not scored().beaten


def test_no_cutoff_to_score_is_refused_with_its_reason() -> None:
    few = cdnow().head(60)
    history = dataclasses.replace(cdnow_history(), customers=few)
    with pytest.raises(NotEnoughDataError, match="repeat buyers"):
        cl.models.purchase_backtest([history])
