"""Costs by line, month and phase close with the table of costs to the fen."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.metrics.spending import spent_between, spent_until

AS_OF = dt.date(2026, 6, 17)
CATEGORIES = ("content", "event", "platform", "staff", "reward", "goods", "other")


def cents(values):
    return round(100 * float(np.sum(values)))


def random_costs(rng, n=60):
    starts = [dt.date(2025, 11, 3) + dt.timedelta(days=int(d)) for d in rng.integers(0, 240, n)]
    ends = [None if rng.random() < 0.2 else s + dt.timedelta(days=int(rng.integers(0, 100)))
            for s in starts]  # fmt: skip
    return pd.DataFrame(
        {"starts_on": starts, "ends_on": ends,
         "category": rng.choice(CATEGORIES, n), "amount": np.round(rng.gamma(1, 900, n), 2),
         "channel": [None if rng.random() < 0.6 else str(c) for c in rng.choice(["a", "b"], n)],
         "campaign_id": [None if rng.random() < 0.7 else "c1" for _ in range(n)]}
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_every_cut_adds_up_to_the_table(make_dataset, seed):
    costs = random_costs(np.random.default_rng(seed))
    ds = make_dataset({"costs": costs, "orders": one_order()}, as_of=AS_OF)
    begun = costs[costs["starts_on"] <= AS_OF]
    for by in ("category", "campaign", "channel"):
        table = metrics.cost_table(ds, by)
        assert cents(table["billed"]) == cents(begun["amount"])
        assert cents(table["spent"]) + cents(table["later"]) == cents(begun["amount"])
    months = metrics.cost_months(ds)
    lines = metrics.cost_table(ds).set_index("segment")
    for category, rows in months.groupby("category"):
        assert cents(rows["spent"]) == cents(lines.loc[category, "spent"])
    # Each month within half a fen a line of the exact share of its days.
    for month, rows in months.groupby("month"):
        exact = sum((part(line, month) for line in begun.itertuples()), Fraction(0))
        assert abs(cents(rows["spent"]) - exact) <= len(begun)
    assert set(months.loc[months["status"] == "open", "month"]) == {pd.Timestamp("2026-06-01")}


def part(line, month):
    """Return the exact fen of a line in a month, day by day."""
    last = line.ends_on if isinstance(line.ends_on, dt.date) else line.starts_on
    days = [line.starts_on + dt.timedelta(days=k) for k in range((last - line.starts_on).days + 1)]
    inside = sum((d.year, d.month) == (month.year, month.month) and d <= AS_OF for d in days)
    return Fraction(round(100 * line.amount) * inside, len(days))


def one_order():
    return pd.DataFrame({"order_id": ["o1"], "member_id": ["m1"], "paid_at": ["2025-11-03"],
                         "amount": [10.0], "cost": [4.0]})  # fmt: skip


def test_spans_that_follow_each_other_add_up_and_leave_out_goods(make_dataset):
    costs = random_costs(np.random.default_rng(99))
    ds = make_dataset({"costs": costs, "orders": one_order()}, as_of=AS_OF)
    edges = [dt.date(2025, 11, 1), dt.date(2026, 1, 7), dt.date(2026, 3, 2), dt.date(2026, 9, 1)]
    table = metrics.cost_table(ds).set_index("segment")["spent"]
    assert cents(spent_between(ds, edges)) == cents(table.drop("goods"))


def test_a_line_of_three_days_is_cut_by_hand():
    line = pd.DataFrame({"first": [10], "last": [12], "amount": [100]})
    assert [int(spent_until(line, day)[0]) for day in (9, 10, 11, 12, 13)] == [0, 33, 66, 100, 100]
