"""Splits: what segment a member is in, and what each split needs."""

from __future__ import annotations

import pandas as pd
import pytest

from commlab import errors, metrics
from commlab.metrics import cohorts


@pytest.fixture
def ds(make_dataset):
    tables = {
        "members": pd.DataFrame(
            {
                "member_id": ["a", "b", "c", "s"],
                "joined_at": ["2026-01-05 10:00", "2026-01-06", "2026-02-01", "2026-01-01"],
                "channel": ["code1", None, "code2", "code1"],
                "region": ["East", "West", None, "East"],
                "birth_year": [1990, None, 2001, 1980],
                "adviser_id": ["s", "s", None, None],
                "role": ["member", "member", "member", "staff"],
            }
        ),
        "groups": pd.DataFrame(
            {
                "group_id": ["g1", "g2", "g3"],
                "created_at": ["2026-01-01"] * 3,
                "positioning": ["benefit", None, "content"],
            }
        ),
        "memberships": pd.DataFrame(
            {
                "group_id": ["g3", "g1", "g2", "g3", "g1"],
                "member_id": ["a", "a", "b", "b", "s"],
                # a joined g1 first; b joined two groups at the same moment.
                "joined_at": ["2026-03-01", "2026-02-01", "2026-01-07", "2026-01-07", "2026-01-01"],
            }
        ),
        "orders": pd.DataFrame(
            {
                "order_id": ["1", "2", "3", "4"],
                "member_id": ["a", "a", "b", None],
                "paid_at": ["2026-01-05 18:00", "2026-02-07", "2026-01-09", "2026-01-09"],
                "amount": [30, 10, 20, 5],
                "campaign_id": ["spring", "summer", "spring", None],
            }
        ),
        "order_items": pd.DataFrame(
            {
                "order_id": ["1", "1", "2", "3", "3"],
                "sku": ["x", "y", "z", "x", "y"],
                "product": ["tea", "cup", "pot", "tea", "cup"],
                "quantity": [1, 1, 1, 1, 1],
                "amount": [10, 20, 10, 10, 10],
            }
        ),
        "touchpoints": pd.DataFrame(
            {
                "member_id": ["a", "b", "b"],
                "at": ["2026-01-04", "2026-01-01", "2026-01-06 23:59"],
                "event": ["exposed", "exposed", "clicked"],
                "campaign_id": ["teaser", "teaser", "poster"],
            }
        ),
    }
    return make_dataset(tables, as_of="2026-04-30")


@pytest.mark.parametrize(
    ("split", "segments"),
    [
        ("channel", ["code1", "unknown", "code2"]),
        ("region", ["East", "West", "unknown"]),
        ("birth_year", ["1990", "unknown", "2001"]),
        ("adviser", ["s", "s", "unknown"]),
        ("adviser_id", ["s", "s", "unknown"]),
        ("group", ["g1", "g2", "unknown"]),
        ("positioning", ["benefit", "unknown", "unknown"]),
        # Same day as the anchor counts, later does not; the last one named decides.
        ("campaign", ["spring", "poster", "unknown"]),
        # Largest item of the first order; the tie of b goes to the first name.
        ("product", ["cup", "cup", "unknown"]),
    ],
)
def test_segments(ds, split, segments):
    frame = ds.frame(cohorts.members(ds, "joined", split), ["member_id"])
    assert frame["member_id"].tolist() == ["a", "b", "c"]
    assert frame["segment"].tolist() == segments
    table = metrics.retention(ds, split=split, activity="order", min_at_risk=1)
    assert sorted(set(table["segment"])) == sorted(set(segments))
    keys = table[["segment", "cohort", "period"]]
    assert not keys.duplicated().any()
    pd.testing.assert_frame_equal(keys, keys.sort_values(list(keys), ignore_index=True))
    whole = metrics.retention(ds, activity="order", min_at_risk=1)
    known = (
        table[table["status"] == "ok"].groupby(["cohort", "period"])[["at_risk", "active"]].sum()
    )
    expected = whole[whole["status"] == "ok"].set_index(["cohort", "period"])[["at_risk", "active"]]
    pd.testing.assert_frame_equal(known, expected)


def test_first_group_is_the_cluster(ds):
    frame = ds.frame(cohorts.members(ds, "joined", cluster=True), ["member_id"])
    assert frame["cluster"].fillna("").tolist() == ["g1", "g2", ""]


def test_campaign_follows_the_anchor(ds):
    frame = ds.frame(cohorts.members(ds, "first_order", "campaign"), ["member_id"])
    assert frame["segment"].tolist() == ["spring", "spring"]


def test_what_is_available(ds, make_dataset):
    assert metrics.available_splits(ds) == (
        "channel", "region", "group", "positioning", "campaign", "product",
    )  # fmt: skip
    orders = pd.DataFrame(
        {"order_id": ["1"], "member_id": ["a"], "paid_at": ["2026-01-01"], "amount": [1]}
    )
    bare = make_dataset({"orders": orders}, as_of="2026-01-31")
    assert metrics.available_splits(bare) == ()
    with pytest.raises(errors.MissingTableError, match="order_items"):
        metrics.retention(bare, split="product")


def test_what_a_group_is_for_tells_its_members_apart(make_dataset):
    members = pd.DataFrame({"member_id": [*"abcd"], "joined_at": ["2026-01-05"] * 4})
    groups = pd.DataFrame({"group_id": ["g1", "g2"], "created_at": ["2026-01-01"] * 2,
                           "goal": ["sales", "loyalty"], "product": ["tea", None],
                           "region": ["East", "West"]})  # fmt: skip
    days = ["2026-02-01", "2026-03-01", "2026-01-07", "2026-01-08"]
    stays = pd.DataFrame({"group_id": ["g1", "g2", "g2", "g1"], "member_id": [*"aabc"],
                          "joined_at": days})  # fmt: skip
    ds = make_dataset({"members": members, "groups": groups, "memberships": stays},
                      as_of="2026-04-30")  # fmt: skip
    wanted = {
        "goal": ["sales", "loyalty", "sales", "unknown"],
        "group_product": ["tea", "unknown", "tea", "unknown"],
        "group_region": ["East", "West", "East", "unknown"],
    }
    for split, segments in wanted.items():
        found = ds.frame(cohorts.members(ds, split=split), ["member_id"])
        assert found["segment"].tolist() == segments
        assert split in metrics.available_splits(ds)
    assert "positioning" not in metrics.available_splits(ds)
