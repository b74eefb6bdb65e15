"""What the source of an activity covers: late and early ends, slips, and sources that go on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.metrics import periods
from commlab.metrics.activity import covered

AS_OF = "2026-06-30"
MEMBERS = ["a", "b"]


def number(day, unit="month"):
    return periods.number_of(pd.Timestamp(day).date(), unit)


def daily(first, last, who="a"):
    return [(who, day) for day in pd.date_range(first, last, freq="D")]


def world(messages, orders=None, staff=()):
    """Two members since July 2025; orders every day to the end of June 2026 unless given."""
    orders = daily("2025-07-01", AS_OF) if orders is None else orders
    tables = {
        "members": pd.DataFrame(
            {
                "member_id": [*MEMBERS, *staff],
                "joined_at": "2025-07-01",
                "role": ["member"] * len(MEMBERS) + ["staff"] * len(staff),
            }
        )
    }
    for name, rows, time in (("messages", messages, "sent_at"), ("orders", orders, "paid_at")):
        frame = pd.DataFrame(rows, columns=["member_id", time])
        frame[f"{name[:-1]}_id"] = [str(place) for place in range(len(frame))]
        tables[name] = frame.assign(amount=10) if name == "orders" else frame
    return tables


def states(frame):
    return frame["status"].tolist()


@pytest.fixture
def ended(make_dataset):
    """Messages every day, to the end of October; orders go on for eight months."""
    return make_dataset(world(daily("2025-07-01", "2025-10-31")), as_of=AS_OF)


def test_periods_after_the_end_of_a_source_are_masked(ended):
    frame = metrics.retention(ended, activity="message", min_at_risk=1)
    assert states(frame) == ["ok"] * 4 + ["after_data"] * 8
    assert frame["rate"].iloc[:4].tolist() == [0.5] * 4
    lost = frame[frame["status"] == "after_data"]
    assert lost[["at_risk", "active", "rate", "low", "high"]].isna().all(axis=None)
    assert states(metrics.retention(ended, activity="order", min_at_risk=1)) == ["ok"] * 12
    assert states(metrics.retention(ended, activity="any", min_at_risk=1)) == ["ok"] * 12


def test_every_kind_masks_what_was_not_seen_to_its_end(ended):
    frame = metrics.retention(ended, activity="message", kind="unbounded", min_at_risk=1)
    assert states(frame) == ["ok"] * 4 + ["after_data"] * 8
    brackets = [(0, 2), (3, 4), (5, 8), (9, 13)]
    frame = metrics.retention(
        ended, activity="message", kind="bracket", brackets=brackets, min_at_risk=1
    )
    assert states(frame) == ["ok"] + ["after_data"] * 3
    frame = metrics.retention(
        ended, activity="order", kind="bracket", brackets=brackets, min_at_risk=1
    )
    assert states(frame) == ["ok"] * 3 + ["open"]


def test_the_period_of_the_last_event_counts_unless_its_silence_is_new(make_dataset):
    # A silence of ten days inside: the 19th leaves twelve days of October, the 21st ten.
    before = daily("2025-07-01", "2025-08-05") + daily("2025-08-16", "2025-10-01")
    for last, whole in (("2025-10-19", "2025-09-01"), ("2025-10-21", "2025-10-01")):
        tables = world(before + daily("2025-10-02", last))
        ds = make_dataset(tables, as_of=AS_OF)
        assert covered(ds, "message", "month", 0) == (number("2025-07-01"), number(whole))
        # While October runs, nobody knows.
        ds = make_dataset(tables, as_of="2025-10-31")
        assert covered(ds, "message", "month", 0)[1] == number("2025-10-01")


def test_lifecycle_stops_with_its_source(ended):
    frame = metrics.lifecycle(ended, activity="message")
    assert states(frame) == ["ok"] * 4 + ["after_data"] * 8
    assert frame["active"].fillna(-1).tolist() == [1] * 4 + [-1] * 8
    assert frame["dormant"].iloc[4:].isna().all()
    assert frame["members"].tolist() == [2] * 12


def test_a_source_within_one_period_covers_none(make_dataset):
    ds = make_dataset(world(daily("2025-09-10", "2025-09-20")), as_of=AS_OF)
    first, last = covered(ds, "message", "month", number("2025-07-01"))
    assert (first, last) == (number("2025-10-01"), number("2025-08-01"))
    frame = metrics.lifecycle(ds, activity="message")
    assert set(states(frame)) == {"before_data", "after_data"}
    assert frame["active"].isna().all()


def test_revenue_stops_with_the_orders(make_dataset):
    orders = [row for who in MEMBERS for row in daily("2025-07-01", "2025-10-31", who)]
    tables = world(daily("2025-07-01", AS_OF), orders)
    frame = metrics.revenue_retention(make_dataset(tables, as_of=AS_OF), min_at_risk=1)
    assert states(frame) == ["too_few"] * 4 + ["after_data"] * 8
    assert frame["revenue"].iloc[:4].tolist() == [620, 620, 600, 620]
    assert frame.iloc[4:][["at_risk", "revenue", "base", "rate"]].isna().all(axis=None)


def test_repurchase_takes_cohorts_that_both_sources_cover(make_dataset):
    tables = world(daily("2025-07-01", "2025-10-31"))
    # c's period 1 is October, d's is November: the messages end between them.
    late = pd.DataFrame({"member_id": ["c", "d"], "joined_at": ["2025-09-01", "2025-10-01"]})
    tables["members"] = pd.concat([tables["members"], late.assign(role="member")])
    ds = make_dataset(tables, as_of=AS_OF)
    for activity, members in (("message", 3), ("order", 4)):
        frame = metrics.repurchase_by_retention(ds, activity=activity, min_at_risk=1)
        assert frame["members"].sum() == members
    # Orders to October, horizon to period 4: November for those of July.
    orders = daily("2025-07-01", "2025-10-31")
    ds = make_dataset(world(daily("2025-07-01", AS_OF), orders), as_of=AS_OF)
    for horizon, members in ((2, 2), (3, 0)):
        frame = metrics.repurchase_by_retention(
            ds, horizon=horizon, activity="message", min_at_risk=1
        )
        assert frame["members"].sum() == members


def test_active_days_and_stickiness_stop_with_their_source(ended):
    frame = metrics.active_days(ended, activity="message", min_at_risk=1)
    assert set(frame["status"]) == {"after_data"}
    assert frame[["share", "low", "high", "at_least"]].isna().all(axis=None)
    sticky = metrics.stickiness(ended, activity="message", min_at_risk=1)
    ends = pd.date_range(end=AS_OF, periods=13, freq="28D")
    seen = (ends >= pd.Timestamp("2025-07-28")) & (ends <= pd.Timestamp("2025-10-31"))
    whole = ends[seen]
    assert sticky["ends_on"].tolist() == whole.tolist()
    assert len(metrics.stickiness(ended, activity="order", min_at_risk=1)) == 365 // 28


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize(
    "messages",
    [
        daily("2025-07-01", AS_OF),
        # Silent for 40 days once, so for 30 at the end too.
        daily("2025-07-01", "2025-09-30") + daily("2025-11-10", "2026-05-31"),
        # Too few to tell a silence from an end.
        [("a", "2025-07-01"), ("a", "2025-07-02"), ("b", "2025-07-09"), ("b", "2025-08-01")],
    ],
    ids=["daily", "rhythm", "few"],
)
def test_a_source_that_goes_on_is_covered_to_the_end(make_dataset, messages, unit):
    ds = make_dataset(world(messages), as_of=AS_OF)
    oldest = number("2025-07-01", unit)
    assert covered(ds, "message", unit, oldest) == (oldest, number(AS_OF, unit))


def test_the_default_day_leaves_sources_alive(make_dataset):
    days = pd.Timestamp("2025-07-01") + pd.to_timedelta(np.arange(0, 360, 9), "D")
    ds = make_dataset(world([("a", day) for day in days]))
    frame = metrics.retention(ds, activity="message", min_at_risk=1)
    assert states(frame) == ["ok"] * 11 + ["open"]


def test_a_placeholder_date_does_not_hide_a_late_export(make_dataset):
    late = daily("2025-10-01", AS_OF)
    masked = ["before_data"] * 3 + ["ok"] * 9
    for rows, expected in (
        (late, masked),
        ([*late, ("a", "1970-01-01")], masked),
        ([*late, ("a", "2009-12-31 23:00"), ("a", "1970-01-01")], masked),
        # One in a hundred at most: more of them are what the source says.
        ([*late, *daily("2009-01-01", "2009-01-03")], ["ok"] * 12),
        ([*late, ("a", "2010-01-01")], ["ok"] * 12),
    ):
        ds = make_dataset(world(rows), as_of=AS_OF)
        frame = metrics.retention(ds, activity="message", min_at_risk=1)
        assert states(frame) == expected


def test_only_persons_who_are_not_staff_cover(make_dataset):
    own = daily("2025-10-01", "2026-03-31")
    strangers = [
        row
        for who in ("teacher", "unheard-of", None)
        for row in daily("2025-07-01", AS_OF, who)
    ]  # fmt: skip
    ds = make_dataset(world(own + strangers, staff=["teacher"]), as_of=AS_OF)
    frame = metrics.retention(ds, activity="message", min_at_risk=1)
    assert states(frame) == ["before_data"] * 3 + ["ok"] * 6 + ["after_data"] * 3
    ds = make_dataset(world(strangers, staff=["teacher"]), as_of=AS_OF)
    assert covered(ds, "message", "month", 0) == (None, None)


def test_one_query_tells_both_ends(ended, monkeypatch):
    asked = []
    frame = type(ended).frame

    def counted(*args, **more):
        asked.append(args)
        return frame(*args, **more)

    monkeypatch.setattr(type(ended), "frame", counted)
    covered(ended, "message", "month", number("2025-07-01"))
    assert len(asked) == 1
