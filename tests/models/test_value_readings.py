"""Value without end and value corrected by the backtest, against sums and integrals by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

import commlab as cl
from commlab.errors import NotEnoughDataError
from commlab.models._parameter_draws import parameter_draws, with_parameters
from commlab.models.nbd import NBDModel
from tests.models.test_clv import valued

YEAR = 365.2425 / 7


def test_residual_value_is_the_integral_of_purchases_to_come() -> None:
    rows, _, purchases, spend = valued(0)
    rows = rows.head(40)
    rows.attrs["time_unit"] = "W"
    found = cl.models.residual_value(rows, purchases, spend, horizon=26, discount_rate=0.15)
    delta = np.log(1.15) / YEAR
    margin = spend.expected_spend(rows).to_numpy()

    def until(t: float) -> float:
        return float(purchases.expected_purchases(rows, t) @ margin)

    # By parts: ∫ e^(−δt) dE(t) = δ ∫ e^(−δt) E(t) dt.
    ever = integrate.quad(lambda t: delta * np.exp(-delta * t) * until(t), 0, 15_000, limit=500)[0]
    first = integrate.quad(lambda t: delta * np.exp(-delta * t) * until(t), 0, 26)[0]
    first += np.exp(-delta * 26) * until(26)
    assert found.mean.value == pytest.approx(ever / 40, rel=1e-3)
    assert found.beyond.value == pytest.approx(1 - first / ever, rel=1e-3)
    assert found.mean.low < found.mean.value < found.mean.high


@pytest.mark.slow
def test_its_interval_is_that_of_draws_of_the_parameters() -> None:
    rows, _, purchases, spend = valued(1)
    rows = rows.head(12)
    rows.attrs["time_unit"] = "W"
    found = cl.models.residual_value(rows, purchases, spend, discount_rate=0.15).mean
    delta = np.log(1.15) / YEAR
    pairs = zip(with_parameters(purchases, parameter_draws(purchases, 400, 5)),
                with_parameters(spend, parameter_draws(spend, 400, 6)), strict=True)  # fmt: skip
    drawn = [float(one.dert(rows, delta) @ two.expected_spend(rows)) / 12 for one, two in pairs]
    low, high = np.quantile(drawn, [0.025, 0.975])
    width = np.log(high / low)
    assert np.log(found.high / found.low) == pytest.approx(width, rel=0.25)


def test_no_value_without_end_where_nothing_ends_it() -> None:
    rows, _, purchases, spend = valued(0)
    with pytest.raises(NotEnoughDataError, match="without a discount rate"):
        cl.models.residual_value(rows, purchases, spend, discount_rate=0.0)
    with pytest.raises(NotEnoughDataError, match="nobody is seen to leave"):
        cl.models.residual_value(rows, NBDModel().fit(rows), spend)


@dataclasses.dataclass(frozen=True)
class Earlier:
    scores: pd.DataFrame
    chosen: str = "mbg"


def earlier(came: list[float], said: list[float]) -> Earlier:
    """Tests of 13 weeks each, one after the other."""
    days = [dt.date(2026, 3, 30) - dt.timedelta(weeks=13 * place) for place in range(len(came))]
    return Earlier(
        pd.DataFrame({"method": "mbg", "cutoff": days, "actual": came, "predicted": said})
    )


def test_a_total_is_corrected_by_what_came_over_what_was_expected() -> None:
    _, worth, *_ = valued(0)
    total = worth.total
    found = cl.models.corrected_total(worth, earlier([80.0, 160, 240], [100.0, 200, 300]), 13)
    # The same miss on every day: the point moves, the interval is the model's own, on a log scale.
    assert found.value == pytest.approx(0.8 * total.value)
    assert found.high / found.low == pytest.approx(total.high / total.low, rel=1e-6)
    moved = cl.models.corrected_total(worth, earlier([80.0, 240, 240], [100.0, 200, 300]), 13)
    assert moved.value == pytest.approx(560 / 600 * total.value)
    assert moved.high / moved.low > 2 * found.high / found.low
    served = dataclasses.replace(worth, service=1.0)
    less = cl.models.corrected_total(served, earlier([80.0, 160, 240], [100.0, 200, 300]), 13)
    n = len(worth.people)
    assert less.value == pytest.approx(0.8 * (total.value + n) - n)
    with pytest.raises(NotEnoughDataError, match="must be 3"):
        cl.models.corrected_total(worth, earlier([80.0], [100.0]), 13)


def test_corrected_totals_of_worlds_hold_what_came() -> None:
    """Worlds in which the model is wrong by one factor on every day, today's too."""
    rng, inside = np.random.default_rng(3), 0
    for seed in range(12):
        rows, worth, *_ = valued(seed)
        factor = rng.lognormal(0.2, 0.1, 5)  # four earlier days, and now
        said = np.full(4, 100.0)
        found = cl.models.corrected_total(worth, earlier(list(said * factor[:4]), list(said)), 13)
        inside += found.low <= rows["came"].sum() * factor[4] <= found.high
    assert inside >= 8  # 99.9 % range of Binomial(12, .95)
