"""What newcomers did afterwards, against a walk through each member."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from commlab import errors, metrics

from . import reference

AS_OF = "2026-06-24"
END = dt.datetime(2026, 6, 25)


@pytest.fixture(scope="module")
def world():
    return reference.random_world(21)


def expected(world, first, stop, events, begun, money=False):
    """{channel: [values of its members whose span is over]} by hand."""
    channel = world["members"].set_index("member_id")["channel"]
    found: dict[str, list[float]] = {}
    for member, joined in reference.anchors_of(world["members"]).items():
        low, high = joined + dt.timedelta(days=first), joined + dt.timedelta(days=stop)
        if high > END or low < begun:
            continue
        inside = [value for who, at, value in events if who == member and low <= at < high]
        value = sum(inside) if money else float(bool(inside))
        found.setdefault(str(channel.fillna("unknown")[member]), []).append(value)
    return found


@pytest.mark.parametrize(
    ("outcome", "first", "stop"), [("retained_30", 30, 60), ("retained_90", 90, 120),
                                   ("bought_90", 0, 90)],
)  # fmt: skip
def test_yes_or_no(make_dataset, world, outcome, first, stop):
    ds = make_dataset(world, as_of=AS_OF)
    frame = metrics.newcomer_outcomes(ds, outcome)
    if outcome == "bought_90":
        orders = world["orders"].dropna(subset=["member_id"])
        events = list(zip(orders["member_id"], orders["paid_at"], strict=True))
    else:
        events = list(reference.events_of(world, "any"))
    events = [(who, at, 1.0) for who, at in events if at < END]
    # Sources are silent at first no longer than later: their first months count whole.
    sources = ("order",) if outcome == "bought_90" else ("message", "order")
    begun = max(
        min(at for who, at in reference.events_of(world, name) if at < END) for name in sources
    ).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    by_hand = expected(world, first, stop, events, begun)
    assert sum(len(values) for values in by_hand.values()) > 20
    sums = frame.groupby("segment")[["n", "total", "square"]].sum()
    assert sums["n"].to_dict() == {name: len(values) for name, values in by_hand.items()}
    assert sums["total"].to_dict() == {name: sum(values) for name, values in by_hand.items()}
    assert (sums["total"] == sums["square"]).all()
    months = set(frame["stratum"].str[:7])
    assert months <= {f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)}


def test_money_needs_a_margin(make_dataset, world):
    bare = {**world, "orders": world["orders"].drop(columns="cost", errors="ignore")}
    with pytest.raises(errors.NotEnoughDataError, match="margin"):
        metrics.newcomer_outcomes(make_dataset(bare, as_of=AS_OF), "margin_90")


def test_margins_are_summed_in_currency(make_dataset):
    members = pd.DataFrame(
        {"member_id": ["a", "b", "c"], "joined_at": [dt.datetime(2026, 1, 1)] * 3,
         "channel": ["x", "x", "y"]}
    )  # fmt: skip
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3", "4"],
            "member_id": ["a", "a", "b", "c"],
            "paid_at": [dt.datetime(2026, 1, 1), dt.datetime(2026, 3, 31, 23),
                        dt.datetime(2026, 4, 1), dt.datetime(2026, 2, 1)],
            "amount": [100.0, 50.0, 70.0, 10.0],
            "refund_amount": [20.0, 0.0, 0.0, 0.0],
            "refunded_at": [dt.datetime(2026, 1, 9), None, None, None],
            "cost": [50.0, 20.0, 30.0, 4.0],
        }
    )  # fmt: skip
    ds = make_dataset({"members": members, "orders": orders}, as_of=AS_OF)
    frame = metrics.newcomer_outcomes(ds, "margin_90", strata=()).set_index("segment")
    # a: 100 − 20 − 50 × 0.8, then 50 − 20 on day 89; b bought on day 90.
    assert frame.loc["x", ["n", "total"]].tolist() == [2, 70.0]
    assert frame.loc["x", "square"] == pytest.approx(70.0**2)
    assert frame.loc["y", ["n", "total"]].tolist() == [1, 6.0]


def test_values_known_by_member(make_dataset, world):
    ds = make_dataset(world, as_of=AS_OF)
    ids = world["members"]["member_id"]
    values = pd.Series([True, False] * (len(ids) // 2) + [True] * (len(ids) % 2), index=ids)
    frame = metrics.newcomer_values(ds, values.iloc[:-3])
    anchors = reference.anchors_of(world["members"])
    known = [who for who in values.index[:-3] if who in anchors and anchors[who] < END]
    assert frame["n"].sum() == len(known)
    assert frame["total"].sum() == values[known].sum()


def test_regions_are_not_adjusted_for_themselves(make_dataset, world):
    members = world["members"].assign(region="east")
    ds = make_dataset({**world, "members": members}, as_of=AS_OF)
    assert set(metrics.newcomer_outcomes(ds, "bought_90", "region")["stratum"].str.len()) == {7}
    with pytest.raises(errors.ArgumentError, match="split"):
        metrics.newcomer_outcomes(ds, "bought_90", "group")
    whole = metrics.newcomer_outcomes(ds, "bought_90", None)
    assert set(whole["segment"]) == {"all"}
    assert whole["n"].sum() == metrics.newcomer_outcomes(ds, "bought_90")["n"].sum()


def test_one_early_order_does_not_open_the_window_of_all(make_dataset):
    # Messages are kept from April on; a single order was placed a year before.
    joined = [dt.datetime(2026, 1, 5)] * 50 + [dt.datetime(2026, 3, 5)] * 50
    members = pd.DataFrame({"member_id": [f"m{i}" for i in range(100)], "joined_at": joined})
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m0"], "amount": [1.0],
                           "paid_at": [dt.datetime(2025, 4, 1)]})  # fmt: skip
    days = pd.date_range("2026-04-01", "2026-06-24")
    messages = pd.DataFrame(
        [(f"m{i}", day) for day in days for i in range(100)], columns=["member_id", "sent_at"]
    )
    messages["message_id"] = [f"x{i}" for i in range(len(messages))]
    tables = {"members": members, "orders": orders, "messages": messages}
    frame = metrics.newcomer_outcomes(make_dataset(tables, as_of=AS_OF), "retained_30", None)
    # Days 30 to 59 of those who joined in January were not kept.
    assert frame[["n", "total"]].sum().tolist() == [50, 50]
