"""NBD against scipy's own distribution, planted worlds, and the models that it is a limit of."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import commlab as cl
from commlab.errors import NotEnoughDataError
from commlab.models import _betageo, nbd
from commlab.models._btyd_data import Customers
from tests.models.btyd_data import cdnow
from tests.models.test_backtest_purchases import cdnow_history

R, ALPHA = 0.8, 10.0


def world(seed: int, n: int = 1500) -> pd.DataFrame:
    """Customers who never leave, in continuous time, observed for 10 to 50 weeks."""
    rng = np.random.default_rng(seed)
    T = rng.integers(70, 350, n) / 7
    x = rng.poisson(rng.gamma(R, 1 / ALPHA, n) * T)
    # The last of x moments spread evenly over T.
    return pd.DataFrame({"frequency": x, "recency": T * rng.beta(np.maximum(x, 1), 1) * (x > 0),
                         "T": T})  # fmt: skip


def test_likelihood_is_that_of_counts_and_moments() -> None:
    """P(x within T) by scipy, times the density of x ordered moments that are spread evenly."""
    rows = world(1, 200)
    model = nbd.NBDModel().fit(rows)
    r, alpha = model.params_
    x, T = rows["frequency"].to_numpy(), rows["T"].to_numpy()
    counts = stats.nbinom.logpmf(x, r, alpha / (alpha + T))
    moments = np.array([np.log(np.arange(1, k + 1)).sum() for k in x]) - x * np.log(T)
    np.testing.assert_allclose(model.log_likelihood(rows), counts + moments, rtol=1e-10)
    assert model.log_likelihood_ == pytest.approx((counts + moments).sum(), rel=1e-12)
    best = stats.nbinom.logpmf(x, r * 1.02, alpha / (alpha + T)).sum()
    assert best < counts.sum() > stats.nbinom.logpmf(x, r, 1.02 * alpha / (1.02 * alpha + T)).sum()


def test_derivatives() -> None:
    rows = world(2, 300)
    customers = Customers(*(rows[name].to_numpy(float) for name in ("frequency", "recency", "T")),
                          np.ones(300))  # fmt: skip
    point, step = np.log([0.5, 4.0]), 1e-5
    _, gradient, hessian = nbd._log_likelihood(point, customers, derivatives=True)
    for k in range(2):
        move = step * np.eye(2)[k]
        up, down = (nbd._log_likelihood(point + s * move, customers, derivatives=True)
                    for s in (1, -1))  # fmt: skip
        assert gradient[k] == pytest.approx((up[0] - down[0]) / (2 * step), rel=1e-6)
        np.testing.assert_allclose(hessian[k], (up[1] - down[1]) / (2 * step), rtol=1e-6)


def test_intervals_hold_what_was_planted() -> None:
    held = np.zeros(2, dtype=int)
    for seed in range(60):
        ends = nbd.NBDModel().fit(world(seed, 800)).confidence_intervals()
        held += ((ends["low"] <= [R, ALPHA]) & (ends["high"] >= [R, ALPHA])).to_numpy()
    low, high = stats.binom.interval(0.999, 60, 0.95)
    assert ((held >= low) & (held <= high)).all(), held


def test_it_is_what_bg_becomes_when_nobody_leaves() -> None:
    rows = world(3, 400)
    x, tx, T = (rows[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    limit = _betageo.log_likelihood((R, ALPHA, 1e-9, 1e9), x, tx, T, 0)
    own = nbd.NBDModel()._row_log_likelihood((R, ALPHA), x, tx, T)
    np.testing.assert_allclose(own, limit, rtol=1e-9)
    fit = nbd.NBDModel().fit(cdnow())
    assert fit.log_likelihood_ < -9582.42921 - 50  # people leave CDNOW: one parameter tells it


def test_what_customers_will_do() -> None:
    rows = pd.DataFrame({"frequency": [0.0, 3, 40], "recency": [0.0, 12, 30], "T": [5.0, 20, 31]})
    model = nbd.NBDModel().fit(world(4))
    r, alpha = model.params_
    for place, row in rows.iterrows():
        rate = stats.gamma(r + row["frequency"], scale=1 / (alpha + row["T"]))
        mean = rate.expect(lambda w: 13 * w)
        none = rate.expect(lambda w: np.exp(-13 * w))
        worth = integrate.quad(lambda s: np.exp(-0.002 * s), 0, 26)[0] * rate.mean()
        ahead = rows.loc[[place]]
        assert model.expected_purchases(ahead, 13).iloc[0] == pytest.approx(mean, rel=1e-6)
        again = model.probability_of_purchase(ahead, 13).iloc[0]
        assert 1 - again == pytest.approx(none, rel=1e-6)
        assert model.dert(ahead, 0.002, 26).iloc[0] == pytest.approx(worth, rel=1e-9)
        assert model.dert(ahead, 0.002).iloc[0] == pytest.approx(rate.mean() / 0.002, rel=1e-9)
    chance = model.purchase_pmf(range(200), 13, rows)
    np.testing.assert_allclose(chance.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(chance[0], 1 - model.probability_of_purchase(rows, 13), rtol=1e-9)
    drawn = model.sample_purchases(rows, 13, draws=20_000, seed=5)
    error = 4 * drawn.std(axis=0) / 20_000**0.5
    assert (np.abs(drawn.mean(axis=0) - model.expected_purchases(rows, 13)) < error).all()


def test_a_world_without_leaving_is_left_to_it() -> None:
    """BG runs to its bound and is out, or gives the same and is no better."""
    found = []
    for seed in range(3):
        rows = world(seed, 1000)
        rng = np.random.default_rng(100 + seed)
        shape, scale = R + rows["frequency"], 1 / (ALPHA + rows["T"])
        rows["holdout"], rows["last"] = rng.poisson(rng.gamma(shape, scale) * 13), 0
        day = dt.date(2026, 1, 1) - dt.timedelta(days=28 * seed)
        found.append(dataclasses.replace(cdnow_history(), cutoff=day, horizon=13.0, customers=rows))
    told = cl.models.purchase_backtest(found, models=("bg", "nbd"))
    assert told.reason == "ok"
    scores = told.summary().set_index("method")["log_score"]
    assert told.chosen == "nbd" or scores["bg"] - scores["nbd"] < 0.002
    assert told.left_out in ((), ("bg",))
    assert abs(told.words()["bias"]) < 0.1


def test_lifetimes_has_no_such_model() -> None:
    with pytest.raises(NotEnoughDataError, match="lifetimes has no model"):
        cl.models.beside_lifetimes(cdnow(), "nbd")
