"""Revenue retention against a walk through the orders."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import metrics

from . import reference

AS_OF = "2026-06-24"


def rows_of(orders):
    records = orders.to_dict("records")
    for row in records:
        row["paid_at"] = row["paid_at"].to_pydatetime()
        back = row["refunded_at"]
        row["refunded_at"] = None if pd.isna(back) else back.to_pydatetime()
    return records


@pytest.mark.parametrize("unit", ["month", "week"])
def test_equals_a_walk_through_the_orders(make_dataset, unit):
    world = reference.random_world(5, people=300)
    ds = make_dataset(world, as_of=AS_OF)
    frame = metrics.revenue_retention(ds, cohort=unit, min_at_risk=1)
    expected = reference.revenue(
        reference.anchors_of(world["members"]),
        rows_of(world["orders"]),
        dt.date.fromisoformat(AS_OF),
        unit,
    )
    known = frame[~frame["status"].isin(["open", "before_data"])]
    got = {(row.cohort.date(), row.period): (row.revenue, row.base) for row in known.itertuples()}
    assert got.keys() == expected.keys()
    for key, pair in expected.items():
        assert got[key] == pytest.approx(pair, abs=1e-6), key
    ok = frame[frame["status"] == "ok"]
    np.testing.assert_allclose(ok["rate"], ok["revenue"] / ok["base"], rtol=1e-12)
    assert (ok.loc[ok["period"] == 0, ["rate", "low", "high"]] == 1).all(axis=None)
    later = ok[ok["period"] > 0]
    assert len(later) > 5 or unit == "week"
    assert ((later["low"] < later["rate"]) & (later["rate"] < later["high"])).all()
    assert (ok["buyers"] >= 5).all()
    few = frame[frame["status"] == "too_few"]
    assert len(few)
    assert few["rate"].isna().all()
    assert few["revenue"].notna().all()
    assert (frame.loc[frame["status"] == "no_base", "base"] <= 0).all()
    opened = frame[frame["status"] == "open"]
    assert opened[["at_risk", "revenue", "base", "rate"]].isna().all(axis=None)


def test_interval_is_the_delta_method_over_members(make_dataset):
    rng = np.random.default_rng(0)
    n = 400
    first, second = rng.lognormal(3, 1, n).round(2), rng.lognormal(2, 1, n).round(2)
    second[rng.random(n) < 0.5] = 0
    ids = [f"m{i:03d}" for i in range(n)]
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(2 * n)],
            "member_id": ids * 2,
            "paid_at": ["2026-01-10"] * n + ["2026-02-10"] * n,
            "amount": np.concatenate([first, second]),
        }
    )
    ds = make_dataset({"orders": orders}, as_of="2026-02-28")
    row = metrics.revenue_retention(ds, anchor="first_order").iloc[1]
    ratio = second.sum() / first.sum()
    error = np.std(second - ratio * first, ddof=1) / np.sqrt(n) / first.mean()
    from scipy.stats import t

    assert row["rate"] == pytest.approx(ratio, rel=1e-12)
    factor = np.exp(t.ppf(0.975, n - 1) * error / ratio)
    assert row["high"] == pytest.approx(ratio * factor, rel=1e-9)
    assert row["low"] == pytest.approx(ratio / factor, rel=1e-9)


def test_refunds_count_when_they_were_made(make_dataset):
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "member_id": ["a", "b", "a"],
            "paid_at": ["2026-01-10", "2026-01-11", "2026-02-02"],
            "amount": [100, 50, 30],
            "refund_amount": [40, 10, 0],
            "refunded_at": ["2026-02-05", None, None],
        }
    )
    for as_of, nets in (("2026-01-31", [140.0]), ("2026-02-28", [140.0, -10.0])):
        ds = make_dataset({"orders": orders}, as_of=as_of)
        frame = metrics.revenue_retention(ds, anchor="first_order", min_at_risk=1)
        assert frame["revenue"].tolist() == nets
        assert frame["base"].tolist() == [140.0] * len(nets)


def test_split_adds_up_and_nothing_before_the_anchor_counts(make_dataset):
    world = reference.random_world(6)
    ds = make_dataset(world, as_of=AS_OF)
    whole = metrics.revenue_retention(ds, min_at_risk=1).dropna(subset=["revenue"])
    parts = metrics.revenue_retention(ds, split="channel", min_at_risk=1).dropna(subset=["revenue"])
    sums = parts.groupby(["cohort", "period"])["revenue"].sum()
    np.testing.assert_allclose(
        sums.to_numpy(), whole.set_index(["cohort", "period"])["revenue"].to_numpy(), atol=1e-6
    )
