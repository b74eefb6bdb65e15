"""Net value by month and phase against a walk through orders; a break-even planted by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = dt.date(2026, 6, 17)
Z = 1.959963984540054


def world(seed, orders=400):
    rng = np.random.default_rng(seed)
    paid = pd.Timestamp("2025-12-01") + pd.to_timedelta(rng.integers(0, 230 * 24, orders), unit="h")
    frame = pd.DataFrame({"order_id": [f"o{i}" for i in range(orders)], "paid_at": paid,
                          "amount": np.round(rng.gamma(2, 40, orders), 2)})  # fmt: skip
    who = rng.integers(0, 90, orders)
    frame["member_id"] = [None if i % 7 == 0 else f"m{i}" for i in who]
    frame["buyer_status"] = [
        "unknown" if i % 7 == 0 else "non_member" if i % 11 == 0 else "member" for i in who
    ]
    frame["cost"] = (frame["amount"] * 0.4).round(2)
    frame["refund_amount"] = np.where(rng.random(orders) < 0.1, (frame["amount"] / 2).round(2), 0)
    costs = pd.DataFrame({"starts_on": [dt.date(2026, 1, 1), dt.date(2026, 2, 15)],
                          "ends_on": [dt.date(2026, 6, 30), dt.date(2026, 3, 20)],
                          "category": ["staff", "goods"], "amount": [9050.0, 5000.0]})  # fmt: skip
    return {"orders": frame, "costs": costs}


def left(orders):
    """Return what each order of a member leaves, by hand."""
    rows = orders[(orders["buyer_status"] == "member") & (orders["paid_at"].dt.date <= AS_OF)]
    net = rows["amount"] - rows["refund_amount"]
    return rows.assign(net=net, left=net - rows["cost"] * net / rows["amount"])


@pytest.mark.parametrize("seed", range(3))
def test_months_equal_a_walk_through_orders(make_dataset, seed):
    tables = world(seed)
    months = metrics.value_months(make_dataset(tables, as_of=AS_OF))
    rows = left(tables["orders"])
    assert months["month"].iloc[0] == pd.Timestamp("2026-01-01")  # costs begin
    running = {}
    total = 0.0
    for row in months.itertuples():
        own = rows[rows["paid_at"].dt.to_period("M") == row.month.to_period("M")]
        by_member = own.groupby("member_id")["left"].sum()
        assert row.buyers == len(by_member)
        assert row.net == pytest.approx(own["net"].sum(), abs=1e-6)
        days = min((AS_OF - row.month.date()).days + 1, row.month.days_in_month)
        assert row.spent == pytest.approx(50.0 * days, abs=0.011)  # 181 days at 50; no goods
        assert row.value == pytest.approx(own["left"].sum() - row.spent)
        half = Z * np.sqrt((by_member**2).sum())
        assert row.value_high - row.value == pytest.approx(half)
        total += own["left"].sum() - row.spent
        for who, x in by_member.items():
            running[who] = running.get(who, 0.0) + x
        assert row.running == pytest.approx(total)
        half = Z * np.sqrt(sum(x * x for x in running.values()))
        assert row.running - row.running_low == pytest.approx(half)
    assert months["status"].tolist() == ["ok"] * 5 + ["open"]


@pytest.mark.parametrize("seed", range(3))
def test_phases_add_up_to_the_whole_span(make_dataset, seed):
    tables = world(seed)
    ds = make_dataset(tables, as_of=AS_OF)
    edges = [dt.date(2026, 1, 3), dt.date(2026, 2, 11), dt.date(2026, 4, 1), dt.date(2026, 6, 18)]
    parts = metrics.value_phases(ds, edges)
    whole = metrics.value_phases(ds, [edges[0], edges[-1]]).iloc[0]
    for name in ("net", "margin", "spent", "value", "days"):
        assert parts[name].sum() == pytest.approx(whole[name])
    rows = left(tables["orders"])
    inside = rows[(rows["paid_at"].dt.date >= edges[1]) & (rows["paid_at"].dt.date < edges[2])]
    assert parts["margin"].iloc[1] == pytest.approx(inside["left"].sum())
    # A phase that is not over at as_of is left out.
    assert len(metrics.value_phases(ds, [*edges[:3], dt.date(2026, 7, 1)])) == 2


def planted(margin_by_month, spent_by_month):
    """Forty members who leave the same in every month, and a cost line a month."""
    starts = pd.date_range("2026-01-01", periods=len(margin_by_month), freq="MS")
    rows = [(f"m{k}", start + pd.Timedelta(days=3), x / 40)
            for start, x in zip(starts, margin_by_month, strict=True)
            for k in range(40)]  # fmt: skip
    orders = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount"])
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], cost=0.0)
    costs = pd.DataFrame({"starts_on": starts.date,
                          "ends_on": (starts + pd.offsets.MonthEnd(1)).date,
                          "category": "staff", "amount": spent_by_month})  # fmt: skip
    return {"orders": orders, "costs": costs}


def test_break_even_is_the_month_from_which_the_sum_stays_above_zero(make_dataset):
    # Running sums: -600, 200, -200, 600, 1400: above zero once in February, for good in April.
    tables = planted([400, 1200, 400, 1200, 1200], [1000, 400, 800, 400, 400])
    ds = make_dataset(tables, as_of="2026-05-31")
    months = metrics.value_months(ds)
    assert months["running"].round(6).tolist() == [-600, 200, -200, 600, 1400]
    found = metrics.break_even(months).iloc[0]
    assert found["month"] == pd.Timestamp("2026-04-01")
    # The 40 members leave 3200 by April, 80 each: 1.96 × 80 × √40 = 991.7; by May 4400: 1363.6.
    assert months["running_low"].iloc[3] == pytest.approx(600 - Z * 80 * 40**0.5)
    assert found["month_high"] == pd.Timestamp("2026-05-01")
    figures = metrics.return_figures(ds)
    assert figures["value"].value == pytest.approx(1400)
    assert figures["ratio"].value == pytest.approx(4400 / 3000)
    assert metrics.return_figures(ds, months=2)["value"].value == pytest.approx(1600)
    early = metrics.value_months(make_dataset(tables, as_of="2026-03-31"))
    assert pd.isna(metrics.break_even(early).iloc[0]["month"])


def test_intervals_cover_when_customers_come_by_chance(make_dataset):
    """200 worlds of one month: a Poisson number of buyers, each leaving 30 on average."""
    rng = np.random.default_rng(11)
    covered = 0
    starts = pd.date_range("2009-01-01", periods=200, freq="MS")
    rows = [(f"m{k}-{j}", start, x) for k, start in enumerate(starts)
            for j, x in enumerate(rng.gamma(2, 15, rng.poisson(150)).round(2))]  # fmt: skip
    orders = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount"])
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], cost=0.0)
    costs = pd.DataFrame({"starts_on": [starts[0].date()], "category": "staff", "amount": [1.0]})
    ds = make_dataset({"orders": orders, "costs": costs}, as_of="2025-08-31")
    months = metrics.value_months(ds)
    inside = (months["value_low"] + months["spent"] <= 150 * 30) & (
        months["value_high"] + months["spent"] >= 150 * 30
    )
    covered = int(inside.sum())
    assert len(months) == 200
    assert 179 <= covered <= 198  # 99.9 % of Binomial(200, .95)


def test_without_a_margin_or_a_cost_line_it_says_so(make_dataset):
    tables = planted([400], [100])
    orders = tables["orders"].drop(columns="cost")
    with pytest.raises(errors.NotEnoughDataError, match="margin"):
        metrics.value_months(make_dataset({**tables, "orders": orders}, as_of="2026-01-31"))
    with pytest.raises(errors.NotEnoughDataError, match="cost lines"):
        metrics.value_months(make_dataset(tables | {"costs": tables["costs"].assign(
            starts_on=[dt.date(2027, 1, 1)], ends_on=[dt.date(2027, 1, 31)])},
            as_of="2026-01-31"))  # fmt: skip


def test_phases_are_those_of_a_campaign_or_of_days(make_dataset):
    campaigns = pd.DataFrame({"campaign_id": ["c1"], "starts_at": ["2026-03-11"],
                              "ends_at": ["2026-03-24 23:59:59"],
                              "design": ["observational"]})  # fmt: skip
    ds = make_dataset({**planted([400], [100]), "campaigns": campaigns}, as_of="2026-06-30")
    day = dt.date
    assert metrics.phase_edges(ds, "c1") == [day(2026, 2, 25), day(2026, 3, 11), day(2026, 3, 25),
                                             day(2026, 4, 8)]  # fmt: skip
    assert metrics.phase_edges(ds, phases="2026-01-01, 2026-02-01, 2026-02-28") == [
        day(2026, 1, 1), day(2026, 2, 1), day(2026, 3, 1)]  # fmt: skip
    with pytest.raises(errors.ArgumentError, match="in order"):
        metrics.phase_edges(ds, phases="2026-02-01, 2026-01-01")
    with pytest.raises(errors.ArgumentError, match="c1"):
        metrics.phase_edges(ds, "c9")
