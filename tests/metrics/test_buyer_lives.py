"""Lives of buyers against a walk through each; sides fixed at the first order; tiers by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = dt.date(2026, 6, 30)
EPOCH = dt.date(1970, 1, 1)
GAP = 40


def orders_of(rows):
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "buyer_status"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))], amount=20.0)


def test_lives_equal_a_walk_through_each_buyer(make_dataset):
    rng = np.random.default_rng(4)
    rows = []
    for k in range(150):
        day = int(rng.integers(0, 300))
        while day < 364:
            rows.append((f"m{k:03}", dt.date(2025, 7, 1) + dt.timedelta(days=day), "member"))
            day += int(rng.integers(0, 70))
    ds = make_dataset({"orders": orders_of(rows)}, as_of=AS_OF)
    lives = metrics.buyer_lives(ds, "membership", GAP).set_index("member_id")
    assert len(lives) == 150
    for who, row in lives.iterrows():
        days = sorted({day for member, day, _ in rows if member == who})
        end = days[0]
        for day in days[1:]:
            if (day - end).days > GAP:
                break
            end = day
        assert row["first"] == (days[0] - EPOCH).days
        assert row["life"] == (end - days[0]).days
        assert (len(days) == 1) == pd.isna(row["second"])
        if len(days) > 1:
            assert row["second"] == (days[1] - days[0]).days
    assert metrics.buyer_lives(ds, "membership", GAP).attrs["read_to"] == (AS_OF - EPOCH).days - GAP


def test_the_side_is_that_of_the_first_order(make_dataset):
    rows = [("before", "2026-01-10", "member"), ("same", "2026-01-10", "member"),
            ("later", "2026-01-10", "member"), ("outside", "2026-01-10", "non_member"),
            ("outside", "2026-02-10", "member"), ("nobody", "2026-01-10", "unknown")]  # fmt: skip
    members = pd.DataFrame(
        {"member_id": ["before", "same", "later", "outside"],
         "joined_at": ["2026-01-01", "2026-01-10 23:00", "2026-01-11", "2026-02-01"]}
    )  # fmt: skip
    stays = pd.DataFrame(
        {"group_id": "g1", "member_id": ["before", "same", "later"],
         "joined_at": ["2026-01-02", "2026-01-02", "2026-01-12"],
         "left_at": [None, "2026-01-05", None]}
    )  # fmt: skip
    groups = pd.DataFrame({"group_id": ["g1"], "created_at": ["2025-01-01"]})
    ds = make_dataset({"orders": orders_of(rows), "members": members, "memberships": stays,
                       "groups": groups}, as_of=AS_OF)  # fmt: skip
    side = metrics.buyer_lives(ds, "membership").set_index("member_id")["side"].to_dict()
    assert side == {"before": "in", "same": "in", "later": "unknown", "outside": "out",
                    "nobody": "unknown"}  # fmt: skip
    lives = metrics.buyer_lives(ds, "group").set_index("member_id")
    assert lives["side"].to_dict() == {"before": "in", "same": "out", "later": "out",
                                       "outside": "out", "nobody": "out"}  # fmt: skip
    assert lives["home"].to_dict()["before"] == "g1"
    assert lives["home"].to_dict()["later"] == "later"


def test_non_members_need_ids_to_be_followed(make_dataset):
    rows = [(f"m{k}", "2026-01-10", "member") for k in range(40)]
    rows += [(None, "2026-01-10", "non_member") for _ in range(40)]
    rows += [(None, "2026-01-11", "unknown") for _ in range(7)]
    ds = make_dataset({"orders": orders_of(rows)}, as_of=AS_OF)
    with pytest.raises(errors.NotEnoughDataError, match="non-members"):
        metrics.life_sides(ds)
    assert metrics.unnamed_orders(ds) == 7
    rows += [(f"n{k}", "2026-01-10", "non_member") for k in range(40)]
    assert metrics.life_sides(make_dataset({"orders": orders_of(rows)}, as_of=AS_OF)) == (
        "membership"
    )


def test_spells_of_a_tier_are_the_first_and_joined_where_rows_touch(make_dataset):
    rows = []
    for k in range(70):
        who = f"m{k:02}"
        rows += [(who, "gold", "2026-01-01", "2026-01-31"), (who, "gold", "2026-02-01", None)]
        rows.append((who, "base", "2025-01-01", "2025-12-31"))
    # A second spell after a gap does not count.
    rows[1] = ("m00", "gold", "2026-04-01", None)
    tiers = pd.DataFrame(rows, columns=["member_id", "tier", "valid_from", "valid_to"])
    ids = [f"m{k:02}" for k in range(70)]
    members = pd.DataFrame({"member_id": ids, "joined_at": "2025-01-01"})
    stays = pd.DataFrame({"group_id": "g1", "member_id": ids[:35], "joined_at": "2025-12-01"})
    groups = pd.DataFrame({"group_id": ["g1"], "created_at": ["2025-01-01"]})
    ds = make_dataset({"tiers": tiers, "members": members, "memberships": stays,
                       "groups": groups}, as_of="2026-03-01")  # fmt: skip
    spells = metrics.tier_spells(ds, "gold").set_index("member_id")
    assert spells["side"].value_counts().to_dict() == {"in": 35, "out": 35}
    assert spells.loc["m00", ["days", "ended"]].tolist() == [30, True]
    assert spells.loc["m01", ["days", "ended"]].tolist() == [59, False]
    with pytest.raises(errors.ArgumentError, match="platinum"):
        metrics.tier_spells(ds, "platinum")
    with pytest.raises(errors.NotEnoughDataError, match="chat group"):
        metrics.tier_spells(ds, "base")  # nobody was in a group then


def test_the_tier_in_which_everybody_begins_is_not_compared(make_dataset):
    ids = [f"m{k:02}" for k in range(70)]
    tiers = pd.DataFrame({"member_id": ids, "tier": "base", "valid_from": "2026-01-01"})
    one = pd.DataFrame({"member_id": ids[:5], "tier": "gold", "valid_from": "2026-02-01"})
    stays = pd.DataFrame({"group_id": "g1", "member_id": ids[:35], "joined_at": "2025-12-01"})
    ds = make_dataset(
        {"tiers": pd.concat([tiers, one]), "memberships": stays,
         "members": pd.DataFrame({"member_id": ids, "joined_at": "2025-01-01"}),
         "groups": pd.DataFrame({"group_id": ["g1"], "created_at": ["2025-01-01"]})},
        as_of="2026-03-01",
    )  # fmt: skip
    with pytest.raises(errors.NotEnoughDataError, match="chat group"):
        metrics.tier_spells(ds)
