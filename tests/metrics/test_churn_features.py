"""Rows of features equal a walk through the people; nothing after the cutoff is in them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.metrics import churn_features
from commlab.metrics.churn_features import churn_rows

from . import reference

AS_OF = dt.date(2026, 6, 24)
CUTOFF = dt.date(2026, 4, 1)
HORIZON = 56
INTEREST = ("clicked", "visited", "carted", "watched", "shared", "chatted")


def random_world(seed):
    """The world of the other tests, with every table that adds a feature."""
    world = reference.random_world(seed)
    rng = np.random.default_rng([seed, 5])
    ids, start = world["members"]["member_id"].to_numpy(), pd.Timestamp("2025-11-05")

    def times(count):
        return start + pd.to_timedelta(rng.integers(0, 260 * 24 * 60, count), "min")

    def ended(begun, share):
        later = begun + pd.to_timedelta(rng.integers(60, 120 * 24 * 60, len(begun)), "min")
        return pd.Series(later).where(rng.random(len(begun)) < share)

    joined = times(200)
    left = ended(joined, 0.6)
    kinds = pd.Series(rng.choice(["left", "removed", "moved"], 200)).where(left.notna())
    added = times(150)
    events = [*INTEREST, "exposed", "sampled"]
    world["memberships"] = pd.DataFrame({
        "group_id": rng.choice(["g1", "g2", "g3"], 200), "member_id": rng.choice(ids, 200),
        "joined_at": joined, "left_at": left, "leave_kind": kinds})  # fmt: skip
    world["contacts"] = pd.DataFrame({
        "member_id": rng.choice(ids, 150), "staff_id": rng.choice(["s1", "s2"], 150),
        "added_at": added, "deleted_at": ended(added, 0.4)})  # fmt: skip
    world["touchpoints"] = pd.DataFrame({
        "member_id": rng.choice(ids, 500), "at": times(500),
        "event": rng.choice(events, 500)})  # fmt: skip
    world["check_ins"] = pd.DataFrame({"member_id": rng.choice(ids, 300), "at": times(300)})
    world["tags"] = pd.DataFrame({
        "member_id": rng.choice(ids, 300), "tag": rng.choice(["a", "b", "c"], 300),
        "tagged_at": pd.Series(times(300)).where(rng.random(300) < 0.9)})  # fmt: skip
    return world


def known_by(frame, column, cutoff):
    midnight = pd.Timestamp(cutoff) + pd.Timedelta(days=1)
    return frame[frame[column] < midnight]


def occasions(world, cutoff):
    """{member: {day: net}} of the days with positive net spend, as known at a cutoff."""
    midnight = pd.Timestamp(cutoff) + pd.Timedelta(days=1)
    staff = set(world["members"].query("role == 'staff'")["member_id"])
    spend = defaultdict(lambda: defaultdict(int))
    for row in known_by(world["orders"], "paid_at", cutoff).itertuples():
        if pd.isna(row.member_id) or row.member_id in staff:
            continue
        known = pd.isna(row.refunded_at) or row.refunded_at < midnight
        back = row.refund_amount if known else 0
        spend[row.member_id][row.paid_at.date()] += round(row.amount * 100) - round(back * 100)
    return {
        who: {day: net for day, net in days.items() if net > 0}
        for who, days in spend.items() if any(net > 0 for net in days.values())
    }  # fmt: skip


def dated(out, frame, column, cutoff, name):
    days = defaultdict(set)
    for row in known_by(frame, column, cutoff).itertuples():
        days[row.member_id].add(getattr(row, column).date())
    for who, row in out.items():
        own = days.get(who, set())
        row[f"days_since_{name}"] = (cutoff - max(own)).days if own else np.nan
        for window in (30, 90):
            row[f"{name}_days_{window}"] = sum((cutoff - day).days < window for day in own)


def walk(world, cutoff):
    """Features of every buyer, person by person."""
    midnight = pd.Timestamp(cutoff) + pd.Timedelta(days=1)
    out = {}
    for who, days in occasions(world, cutoff).items():
        order = sorted(days)
        silent, age = (cutoff - order[-1]).days, (cutoff - order[0]).days
        gap = (order[-1] - order[0]).days / (len(order) - 1) if len(order) > 1 else np.nan
        out[who] = {
            "frequency": len(order) - 1, "recency": (order[-1] - order[0]).days / 7,
            "T": age / 7, "days_since_order": silent, "days_since_first": age,
            "orders_count": len(order), "days_between": gap, "silence_in_gaps": silent / gap,
            "spent_count": sum(days.values()) / 100,
            "spent_90": sum(n for day, n in days.items() if (cutoff - day).days < 90) / 100,
            "orders_30": sum((cutoff - day).days < 30 for day in order),
            "orders_90": sum((cutoff - day).days < 90 for day in order),
        }  # fmt: skip
    messages = world["messages"]
    dated(out, messages[~messages["revoked"]], "sent_at", cutoff, "message")
    steps = world["touchpoints"]
    dated(out, steps[steps["event"].isin(INTEREST)], "at", cutoff, "interest")
    dated(out, world["check_ins"], "at", cutoff, "check_in")
    stays = known_by(world["memberships"], "joined_at", cutoff)
    friends = known_by(world["contacts"], "added_at", cutoff)
    tags = known_by(world["tags"], "tagged_at", cutoff)
    joined = dict(zip(world["members"]["member_id"], world["members"]["joined_at"], strict=True))
    for who, row in out.items():
        own = stays[stays["member_id"] == who]
        gone = own["left_at"] < midnight
        row["groups_now"] = int((~gone).sum())
        row["groups_left"] = int((gone & own["leave_kind"].isin(["left", "removed"])).sum())
        own = friends[friends["member_id"] == who]
        row["friends_now"] = int((~(own["deleted_at"] < midnight)).sum())
        row["tags_count"] = tags.loc[tags["member_id"] == who, "tag"].nunique()
        known = joined[who] < midnight
        row["days_since_joined"] = (cutoff - joined[who].date()).days if known else np.nan
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_equals_a_walk(make_dataset, seed):
    world = random_world(seed)
    ds = make_dataset(world, as_of=str(AS_OF))
    rows = churn_rows(ds, CUTOFF, HORIZON)
    expected = walk(world, CUTOFF)
    assert list(rows["member_id"]) == sorted(expected)
    assert len(rows) > 60
    end = CUTOFF + dt.timedelta(days=HORIZON)
    later = occasions(world, end)
    for row in rows.to_dict("records"):
        who = row.pop("member_id")
        back = any(day > CUTOFF for day in later.get(who, {}))
        assert row.pop("churned") == (not back), who
        assert set(row) == set(expected[who]), who
        for name, value in expected[who].items():
            assert row[name] == pytest.approx(value, nan_ok=True), (who, name)
    assert 0.05 < rows["churned"].mean() < 0.95


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_after_the_cutoff_changes_a_row(make_dataset, seed):
    """Rows later than the cutoff are dropped, and facts that became known later unlearnt."""
    world = random_world(seed)
    midnight = pd.Timestamp(CUTOFF) + pd.Timedelta(days=1)
    dates = {"members": "joined_at", "orders": "paid_at", "messages": "sent_at",
             "memberships": "joined_at", "contacts": "added_at", "touchpoints": "at",
             "check_ins": "at", "tags": "tagged_at"}  # fmt: skip
    past = {name: frame[~(frame[dates[name]] >= midnight)] for name, frame in world.items()}
    # Who is staff is no event: it is read whenever it became known.
    staff = world["members"].query("role == 'staff'")
    past["members"] = pd.concat([past["members"], staff]).drop_duplicates("member_id")
    orders = past["orders"].copy()
    future = orders["refunded_at"] >= midnight
    assert future.any()
    orders.loc[future, "refund_amount"] = 0.0
    orders.loc[future, "refunded_at"] = pd.NaT
    stays = past["memberships"].copy()
    later = stays["left_at"] >= midnight
    assert later.any()
    stays.loc[later, ["left_at", "leave_kind"]] = [pd.NaT, None]
    friends = past["contacts"].copy()
    friends.loc[friends["deleted_at"] >= midnight, "deleted_at"] = pd.NaT
    past |= {"orders": orders, "memberships": stays, "contacts": friends}
    whole = churn_rows(make_dataset(world, as_of=str(AS_OF)), CUTOFF)
    only_past = churn_rows(make_dataset(past, as_of=str(CUTOFF)), CUTOFF)
    pd.testing.assert_frame_equal(whole, only_past)


def test_a_refund_after_the_cutoff_is_not_known_there_but_counts_for_the_label(make_dataset):
    ds = of_orders(
        make_dataset,
        [("a", "2026-01-05", 10.0, 10.0, "2026-03-01"), ("a", "2026-02-10", 5.0, 5.0, "2026-02-20"),
         ("b", "2026-01-05", 10.0, 0.0, None), ("b", "2026-02-10", 5.0, 5.0, "2026-04-20")],
        as_of="2026-05-31",
    )  # fmt: skip
    rows = churn_rows(ds, dt.date(2026, 2, 1), 28).set_index("member_id")
    # a: the order before was not refunded yet, the one after had been by the end of the horizon.
    assert rows["spent_count"].to_dict() == {"a": 10.0, "b": 10.0}
    assert rows["churned"].to_dict() == {"a": True, "b": False}


def of_orders(make_dataset, rows, as_of, **tables):
    names = ["member_id", "paid_at", "amount", "refund_amount", "refunded_at"]
    frame = pd.DataFrame(rows, columns=names)
    frame["order_id"] = [f"o{number}" for number in range(len(frame))]
    return make_dataset({"orders": frame, **tables}, as_of=as_of)


def test_labels_look_from_the_day_after_to_the_last_day_of_the_horizon(make_dataset):
    days = {"same": "2026-02-01", "first": "2026-02-02", "last": "2026-02-15", "late": "2026-02-16"}
    bought = [(who, "2026-01-01", 1.0, 0.0, None) for who in days]
    again = [(who, f"{day} 23:59", 1.0, 0.0, None) for who, day in days.items()]
    ds = of_orders(make_dataset, bought + again, as_of="2026-03-31")
    rows = churn_rows(ds, dt.date(2026, 2, 1), 14).set_index("member_id")
    assert rows["churned"].to_dict() == {"same": True, "first": False, "last": False, "late": True}


def test_orders_alone_are_enough(make_dataset):
    ds = of_orders(make_dataset, [("a", "2026-01-05", 10.0, 0.0, None)], as_of="2026-03-31")
    rows = churn_rows(ds, dt.date(2026, 2, 1))
    assert "churned" not in rows
    assert not [name for name in rows if "message" in name or "group" in name or "tag" in name]
    assert rows["days_since_order"].tolist() == [27.0]


def test_tags_without_times_are_no_feature(make_dataset):
    tags = pd.DataFrame({"member_id": ["a"], "tag": ["vip"]})
    orders = [("a", "2026-01-05", 10.0, 0.0, None)]
    rows = churn_rows(of_orders(make_dataset, orders, "2026-03-31", tags=tags), dt.date(2026, 2, 1))
    assert "tags_count" not in rows


def test_a_sample_is_the_same_people_at_every_cutoff(make_dataset):
    world = random_world(4)
    ds = make_dataset(world, as_of=str(AS_OF))
    everybody = churn_rows(ds, CUTOFF)
    some = churn_rows(ds, CUTOFF, most=40)
    assert 20 <= len(some) <= 60
    whole = everybody[everybody["member_id"].isin(some["member_id"])]
    pd.testing.assert_frame_equal(some, whole.reset_index(drop=True))


def test_refusals(make_dataset):
    ds = of_orders(make_dataset, [("a", "2026-01-05", 10.0, 0.0, None)], as_of="2026-02-10")
    with pytest.raises(NotEnoughDataError, match="14 days after 2026-01-28 are not over"):
        churn_rows(ds, dt.date(2026, 1, 28), 14)
    churn_rows(ds, dt.date(2026, 1, 27), 14)
    free = [("a", "2026-01-05", 10.0, 10.0, None), ("b", "2026-01-09", 5.0, 0.0, None)]
    ds = of_orders(make_dataset, free, as_of="2026-02-10")
    with pytest.raises(NotEnoughDataError, match="nobody had bought by 2026-01-08"):
        churn_rows(ds, dt.date(2026, 1, 8))
    with pytest.raises(NotEnoughDataError, match="only 0 second and later purchases"):
        metrics.churn_horizon(ds)
    with pytest.raises(ArgumentError, match="quantile"):
        metrics.churn_horizon(ds, 1.0)


def test_horizon_is_the_quantile_of_the_gaps_in_whole_weeks(make_dataset):
    """Gaps of 1 to 100 days, one each: 85 of them are at most 85 days, 13 weeks."""
    bought = [(f"p{gap}", "2025-06-01", 1.0, 0.0, None) for gap in range(1, 101)]
    again = [
        (f"p{gap}", str(dt.date(2025, 6, 1) + dt.timedelta(days=gap)), 1.0, 0.0, None)
        for gap in range(1, 101)
    ]
    ds = of_orders(make_dataset, bought + again, as_of="2026-02-10")
    assert metrics.churn_horizon(ds) == 91
    assert metrics.churn_horizon(ds, 0.84) == 84
    assert metrics.churn_horizon(ds, 0.05) == 7


def test_cutoffs_roll_back_and_leave_the_outcomes_over(make_dataset):
    bought = [("a", "2025-06-01", 1.0, 0.0, None), ("a", "2026-06-20", 1.0, 0.0, None)]
    ds = of_orders(make_dataset, bought, as_of="2026-06-24")
    found = metrics.churn_cutoffs(ds, 56, tests=3, step=28)
    assert [days.test for days in found] == [
        dt.date(2026, 4, 29), dt.date(2026, 4, 1), dt.date(2026, 3, 4)
    ]  # fmt: skip
    for days in found:
        assert (days.test - days.calibrate).days == (days.calibrate - days.train).days == 56
        assert (days.train - dt.date(2025, 6, 1)).days >= 28
    # 388 days hold three horizons and four weeks up to 120 days.
    assert len(metrics.churn_cutoffs(ds, 120)) == 1
    with pytest.raises(NotEnoughDataError, match="cover less than 391 days"):
        metrics.churn_cutoffs(ds, 121)
    now = metrics.scoring_cutoffs(ds, 56)
    assert (now.test, (now.test - now.calibrate).days) == (dt.date(2026, 6, 24), 56)
    for wrong in (0, -7, 1.5, True):
        with pytest.raises(ArgumentError, match="horizon"):
            metrics.churn_cutoffs(ds, wrong)


def test_batches_hold_the_same_rows(make_dataset, monkeypatch):
    """Beyond some number of people all are read in batches, of single precision."""
    ds = make_dataset(random_world(3), as_of=str(AS_OF))
    whole = churn_rows(ds, CUTOFF, most=None)
    monkeypatch.setattr(churn_features, "MOST_ROWS", 10)
    monkeypatch.setattr(churn_features, "BATCH", 7)
    parts = churn_rows(ds.at(AS_OF), CUTOFF, most=None)
    assert list(parts) == list(whole)
    assert parts["member_id"].tolist() == whole["member_id"].tolist()
    for name in whole.columns.drop("member_id"):
        single = whole[name].astype(parts[name].dtype)
        pd.testing.assert_series_equal(parts[name], single, check_dtype=False)
    assert parts["days_since_order"].dtype == "float32"
    assert parts["spent_count"].dtype == "float64"
