"""What assigned people did, counted by hand; and campaigns that contradict themselves."""

from __future__ import annotations

import pandas as pd
import pytest
from campaign_samples import workspace

from commlab.errors import ArgumentError, DataError, NotEnoughDataError
from commlab.metrics.campaigns import campaign, overlapping
from commlab.metrics.outcomes import campaign_outcomes

AS_OF = "2026-04-10"


def orders(rows):
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount", "refund_amount"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))])


HAND = orders([
    ("m0", "2026-02-28 08:00", 10.0, 0.0),  # the day before: pre, placebo and month
    ("m0", "2026-03-01 00:00", 20.0, 5.0),  # its first moment
    ("m0", "2026-03-14 23:59", 30.0, 0.0),  # its last minute
    ("m0", "2026-03-15 00:00", 40.0, 0.0),  # after
    ("m1", "2026-02-10 08:00", 7.0, 0.0),  # before the placebo days, within the month
    ("m1", "2026-04-09 08:00", 99.0, 0.0),  # too late for any span
    ("m2", "2025-12-02 08:00", 1.0, 0.0),  # 89 days before
    (None, "2026-03-03 08:00", 500.0, 0.0),
])  # fmt: skip


def test_counted_by_hand(make_dataset):
    found = campaign_outcomes(make_dataset(workspace(orders=HAND), as_of=AS_OF), "c")
    rows = found.frame().set_index("member_id")
    assert len(rows) == 120
    got = rows.loc[["m0", "m1", "m2"], ["orders", "buyers", "revenue"]].to_numpy().tolist()
    assert got == [[2, 1, 45], [0, 0, 0], [0, 0, 0]]
    spans = ["pre_revenue", "placebo_revenue", "earlier_revenue", "after_revenue", "month_revenue"]
    assert rows.loc["m0", spans].tolist() == [10, 10, 0, 40, 10]
    assert rows.loc["m1", spans].tolist() == [7, 0, 7, 0, 7]
    assert rows.loc["m2", spans].tolist() == [1, 0, 1, 0, 0]
    assert rows[["orders", *spans]].to_numpy().sum() == 2 + 18 + 10 + 8 + 40 + 17
    assert (found.arms, found.control, found.after_seen) == (("treated",), "control", 14)
    assert rows.loc["m1", "recency"] == pytest.approx(18 + 4 / 24)  # up to the assignment


def test_a_running_campaign_is_read_as_far_as_it_has_come(make_dataset):
    found = campaign_outcomes(make_dataset(workspace(orders=HAND), as_of="2026-03-07"), "c")
    rows = found.frame().set_index("member_id")
    assert rows.loc["m0", "revenue"] == 15
    assert found.campaign.open
    assert found.campaign.fraction == pytest.approx(0.5, abs=1e-3)
    assert rows["after_orders"].sum() == 0
    assert found.after_seen == 0


def test_staff_and_segments(make_dataset):
    tables = workspace(orders=HAND)
    tables["members"] = tables["members"].assign(
        role=["staff", *["member"] * 119], region=["north", "south"] * 60
    )
    found = campaign_outcomes(make_dataset(tables, as_of=AS_OF), "c", segments=("region",))
    rows = found.frame()
    assert "m0" not in set(rows["member_id"])
    assert rows["region"].value_counts().to_dict() == {"south": 60, "north": 59}
    with pytest.raises(ArgumentError, match="no column 'shoe_size'"):
        campaign_outcomes(make_dataset(tables, as_of=AS_OF), "c", segments=("shoe_size",))


def assigned(**changes):
    return workspace()["assignments"].assign(**changes)


@pytest.mark.parametrize(("tables", "error", "words"), [
    ({"assignments": assigned(arm="treated")}, NotEnoughDataError, "a control arm 'control'"),
    ({"assignments": assigned(arm="control")}, NotEnoughDataError, "and another are needed"),
    ({"assignments": assigned(assigned_at="2026-03-20")}, DataError, "120 people .* after it was"),
    ({"assignments": pd.concat([assigned(), assigned(arm="control").tail(1)])}, DataError,
     "1 keys .* contradict"),
    ({"assignments": assigned(campaign_id="other")}, NotEnoughDataError, "nobody is listed"),
    ({"campaigns": workspace()["campaigns"].assign(design="clustered")}, DataError,
     "no cluster_id"),
    ({"campaigns": workspace()["campaigns"].assign(design="clustered"),
      "assignments": assigned(cluster_id="one")}, DataError, "1 clusters .* in two arms"),
    ({"campaigns": workspace()["campaigns"].assign(ends_at="2026-02-01")}, DataError,
     "ends before it begins"),
])  # fmt: skip
def test_campaigns_that_contradict_themselves(make_dataset, tables, error, words):
    ds = make_dataset(workspace(**tables), as_of=AS_OF)
    with pytest.raises(error, match=words):
        campaign_outcomes(ds, "c")


def test_an_unknown_campaign_is_named(make_dataset):
    with pytest.raises(ArgumentError, match=r"no campaign of this id.* Did you mean 'c'|Known: c"):
        campaign_outcomes(make_dataset(workspace(), as_of=AS_OF), "cc")


def test_no_days_before(make_dataset):
    tables = workspace()
    tables["orders"] = tables["orders"][tables["orders"]["paid_at"] >= "2026-03-01"]
    found = campaign_outcomes(make_dataset(tables, as_of=AS_OF), "c")
    assert found.pre_seen == 0


def test_only_participants_listed_makes_everybody_else_the_others(make_dataset):
    tables = workspace()
    tables["campaigns"] = tables["campaigns"].assign(design="observational")
    tables["assignments"] = tables["assignments"].head(40).assign(arm="joined")
    found = campaign_outcomes(make_dataset(tables, as_of=AS_OF), "c")
    assert (found.arms, found.control) == (("joined",), "others")
    assert found.frame()["arm"].value_counts().to_dict() == {"others": 80, "joined": 40}


def test_overlapping_campaigns_are_counted_by_arm(make_dataset):
    tables = workspace()
    other = tables["campaigns"].assign(campaign_id="d", starts_at="2026-03-10",
                                       ends_at="2026-03-20")  # fmt: skip
    tables["campaigns"] = pd.concat([tables["campaigns"], other])
    both = assigned(campaign_id="d", arm="treated").head(30)
    tables["assignments"] = pd.concat([assigned(), both])
    ds = make_dataset(tables, as_of=AS_OF)
    found = overlapping(ds, campaign(ds, "c")).set_index("arm")
    assert found["n"].to_dict() == {"control": 16, "treated": 14}
    assert found.loc["control", "share"] == pytest.approx(16 / 60)
    assert overlapping(make_dataset(workspace(), as_of=AS_OF), campaign(ds, "c")).empty
