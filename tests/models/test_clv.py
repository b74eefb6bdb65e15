"""Lifetime value: planted worlds whose value is known, and what must hold of its parts."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, CommlabWarning, DataError, NotEnoughDataError
from commlab.models._parameter_draws import parameter_draws, with_parameters
from tests.models.btyd_data import cdnow

R, ALPHA, A, B = 0.8, 8.0, 0.9, 4.0  # purchases a week while alive: 1 in 10
P, Q, V = 4.0, 5.0, 60.0  # mean margin 60


def world(seed: int, n: int = 1500, span: float = 52.0, ahead: float = 26.0) -> pd.DataFrame:
    """Customers of an MBG/NBD world with Gamma–Gamma margins, and what they left after `span`."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        rate, leave = rng.gamma(R, 1 / ALPHA), rng.beta(A, B)
        scale = rng.gamma(Q, 1 / V)
        age, time, seen, after, last = rng.uniform(10, span), 0.0, [], [], 0.0
        while rng.random() >= leave:  # he may leave after each purchase, the first one too
            time += rng.exponential(1 / rate)
            if time > age + ahead:
                break
            margin = rng.gamma(P, 1 / scale)
            if time <= age:
                seen.append(margin)
                last = time
            else:
                after.append(margin)
        rows.append((len(seen), last, age, np.mean(seen) if seen else 0.0, sum(after)))
    columns = ["frequency", "recency", "T", "monetary_value", "came"]
    out = pd.DataFrame(rows, columns=columns)
    out.attrs["time_unit"] = "W"
    return out


@functools.cache
def valued(seed: int):
    rows = world(seed)
    rows["segment"] = np.where(np.arange(len(rows)) % 3 == 0, "third", "rest")
    rows.attrs["time_unit"] = "W"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CommlabWarning)
        purchases = cl.models.ModifiedBetaGeoModel().fit(rows)
        spend = cl.models.GammaGammaModel().fit(rows)
    worth = cl.models.lifetime_value(
        rows, purchases, spend, horizon=26, discount_rate=0.0, draws=100, seed=seed
    )
    return rows, worth, purchases, spend


SEEDS = range(12)


def test_totals_and_segments_of_planted_worlds_are_inside_their_intervals() -> None:
    total = segments = 0
    for seed in SEEDS:
        rows, worth, *_ = valued(seed)
        total += worth.total.low <= rows["came"].sum() <= worth.total.high
        own = worth.segments.set_index("segment")
        came = rows.groupby("segment")["came"].mean()
        segments += int(((own["low"] <= came) & (came <= own["high"])).sum())
    # 99.9 % range of Binomial(12, .95) begins at 8, that of 24 at 18.
    assert total >= 8
    assert segments >= 18


def test_people_are_inside_their_intervals() -> None:
    inside = []
    for seed in SEEDS:
        rows, worth, *_ = valued(seed)
        inside.append(((worth.people["low"] <= rows["came"] + 1e-9)
                       & (rows["came"] <= worth.people["high"])).mean())  # fmt: skip
    # Most leave nothing, where the interval begins: at least the promised share is inside.
    assert np.mean(inside) >= 0.945


def test_the_mean_over_worlds_is_unbiased() -> None:
    ratio = [valued(seed)[1].total.value / valued(seed)[0]["came"].sum() for seed in SEEDS]
    assert np.mean(ratio) == pytest.approx(1, abs=3 * np.std(ratio, ddof=1) / len(ratio) ** 0.5)


def test_value_is_discounted_purchases_times_margin_less_service() -> None:
    rows, _, purchases, spend = valued(0)
    worth = cl.models.lifetime_value(
        rows, purchases, spend, horizon=26, discount_rate=0.15, service_cost=0.5, draws=20
    )
    rate = np.log(1.15) / (365.2425 / 7)
    by_hand = purchases.dert(rows, rate, 26) * spend.expected_spend(rows)
    service = 0.5 * (1 - np.exp(-26 * rate)) / rate
    np.testing.assert_allclose(worth.people["value"], by_hand - service)
    assert worth.total.value == pytest.approx((by_hand - service).sum())
    assert worth.segments["total"].sum() == pytest.approx(worth.total.value)
    assert worth.people["low"].min() == pytest.approx(-service)


def test_same_seed_same_ends_and_input_unchanged() -> None:
    rows, worth, purchases, spend = valued(0)
    before = rows.copy()
    again = cl.models.lifetime_value(
        rows, purchases, spend, horizon=26, discount_rate=0.0, draws=100, seed=0
    )
    pd.testing.assert_frame_equal(again.people, worth.people)
    pd.testing.assert_frame_equal(rows, before)


def test_value_at_risk() -> None:
    _, worth, purchases, _ = valued(0)
    listed = cl.models.at_risk(worth, purchases, 13)
    away = 1 - purchases.probability_of_purchase(worth.people, 13)
    np.testing.assert_allclose(listed["value_at_risk"], worth.people["gross"] * away)
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        worth.value_at_risk(np.full(len(worth.people), 1.2))


def test_a_new_customer_is_worth_his_first_purchase_and_those_after_it() -> None:
    _, _, purchases, spend = valued(0)
    first = np.array([50.0, 70.0] * 100)
    plain = cl.models.new_customer_value(first, purchases, spend, horizon=26, discount_rate=0.0)
    later = float(purchases.expected_purchases_new_customer(26.0)) * spend.mean_spend_
    assert plain.value == pytest.approx(60 + later, rel=1e-9)
    less = cl.models.new_customer_value(
        first, purchases, spend, horizon=26, discount_rate=0.0, service_cost=1, acquisition_cost=9
    )
    assert less.value == pytest.approx(plain.value - 26 - 9)
    assert plain.low < plain.value < plain.high


def test_a_rate_needs_to_know_its_unit() -> None:
    rows, _, purchases, spend = valued(0)
    bare = rows.copy()
    bare.attrs = {}
    with pytest.raises(DataError, match="unit"):
        cl.models.lifetime_value(bare, purchases, spend)


def test_untested_models_are_not_used() -> None:
    with pytest.raises(NotEnoughDataError, match="no earlier day"):
        cl.models.value_models(cdnow(), None)


def test_parameter_draws_follow_the_likelihood() -> None:
    """Their spread is that of the profile likelihood, on a fit that is well known."""
    model = cl.models.BetaGeoModel().fit(cdnow())
    drawn = parameter_draws(model, 2000, seed=1)
    params = np.array([one.params_.to_numpy() for one in with_parameters(model, drawn[:500])])
    ends = model.confidence_intervals_
    for place, name in enumerate(model.parameters):
        low, high = np.quantile(params[:, place], [0.025, 0.975])
        width = ends.loc[name, "high"] - ends.loc[name, "low"]
        assert abs(low - ends.loc[name, "low"]) < 0.15 * width, name
        assert abs(high - ends.loc[name, "high"]) < 0.25 * width, name


def test_lifetimes_stands_beside() -> None:
    table = cl.models.beside_lifetimes(cdnow(), "bg", 39.0).set_index("parameter")
    assert table.loc["expected_purchases", "own"] == pytest.approx(1653.4, abs=0.05)
    np.testing.assert_allclose(table["lifetimes"], table["own"], rtol=5e-4)
    inside = table.dropna(subset="own_low")
    assert ((inside["own_low"] < inside["own"]) & (inside["own"] < inside["own_high"])).all()


def test_many_customers_are_drawn_by_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of a few hundred drawn customers, stretched, are those of everybody drawn."""
    from commlab.models import _value_draws

    rows, _, purchases, spend = valued(1)
    ask = functools.partial(
        cl.models.lifetime_value, rows, purchases, spend, horizon=26, discount_rate=0.0,
        draws=400, seed=3,
    )  # fmt: skip
    full = ask()
    monkeypatch.setattr(_value_draws, "MOST", 600)
    monkeypatch.setattr(_value_draws, "TOP", 300)
    few = ask()
    assert few.total.value == pytest.approx(full.total.value, rel=1e-12)
    for one, all_ in ((few.total, full.total),):
        assert one.low == pytest.approx(all_.low, rel=0.03)
        assert one.high == pytest.approx(all_.high, rel=0.03)
    wide = few.segments["high"] - few.segments["low"]
    np.testing.assert_allclose(wide, full.segments["high"] - full.segments["low"], rtol=0.15)
    drawn = few.people["low"].notna()
    # The most valuable have intervals of their own, and 200 of each segment at least.
    best = few.people["gross"].rank(ascending=False, method="first") <= 300
    assert drawn[best].all()
    assert (drawn & ~best).groupby(rows["segment"]).sum().min() >= 200
    assert drawn.sum() < len(rows)
