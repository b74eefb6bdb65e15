"""First orders by kind and codes by what they belong to, against walks in plain Python."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, models

AS_OF = "2026-06-30"
END = dt.datetime(2026, 7, 1)
START = dt.datetime(2025, 10, 1)
KINDS = ("trial", "membership", "regular")


def world(people=600, seed=2):
    """Trials come back half as often; first orders lie on either side of joining."""
    rng = np.random.default_rng(seed)
    orders, members = [], []
    for number in range(people):
        who, joined = f"m{number:03}", START + dt.timedelta(days=int(rng.integers(0, 240)))
        members.append((who, joined, f"c{number % 4}"))
        kind = KINDS[int(rng.choice(3, p=[0.3, 0.1, 0.6]))]
        at = joined + dt.timedelta(days=int(rng.integers(-5, 40)), hours=3)
        if rng.random() < 0.2:
            continue
        orders.append((who, at, kind))
        if rng.random() < (0.25 if kind == "trial" else 0.5):
            orders.append(
                (who, at + dt.timedelta(days=int(rng.integers(0, 120)), hours=1), "regular")
            )
    frame = pd.DataFrame(orders, columns=["member_id", "paid_at", "kind"])
    frame = frame.assign(order_id=[f"o{i:04}" for i in range(len(frame))], amount=10.0)
    people = pd.DataFrame(members, columns=["member_id", "joined_at", "channel"])
    return {"members": people, "orders": frame}


def walk(tables):
    found = {kind: {"people": 0, "at_risk": 0, "returned": 0, "waits": []} for kind in KINDS}
    joined = tables["members"].set_index("member_id")["joined_at"]
    for who, own in tables["orders"][tables["orders"]["paid_at"] < END].groupby("member_id"):
        own = own.sort_values("paid_at")
        first, at = own.iloc[0], own.iloc[0]["paid_at"]
        row = found[first["kind"]]
        row["people"] += 1
        wait = (at.date() - joined[who].date()).days
        row["waits"] += [wait] if wait >= 0 else []
        if at + dt.timedelta(days=90) <= END:
            row["at_risk"] += 1
            row["returned"] += any(
                time.date() > at.date() and time < at + dt.timedelta(days=90)
                for time in own["paid_at"].iloc[1:]
            )
    return found


def test_kinds_equal_a_walk_and_the_planted_difference_is_found(make_dataset):
    tables = world()
    frame = metrics.first_order_kinds(make_dataset(tables, as_of=AS_OF)).set_index("kind")
    found = walk(tables)
    for kind, row in found.items():
        own = frame.loc[kind]
        assert [own["people"], own["at_risk"], own["returned"]] == [
            row["people"], row["at_risk"], row["returned"]]  # fmt: skip
        if len(row["waits"]) % 2:
            assert own["cycle"] == np.median(row["waits"])
        assert own["cycle_low"] <= np.median(row["waits"]) <= own["cycle_high"]
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["people"].is_monotonic_decreasing
    assert frame.loc["trial", "flagged"]
    assert frame.loc["trial", "difference"] < 0
    # Planted: .25 and .5 come again, three quarters of them within the 90 days.
    assert frame.loc["trial", "low"] < 0.25 * 89 / 120 < frame.loc["trial", "high"]
    assert frame.loc["regular", "low"] < 0.5 * 89 / 120 < frame.loc["regular", "high"]


def test_orders_without_a_kind_are_regular_and_few_say_nothing(make_dataset):
    tables = world()
    bare = {**tables, "orders": tables["orders"].drop(columns="kind")}
    frame = metrics.first_order_kinds(make_dataset(bare, as_of=AS_OF))
    assert frame["kind"].tolist() == ["regular"]
    assert np.isnan(frame["difference"].iloc[0])
    few = metrics.first_order_kinds(make_dataset(world(people=30), as_of=AS_OF))
    assert (few["status"] == "too_few").all()
    with pytest.raises(errors.MissingTableError):
        metrics.first_order_kinds(make_dataset({"members": tables["members"]}, as_of=AS_OF))


CODES = pd.DataFrame({"channel": ["c0", "c1", "c2", "c3"], "type": ["online_store"] * 4,
                      "parent": ["p", "p", "q", "q"], "store_id": ["s1", "s2", None, None],
                      "script": ["A", "B", "A", "B"]})  # fmt: skip


def test_codes_are_told_apart_by_what_they_belong_to(make_dataset):
    ds = make_dataset({**world(), "channels": CODES}, as_of=AS_OF)
    assert metrics.code_splits(ds) == ("parent", "store", "script")  # one type only: no split
    sums = metrics.newcomer_outcomes(ds, "bought_90", segments=metrics.code_segments(ds, "parent"))
    codes = metrics.newcomer_outcomes(ds, "bought_90")
    own = CODES.set_index("channel")["parent"]
    by_hand = codes.groupby(codes["segment"].map(own))[["n", "total"]].sum()
    assert sums.groupby("segment")[["n", "total"]].sum().equals(by_hand.rename_axis("segment"))
    stores = metrics.newcomer_outcomes(ds, "bought_90", segments=metrics.code_segments(ds, "store"))
    assert set(stores["segment"]) == {"s1", "s2"}  # codes of no store are left out


def test_scripts_are_compared_within_their_channel(make_dataset):
    # Nearly all who are asked by script B come by q, where three times as many buy.
    rng = np.random.default_rng(0)
    channel = np.repeat(["c0", "c1", "c2", "c3"], [400, 60, 60, 400])
    members = pd.DataFrame({"member_id": [f"m{i:03}" for i in range(920)], "channel": channel,
                            "joined_at": START})  # fmt: skip
    buys = rng.random(920) < np.where(np.isin(channel, ["c2", "c3"]), 0.6, 0.2)
    orders = members[buys].assign(paid_at=START + dt.timedelta(days=4), amount=5.0)
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    orders = orders.drop(columns=["joined_at", "channel"])
    tables = {"members": members, "channels": CODES, "orders": orders}
    ds = make_dataset(tables, as_of=AS_OF)
    sums = metrics.newcomer_outcomes(ds, "bought_90", segments=metrics.code_segments(ds, "script"))
    ranked = models.ranked_segments(sums).set_index("segment")
    assert ranked.loc["B", "mean"] - ranked.loc["A", "mean"] > 0.25
    assert not ranked["flagged"].any()
    assert abs(ranked.loc["B", "adjusted"] - ranked.loc["A", "adjusted"]) < 0.1
