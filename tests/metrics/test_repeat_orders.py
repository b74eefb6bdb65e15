"""Second purchases, cycles by category and who is due, against counts made by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import MissingTableError

DAY = dt.date(2026, 1, 1)


def shop(*rows: tuple[str, int, str]) -> dict[str, pd.DataFrame]:
    """Orders and items from (member, day from 1 January, category)."""
    orders, items = [], []
    for number, (member, day, category) in enumerate(rows):
        order = f"o{number}"
        orders.append((order, member, f"{DAY + dt.timedelta(days=day)} 12:00", 100))
        items.append((order, "s1", "thing", category, 1.0, 100))
    order_columns = ["order_id", "member_id", "paid_at", "amount"]
    item_columns = ["order_id", "sku", "product", "category", "quantity", "amount"]
    people = sorted({member for member, _, _ in rows})
    members = pd.DataFrame({"member_id": people, "joined_at": "2026-01-01 00:00"})
    members["adviser_id"] = "a1"
    return {
        "orders": pd.DataFrame(orders, columns=order_columns),
        "order_items": pd.DataFrame(items, columns=item_columns),
        "members": members,
    }


def test_second_orders_are_waits_with_those_still_open(make_dataset: Callable) -> None:
    tables = shop(("a", 0, "x"), ("a", 9, "y"), ("a", 20, "x"), ("b", 0, "x"), ("c", 30, "x"))
    ds = make_dataset(tables, as_of="2026-02-10")  # day 40
    rows = cl.metrics.second_orders(ds)
    found = sorted(map(tuple, rows[["lower", "upper", "observed", "n"]].to_numpy().tolist()))
    assert found == [(8, 9, True, 1), (10, 10, False, 1), (40, 40, False, 1)]


def test_half_come_back_by_the_median(make_dataset: Callable) -> None:
    again = [(f"m{k}", 0, "x") for k in range(400)]
    again += [(f"m{k}", 5 + k // 10, "x") for k in range(300)]  # ten a day
    ds = make_dataset(shop(*again), as_of="2026-04-30")
    waits = cl.metrics.second_orders(ds)
    # The 200th of 400 comes back on day 5 + 19.
    found = cl.models.median_time(cl.models.survival_curve(waits))
    assert found.value == 24
    assert found.low < 24 < found.high
    assert cl.models.ended_by(waits, 24).value == pytest.approx(0.5)
    never = cl.models.median_time(
        cl.models.survival_curve(waits[~waits["observed"] | (waits["upper"] < 10)])
    )
    assert never.status == "refused"


def test_cycles_take_the_first_gap_of_those_whose_window_is_over(make_dataset: Callable) -> None:
    rows = [(f"m{k:02}", 0, "x") for k in range(40)]
    rows += [(f"m{k:02}", 10 + k, "x") for k in range(31)]  # gaps 10 … 40, median 25
    rows += [("m00", 12, "x")]  # a second gap does not count
    rows += [("m35", 60, "x")]  # beyond the window of 50 days
    rows += [(f"late{k}", 80, "x") for k in range(5)]  # window not over
    rows += [("m00", 3, "y")]  # another category is not a repurchase
    ds = make_dataset(shop(*rows), as_of="2026-04-11")  # day 100
    table = cl.metrics.repurchase_cycles(ds, 50).set_index("segment")
    row = table.loc["x"]
    assert (row["at_risk"], row["active"], row["status"]) == (40, 31, "ok")
    assert row["rate"] == pytest.approx(31 / 40)
    assert row["cycle"] == 25
    # Ranks of Binomial(31, 1/2): the 10th and the 22nd value.
    assert (row["cycle_low"], row["cycle_high"]) == (19, 31)
    assert table.loc["y", "status"] == "too_few"
    assert np.isnan(table.loc["y", "cycle"])


def test_due_is_a_median_after_the_last_purchase(make_dataset: Callable) -> None:
    rows = [(f"m{k:02}", 0, "x") for k in range(40)]
    rows += [(f"m{k:02}", 10 + k, "x") for k in range(31)]
    ds = make_dataset(shop(*rows), as_of="2026-03-02")  # day 60
    cycles = cl.metrics.repurchase_cycles(ds, 50)
    due = cl.metrics.due_members(ds, cycles, within=3).set_index("member_id")
    # Last purchase on day d, due on d + 25 = 57 … 63: those whose d is 32 … 38.
    assert sorted(due.index) == [f"m{k:02}" for k in range(22, 29)]
    assert due.index[0] == "m25"
    assert due.loc["m25", "due_on"] == dt.date(2026, 3, 2)
    assert due.loc["m22", "days_late"] == 3
    assert set(due["adviser_id"]) == {"a1"}
    assert cl.metrics.due_members(ds, cycles.assign(cycle=np.nan)).empty


def test_without_items_there_is_no_cycle(make_dataset: Callable) -> None:
    tables = shop(("a", 0, "x"), ("b", 0, "x"))
    del tables["order_items"]
    with pytest.raises(MissingTableError, match="order_items"):
        cl.metrics.repurchase_cycles(make_dataset(tables, as_of="2026-01-20"))
