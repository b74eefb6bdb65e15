"""Who is invited where when groups close, community value by week, points of groups, hours."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import ArgumentError, NotEnoughDataError

AS_OF = "2026-05-31"  # a Sunday


def stays(rows):
    return pd.DataFrame(rows, columns=["group_id", "member_id", "joined_at", "left_at"])


GROUPS = pd.DataFrame(
    {"group_id": ["old", "near", "far", "silver", "watched"], "created_at": "2025-01-01",
     "positioning": ["benefit", "benefit", "content", "benefit", "benefit"],
     "region": ["华东", "华东", "华南", "华东", "华东"]}
)  # fmt: skip
PLACE = pd.DataFrame(
    {"group_id": GROUPS["group_id"], "place": ["closing", "golden", "golden", "golden", "watch"],
     "notice_on": [pd.Timestamp("2026-06-11")] + [pd.NaT] * 4,
     "closing_on": [pd.Timestamp("2026-06-14")] + [pd.NaT] * 4}
)  # fmt: skip
STAGES = pd.DataFrame(
    {"group_id": GROUPS["group_id"], "value": [0.1, 0.4, 0.9, 0.2, 0.5], "status": "ok",
     "rank_stage": ["silver", "golden", "golden", "silver", "golden"]}
)  # fmt: skip
POINTS = pd.DataFrame(
    {"member_id": ["a", "b", "c", "d", "e"], "points": [50.0, 30.0, 25.0, 20.0, 99.0]}
)
PEOPLE = pd.DataFrame(
    {
        "member_id": list("abcde"),
        "joined_at": "2026-01-01",
        "adviser_id": ["s1", None, "s2", "s1", "s1"],
    }
)


def world(**more):
    rows = [(("old"), who, "2026-01-02", None) for who in "abcd"]
    rows += [("near", "b", "2026-01-02", None), ("near", "e", "2026-01-02", None),
             ("old", "e", "2026-01-02", "2026-03-01")]  # fmt: skip
    return {"memberships": stays(rows), "members": PEOPLE, "groups": GROUPS, **more}


def test_members_above_the_cut_are_invited_into_the_group_that_fits_best(make_dataset):
    ds = make_dataset(world(), as_of=AS_OF)
    found = metrics.migration_list(ds, PLACE, STAGES, POINTS)
    # d has 20 points, not more; e has left. b is in the near group already.
    assert found["member_id"].tolist() == ["a", "b", "c"]
    assert found["to_group_id"].tolist() == ["near", "far", "near"]
    assert found["adviser_id"].fillna("").tolist() == ["s1", "", "s2"]
    assert set(found["notice_on"]) == {dt.date(2026, 6, 11)}
    assert set(found["closing_on"]) == {dt.date(2026, 6, 14)}


def test_a_full_group_takes_nobody(make_dataset):
    ds = make_dataset(world(), as_of=AS_OF)
    found = metrics.migration_list(ds, PLACE, STAGES, POINTS, capacity=3)
    assert found["to_group_id"].tolist() == ["near", "far", "far"]
    none = metrics.migration_list(ds, PLACE, STAGES, POINTS, capacity=0)
    assert none["to_group_id"].isna().all()


def test_nobody_is_invited_where_no_group_closes_or_a_column_lacks(make_dataset):
    ds = make_dataset(world(), as_of=AS_OF)
    assert metrics.migration_list(ds, PLACE.assign(place="golden"), STAGES, POINTS).empty
    with pytest.raises(ArgumentError, match="'points'"):
        metrics.migration_list(ds, PLACE, STAGES, POINTS.rename(columns={"points": "score"}))


def test_members_without_points_count_as_nothing(make_dataset):
    ds = make_dataset(world(), as_of=AS_OF)
    found = metrics.group_points(ds, POINTS[POINTS["member_id"] != "c"]).set_index("group_id")
    assert found.loc["old", ["people", "total", "high"]].tolist() == [4, 100.0, 2]
    assert found.loc["old", "square"] == 50**2 + 30**2 + 20**2
    assert found.loc["near", ["people", "total", "high"]].tolist() == [2, 129.0, 2]


def test_community_value_of_a_week_is_what_was_known_then(make_dataset):
    asked = []

    def points_of(then):
        asked.append(then.as_of)
        return POINTS.assign(points=POINTS["points"] + then.as_of.day)

    ds = make_dataset(world(orders=_order("2026-01-05")), as_of=AS_OF)
    found = metrics.weekly_values(ds, points_of, weeks=3)
    assert asked == [dt.date(2026, 5, 17), dt.date(2026, 5, 24), dt.date(2026, 5, 31)]
    old = found[found["group_id"] == "old"]
    assert old["week"].tolist() == list(pd.to_datetime(["2026-05-11", "2026-05-18", "2026-05-25"]))
    assert old["people"].tolist() == [4, 4, 4]
    assert old["mean"].tolist() == [(125 + 4 * day) / 4 for day in (17, 24, 31)]
    early = metrics.weekly_values(ds.at("2026-01-11"), points_of, weeks=9)
    # Weeks before any order are left out, and those before anybody joined.
    assert early["week"].unique().tolist() == [pd.Timestamp("2026-01-05")]
    with pytest.raises(NotEnoughDataError):
        metrics.weekly_values(make_dataset({"memberships": stays([("g", "a", "2026-05-30", None)])},
                                           as_of="2026-05-30"), points_of, weeks=1)  # fmt: skip


def test_a_usual_week_is_the_mean_of_its_days(make_dataset):
    rows = [("a", "2026-05-25 08:10"), ("a", "2026-05-25 08:50"), ("b", "2026-05-25 08:20"),
            ("a", "2026-05-18 08:59"), ("a", "2026-05-26 21:00"), ("s", "2026-05-26 21:00"),
            ("b", "2026-05-30 09:00")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["member_id", "sent_at"])
    frame = frame.assign(message_id=[f"x{n}" for n in range(len(rows))], group_id="g")
    staff = pd.DataFrame({"staff_id": ["s"], "role": ["adviser"]})
    ds = make_dataset({"messages": frame, "staff": staff}, as_of=AS_OF)
    hours = metrics.day_hours(ds, 28)
    assert hours["people"].tolist() == [1, 2, 1, 1]  # once an hour each; staff not at all
    week = metrics.week_profile(hours).set_index(["weekday", "hour"])
    assert week.loc[(0, 8), ["days", "people", "mean"]].tolist() == [2, 3, 1.5]
    assert week.loc[(1, 21), "mean"] == 1
    assert week["share"].sum() == pytest.approx(1)
    assert len(week) == 7 * 24
    assert metrics.day_hours(ds, 3)["people"].tolist() == [1]
    # The window ends with the last day of the messages, and is empty where only staff wrote.
    assert metrics.day_hours(ds, 1)["people"].tolist() == [1]
    with pytest.raises(NotEnoughDataError):
        metrics.day_hours(make_dataset({"messages": frame[frame["member_id"] == "s"],
                                        "staff": staff}, as_of=AS_OF))  # fmt: skip


def _order(day):
    return pd.DataFrame(
        {"order_id": ["o1"], "member_id": ["a"], "paid_at": [f"{day} 09:00"], "amount": [1.0]}
    )


@pytest.mark.parametrize("name", ["group_points", "weekly_values", "migration_list"])
def test_frames_stay_as_they_are(make_dataset, name):
    ds, points = make_dataset(world(orders=_order("2026-05-31")), as_of=AS_OF), POINTS.copy()
    {
        "group_points": lambda: metrics.group_points(ds, points),
        "weekly_values": lambda: metrics.weekly_values(ds, lambda _: points, weeks=2),
        "migration_list": lambda: metrics.migration_list(ds, PLACE, STAGES, points),
    }[name]()
    pd.testing.assert_frame_equal(points, POINTS)
    assert np.isfinite(points["points"]).all()


def moved_world():
    """Thirty members of two closed groups: 12 of one and 6 of the other came into a third."""
    rows, groups = [], [("a", "2026-03-01"), ("b", "2026-04-01"), ("new", None)]
    for n in range(30):
        source, end = ("a", "2026-03-01") if n < 15 else ("b", "2026-04-01")
        kind = "migrated" if n % 15 < 6 else None  # of those who moved some are not marked
        rows.append((source, f"m{n}", "2025-12-01", end if kind else None, kind))
        if n < 12 or 15 <= n < 21:
            day = pd.Timestamp(end) + pd.Timedelta(days=[-20, 3, 29][n % 3])
            rows.append(("new", f"m{n}", str(day), None, None))
    rows.append(("new", "m14", "2026-05-20", None, None))  # far too late to be this move
    rows.append(("a", "gone", "2025-12-01", "2026-02-01", "left"))  # had left before
    names = ["group_id", "member_id", "joined_at", "left_at", "leave_kind"]
    table = pd.DataFrame(groups, columns=["group_id", "closed_at"]).assign(created_at="2025-11-01")
    people = pd.DataFrame({"member_id": [*(f"m{n}" for n in range(30)), "gone"],
                           "joined_at": "2025-12-01", "adviser_id": "s1"})  # fmt: skip
    return {"memberships": pd.DataFrame(rows, columns=names), "groups": table, "members": people}


def test_the_migration_rate_counts_who_came_into_another_group(make_dataset):
    ds = make_dataset(moved_world(), as_of=AS_OF)
    rate = metrics.migration_rate(ds)
    assert (rate.value, rate.n) == (pytest.approx(18 / 30), 30)
    assert rate.low < 0.4 < 0.8 < rate.high  # two groups, 12 of 15 and 6 of 15
    listed = metrics.closed_stays(ds)
    assert len(listed) == 30
    assert listed["to_group_id"].notna().sum() == 18
    early = make_dataset(moved_world(), as_of="2026-04-10")
    assert metrics.migration_rate(early).status == "too_few"  # fifteen whose time is over


def test_rewards_are_due_to_those_who_have_joined(make_dataset):
    due = metrics.rewards_due(make_dataset(moved_world(), as_of="2026-04-10"), 10)
    assert set(due["member_id"]) == {"m16", "m19"}  # three days after the closing of b
    assert due["to_group_id"].eq("new").all()
    assert due["adviser_id"].eq("s1").all()


def test_without_a_closing_there_is_no_rate(make_dataset):
    with pytest.raises(NotEnoughDataError, match="closed"):
        metrics.migration_rate(make_dataset(world(), as_of=AS_OF))
