"""Survey waves against statsmodels; full price by hand; scenarios by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from commlab import errors, metrics
from commlab.estimate import Estimate

AS_OF = dt.date(2026, 6, 30)


def surveys(rng, n=80):
    member = rng.random(n) < 0.5
    return pd.DataFrame(
        {"respondent_id": [f"r{i}" for i in range(n)],
         "member_id": [f"m{i}" if m else None for i, m in enumerate(member)], "wave": "w1",
         "at": "2026-03-01", "question": "satisfaction",
         "score": rng.integers(1, 6, n).astype(float),
         "weight": rng.choice([0.5, 1.0, 2.5], n)}
    )  # fmt: skip


def test_weighted_means_and_errors(make_dataset):
    answers = surveys(np.random.default_rng(2))
    found = metrics.survey_waves(make_dataset({"surveys": answers, "orders": order()},
                                              as_of=AS_OF)).iloc[0]  # fmt: skip
    for side, rows in (("in", answers[answers["member_id"].notna()]),
                       ("out", answers[answers["member_id"].isna()])):  # fmt: skip
        x, w = rows["score"].to_numpy(), rows["weight"].to_numpy()
        mean = DescrStatsW(x, weights=w).mean
        assert found[f"members_{side}"] == len(rows)
        assert found[f"mean_{side}"] == pytest.approx(mean)
        variance = (w**2 * (x - mean) ** 2).sum() / w.sum() ** 2 * len(x) / (len(x) - 1)
        assert found[f"mean_{side}_high"] - mean == pytest.approx(
            1.959964 * variance**0.5, rel=1e-6
        )
    assert found["difference"] == pytest.approx(found["mean_in"] - found["mean_out"])


def order():
    return pd.DataFrame({"order_id": ["o1"], "member_id": ["m1"], "paid_at": ["2026-01-03"],
                         "amount": [10.0]})  # fmt: skip


def test_weights_undo_that_the_livelier_answer_more_often(make_dataset):
    """Lively members say 5 and answer twice as often; weights of ½ give 4, the planted mean."""
    rows = [(f"a{k}", f"m{k}", 5.0, 0.5) for k in range(80)]
    rows += [(f"b{k}", f"n{k}", 3.0, 1.0) for k in range(40)]
    rows += [(f"c{k}", None, 3.0 + k % 2, None) for k in range(60)]
    answers = pd.DataFrame(rows, columns=["respondent_id", "member_id", "score", "weight"])
    answers = answers.assign(wave="w1", at="2026-03-01", question="satisfaction")
    found = metrics.survey_waves(make_dataset({"surveys": answers, "orders": order()},
                                              as_of=AS_OF)).iloc[0]  # fmt: skip
    assert found["mean_in"] == pytest.approx(4.0)
    assert found["mean_out"] == pytest.approx(3.5)
    assert found["flagged"]


def test_nps_is_promoters_less_detractors_and_few_say_nothing(make_dataset):
    scores = [10] * 20 + [9] * 10 + [8] * 5 + [6] * 5  # 30 of 40 less 5 of 40
    answers = pd.DataFrame(
        {"respondent_id": [f"r{k}" for k in range(60)],
         "member_id": [f"m{k}" if k < 40 else None for k in range(60)], "wave": "w1",
         "at": "2026-03-01", "question": "nps", "score": [*scores, *[7.0] * 20]}
    )  # fmt: skip
    tables = {"surveys": answers, "orders": order()}
    found = metrics.survey_waves(make_dataset(tables, as_of=AS_OF), min_people=20).iloc[0]
    assert found["mean_in"] == pytest.approx(62.5)
    assert found["mean_out"] == pytest.approx(0.0)
    few = metrics.survey_waves(make_dataset(tables, as_of=AS_OF)).iloc[0]
    assert few["status"] == "too_few"
    assert np.isnan(few["mean_in"])


def test_full_price_by_hand(make_dataset):
    rows = []
    for k in range(40):  # members: 60 of 160 list price each at full price
        rows += [(f"m{k}", 60.0, 60.0, "regular"), (f"m{k}", 80.0, 100.0, "regular"),
                 (f"m{k}", 1.0, 100.0, "trial")]  # fmt: skip
    rows += [(None, 50.0, 50.0 if k < 10 else 100.0, "regular") for k in range(40)]
    orders = pd.DataFrame(rows, columns=["member_id", "amount", "list_amount", "kind"])
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], paid_at="2026-05-01")
    found = metrics.brand_premium(make_dataset({"orders": orders}, as_of=AS_OF))
    found = found.set_index(["measure", "segment"])
    assert found.loc[("full_price", "in"), "rate"] == pytest.approx(60 / 160)
    assert found.loc[("discount", "in"), "rate"] == pytest.approx(20 / 160)
    assert found.loc[("full_price", "in"), "high"] == pytest.approx(60 / 160)  # all alike
    assert found.loc[("full_price", "out"), "rate"] == pytest.approx(500 / 3500)
    assert found.loc[("discount", "out"), "rate"] == pytest.approx(1500 / 3500)
    assert found.loc[("full_price", "out"), "low"] < 500 / 3500
    assert found["buyers"].tolist() == [40] * 4
    with pytest.raises(errors.NotEnoughDataError, match="list_amount"):
        metrics.brand_premium(make_dataset({"orders": orders.drop(columns="list_amount")},
                                           as_of=AS_OF))  # fmt: skip


def test_scenarios_are_arithmetic_on_what_is_stated():
    figures = {
        "ratio": Estimate(value=1.25, low=1.0, high=1.5, n=90, unit="ratio"),
        "value": Estimate(value=100.0, low=0.0, high=200.0, n=90, unit="money"),
        "margin": Estimate(value=500.0, low=400.0, high=600.0, n=90, unit="money"),
        "spent": Estimate.count(400.0, unit="money"),
    }
    table = metrics.scenarios(figures, (0.5, 1.0), margin_change=0.1, cost_change=-0.25)
    assert table["value"].tolist() == pytest.approx([275 - 300, 550 - 300])
    assert table["low"].tolist() == pytest.approx([220 - 300, 440 - 300])
    assert table["spent"].tolist() == pytest.approx([300, 300])
    needed = metrics.needed_share(figures)
    assert (needed.value, needed.low, needed.high) == pytest.approx((0.8, 2 / 3, 1.0))
    assert metrics.read_shares(" 0.5, 0.2 ") == (0.2, 0.5)
    for bad in ("a", "0", "1.2"):
        with pytest.raises(errors.ArgumentError, match="shares"):
            metrics.read_shares(bad)
