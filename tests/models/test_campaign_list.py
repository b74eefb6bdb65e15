"""The list of whom to treat next: people who were not in the campaign, expected money, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaign_worlds import AS_OF, START, world

from commlab.errors import NotEnoughDataError
from commlab.metrics.campaign_today import campaign_today
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.campaign_list import next_list
from commlab.models.campaign_targeting import campaign_targeting
from commlab.tables.lists import LISTS

OLD, NEW = "2025-01-01", "2026-01-10"
MARGIN, GAIN, EACH = 30.0, 0.5, 4.0  # old members order once more with probability GAIN


@pytest.fixture
def engine():
    return "duckdb"


def moved(n=4000, strangers=600, gain=GAIN, seed=1):
    """A campaign that moves old members only, and people who were not in it."""
    tables, rng = world(n=n, effect=0.0, seed=3), np.random.default_rng(seed)
    members, listed = tables["members"], tables["assignments"]
    old = rng.random(n) < 0.5
    members = members.assign(joined_at=np.where(old, OLD, NEW))
    hit = (listed["arm"] == "treated").to_numpy() & old & (rng.random(n) < gain)
    extra = pd.DataFrame({"order_id": [f"x{k}" for k in range(hit.sum())],
                          "member_id": members["member_id"][hit], "paid_at": "2026-03-05 10:00",
                          "amount": 50.0, "cost": 20.0})  # fmt: skip
    ids = [f"s{k:05}" for k in range(strangers)]
    others = pd.DataFrame({"member_id": ids, "joined_at": np.where(np.arange(strangers) % 2, OLD,
                                                                   NEW)})  # fmt: skip
    stays = pd.DataFrame({"group_id": "g00", "member_id": ids, "joined_at": "2026-01-11"})
    stays["left_at"] = np.where(np.arange(strangers) < 40, "2026-04-01", None)
    stays = stays.iloc[20:]  # the first were never in a group, and their friendship is over
    friends = pd.DataFrame({"member_id": ids[:20], "staff_id": "a", "added_at": "2026-01-11",
                            "deleted_at": "2026-04-01"})  # fmt: skip
    return tables | {
        "contacts": friends,
        "members": pd.concat([members, others]),
        "memberships": pd.concat([tables["memberships"].assign(left_at=None), stays]),
        "orders": pd.concat([tables["orders"], extra]),
    }, set(members["member_id"][old])


def test_people_who_were_not_in_it_are_listed_by_what_moves_them(make_dataset):
    tables, old = moved()
    ds = make_dataset(tables, as_of=AS_OF)
    outcomes = campaign_outcomes(ds, "c")
    found = campaign_targeting(outcomes, cost_each=EACH)
    assert found.found.heterogeneous
    listed = next_list(ds, outcomes, found)
    rows = listed.rows
    assert list(rows) == list(LISTS["uplift"].names)
    strangers = rows[rows["arm"].isna()]
    number = strangers["member_id"].str[1:].astype(int)
    assert (number % 2 == 1).mean() > 0.95  # the old ones
    assert len(strangers) > 0.8 * 280
    assert (number >= 40).all()  # whoever has left cannot be reached
    assert listed.strangers == pytest.approx(len(strangers) / len(rows))
    assert listed.people == 4000 + 600 - 40
    assert rows["net"].is_monotonic_decreasing
    assert (rows["net"] > 0).all()
    assert rows["uplift"].to_numpy() == pytest.approx(rows["net"] + EACH)
    # In truth: half of the old ones listed would buy once more.
    moves = rows["member_id"].isin(old) | rows["member_id"].isin(number.index.map(
        strangers["member_id"])[number % 2 == 1])  # fmt: skip
    truth = moves.sum() * GAIN * MARGIN - len(rows) * EACH
    assert listed.expected.low <= truth <= listed.expected.high
    everybody = len(old) + 280
    assert truth > 0.9 * everybody * (GAIN * MARGIN - EACH)  # of what a seer would earn
    assert truth > everybody * GAIN * MARGIN - listed.people * EACH  # of treating everybody
    again = next_list(ds, outcomes, found)
    pd.testing.assert_frame_equal(again.rows, rows)


def test_today_is_read_at_as_of(make_dataset):
    tables, _ = moved(n=600, strangers=50)
    ds = make_dataset(tables, as_of="2026-04-20")
    outcomes = campaign_outcomes(ds, "c")
    got = campaign_today(ds, outcomes).set_index("member_id")
    orders = tables["orders"]
    at = pd.to_datetime(orders["paid_at"], format="mixed")
    end = pd.Timestamp("2026-04-21")
    inside = orders[at.between(end - pd.Timedelta(days=90), end, inclusive="left")]
    counts = inside["member_id"].value_counts().reindex(got.index, fill_value=0)
    assert (got["pre_orders"] == counts).all()
    assert got.loc["s00049", "tenure"] == pytest.approx((end - pd.Timestamp(OLD)).days)
    assert got["arm"].isna().sum() == 50 - 40


def test_today_is_looked_back_at_as_far_as_orders_went_then(make_dataset):
    tables, _ = moved(n=300, strangers=50)
    at = pd.to_datetime(tables["orders"]["paid_at"], format="mixed").to_numpy()
    orders = tables["orders"][at >= START - pd.Timedelta(days=20)]
    tables["orders"] = orders
    ds = make_dataset(tables, as_of="2026-04-20")
    outcomes = campaign_outcomes(ds, "c")
    assert outcomes.pre_seen <= 21
    got = campaign_today(ds, outcomes).set_index("member_id")
    end, at = pd.Timestamp("2026-04-21"), pd.to_datetime(orders["paid_at"], format="mixed")
    inside = at.between(end - pd.Timedelta(days=outcomes.pre_seen), end, inclusive="left")
    counts = orders["member_id"][inside].value_counts()
    assert (got["pre_orders"] == counts.reindex(got.index, fill_value=0)).all()


def test_no_list_where_nobody_can_be_told_apart(make_dataset):
    ds = make_dataset(world(n=1200, effect=0.5), as_of=AS_OF)
    outcomes = campaign_outcomes(ds, "c")
    found = campaign_targeting(outcomes)
    assert not found.found.heterogeneous
    with pytest.raises(NotEnoughDataError, match="cannot be told apart"):
        next_list(ds, outcomes, found)
