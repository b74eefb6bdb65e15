"""Calendar arithmetic against Python's own calendar."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from commlab.metrics import periods

DAYS = st.dates(dt.date(1960, 1, 1), dt.date(2100, 1, 1))


@given(DAYS, st.sampled_from(["monday", "sunday"]))
def test_weeks_start_on_their_day_and_hold_it(day, week_start):
    first = periods.starts([periods.number_of(day, "week", week_start)], "week", week_start)[0]
    assert first.day_name().lower() == week_start
    assert 0 <= (pd.Timestamp(day) - first).days <= 6


@given(DAYS)
def test_months_and_days_come_back(day):
    month = periods.starts([periods.number_of(day, "month")], "month")[0]
    assert (month.year, month.month, month.day) == (day.year, day.month, 1)
    assert periods.starts([periods.number_of(day, "day")], "day")[0].date() == day


@given(DAYS, st.sampled_from(periods.UNITS))
def test_the_last_complete_period_ends_by_as_of_and_the_next_does_not(day, unit):
    last = periods.last_complete(day, unit)
    tomorrow = pd.Timestamp(day) + pd.Timedelta(days=1)
    after, later = periods.starts([last + 1, last + 2], unit)
    assert after <= tomorrow < later


@pytest.mark.parametrize("unit", periods.UNITS)
def test_engine_and_python_agree(make_dataset, unit):
    days = [dt.date(2024, 2, 29), dt.date(2025, 12, 31), dt.date(2026, 1, 4), dt.date(2026, 1, 5)]
    times = [f"{day} {clock}" for day in days for clock in ("00:00:00", "23:59:59.9")]
    orders = pd.DataFrame(
        {"order_id": [str(i) for i in range(8)], "paid_at": times, "amount": [1.0] * 8}
    )
    ds = make_dataset({"orders": orders}, as_of="2026-02-01")
    table = ds.table("orders")
    for start in ("monday", "sunday"):
        expr = table.select("order_id", number=periods.number(table.paid_at, unit, start))
        found = ds.frame(expr, ["order_id"])["number"].tolist()
        assert found == [periods.number_of(day, unit, start) for day in days for _ in range(2)]
