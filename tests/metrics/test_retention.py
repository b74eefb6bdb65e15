"""Retention against an independent walk through the people, and at the borders of time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, stats

from . import reference

AS_OF = "2026-06-24"


def cells(frame):
    """{(cohort, period): (at_risk, active)} of the cells that show counts."""
    known = frame[frame["status"].isin(["ok", "too_few"])]
    return {
        (row.cohort.date(), row.period): (row.at_risk, row.active) for row in known.itertuples()
    }


def made(members, orders=(), messages=(), **extra):
    """Tables from short lists: (id, joined), (id, paid), (id, sent); local times."""
    tables = {"members": pd.DataFrame(members, columns=["member_id", "joined_at"]), **extra}
    for name, rows, time in (("orders", orders, "paid_at"), ("messages", messages, "sent_at")):
        if len(rows):
            frame = pd.DataFrame(rows, columns=["member_id", time])
            frame[f"{name[:-1]}_id"] = [str(i) for i in range(len(frame))]
            if name == "orders":
                frame["amount"] = 10
            tables[name] = frame
    return tables


@pytest.fixture(scope="module")
def world():
    return reference.random_world(3)


@pytest.mark.parametrize("kind", ["on", "unbounded", "bracket"])
@pytest.mark.parametrize("unit", ["month", "week"])
@pytest.mark.parametrize("activity", ["any", "order", "message"])
def test_equals_a_walk_through_the_people(make_dataset, world, activity, unit, kind):
    ds = make_dataset(world, as_of=AS_OF)
    brackets = [(0, 0), (1, 2), (4, 5)] if kind == "bracket" else None
    frame = metrics.retention(
        ds, cohort=unit, activity=activity, kind=kind, brackets=brackets, min_at_risk=1
    )
    expected = reference.retention(
        reference.anchors_of(world["members"]),
        reference.events_of(world, activity),
        dt.date.fromisoformat(AS_OF),
        unit,
        kind,
        brackets=brackets,
    )
    assert cells(frame) == expected
    assert len(expected) >= 14
    unknown = frame[frame["status"] == "open"]
    assert len(unknown)
    assert unknown[["at_risk", "active", "rate", "low", "high"]].isna().all(axis=None)
    shown = frame[frame["status"] == "ok"]
    active, at_risk = shown["active"].astype(float), shown["at_risk"].astype(float)
    np.testing.assert_array_equal(shown["rate"], active / at_risk)
    low, high = stats.wilson(active, at_risk)
    np.testing.assert_array_equal(shown["low"], low)
    np.testing.assert_array_equal(shown["high"], high)
    assert (shown["deff"] == 1).all()


@pytest.mark.parametrize("anchor", ["joined", "first_order", "first_message", "group_joined"])
def test_anchors(make_dataset, world, anchor):
    everybody = reference.anchors_of(world["members"])
    # Whoever joins after as_of is not yet a member, whatever he bought before.
    everybody = {m: at for m, at in everybody.items() if at < dt.datetime(2026, 6, 25)}
    stays = pd.DataFrame({"member_id": list(everybody)[:60], "group_id": "g"})
    stays["joined_at"] = [everybody[m] + dt.timedelta(days=9) for m in stays["member_id"]]
    again = stays.assign(joined_at=stays["joined_at"] + pd.Timedelta(days=40), group_id="h")
    tables = {**world, "memberships": pd.concat([again, stays])}
    ds = make_dataset(tables, as_of=AS_OF)
    firsts = {
        "joined": list(everybody.items()),
        "first_order": reference.events_of(world, "order"),
        "first_message": reference.events_of(world, "message"),
        "group_joined": list(zip(stays["member_id"], stays["joined_at"], strict=True)),
    }[anchor]
    anchors: dict = {}
    for member, at in firsts:
        if member in everybody:
            anchors[member] = min(at, anchors.get(member, at))
    frame = metrics.retention(ds, anchor=anchor, activity="order", min_at_risk=1)
    as_of = dt.date.fromisoformat(AS_OF)
    events = reference.events_of(world, "order")
    assert cells(frame) == reference.retention(anchors, events, as_of, "month")
    if anchor == "first_order":
        first = frame[(frame["period"] == 0) & (frame["status"] == "ok")]
        assert (first["rate"] == 1).all()


def test_grid_is_complete_and_sorted(make_dataset):
    ds = make_dataset(
        made(
            [("a", "2026-01-05"), ("b", "2026-03-09")], [("a", "2026-01-06"), ("b", "2026-03-10")]
        ),
        as_of="2026-05-15",
    )
    frame = metrics.retention(ds, min_at_risk=1)
    # No cohort of February: nobody joined. Zero cells of January are there.
    assert [(row.cohort.month, row.period) for row in frame.itertuples()] == [
        (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (3, 0), (3, 1), (3, 2),
    ]  # fmt: skip
    assert frame["active"].fillna(-1).tolist() == [1, 0, 0, 0, -1, 1, 0, -1]
    assert frame["status"].tolist() == ["ok"] * 4 + ["open"] + ["ok"] * 2 + ["open"]
    assert list(frame.columns) == [
        "cohort", "period", "size", "at_risk", "active", "rate", "low", "high", "status", "deff",
        "n_effective",
    ]  # fmt: skip
    short = metrics.retention(ds, min_at_risk=1, periods=1)
    pd.testing.assert_frame_equal(
        short, frame[frame["period"] <= 1].reset_index(drop=True), check_exact=True
    )


def test_the_last_day_of_a_period_closes_it(make_dataset):
    tables = made([("a", "2026-01-05")], [("a", "2026-01-31 23:59:59.999999"), ("a", "2026-03-01")])
    for as_of, status in (("2026-02-27", ["ok", "open"]), ("2026-02-28", ["ok", "ok"])):
        frame = metrics.retention(make_dataset(tables, as_of=as_of), min_at_risk=1)
        assert frame["status"].tolist() == status
        assert frame["active"].iloc[0] == 1


def test_months_are_drawn_in_the_zone_of_the_workspace(make_dataset):
    utc = pd.to_datetime(["2026-01-31 15:59", "2026-01-31 16:30"]).tz_localize("UTC")
    orders = pd.DataFrame(
        {"order_id": ["1", "2"], "member_id": ["a", "b"], "paid_at": utc, "amount": [1, 1]}
    )
    for zone, months in (("Asia/Shanghai", [1, 2]), ("UTC", [1]), ("Europe/Berlin", [1])):
        ds = make_dataset({"orders": orders}, as_of="2026-02-28", zone=zone)
        frame = metrics.retention(ds, anchor="first_order", activity="order", min_at_risk=1)
        cohorts = frame[frame["period"] == 0]
        assert [day.month for day in cohorts["cohort"]] == months, zone
        assert cohorts["size"].tolist() == [2 // len(months)] * len(months)


def test_weeks_start_where_the_settings_say(make_dataset):
    # 2026-03-01 is a Sunday.
    orders = [("a", "2026-03-02"), ("a", "2026-03-07"), ("a", "2026-02-23")]
    tables = made([("a", "2026-03-01 12:00")], orders)
    monday = metrics.retention(make_dataset(tables, as_of="2026-03-08"), cohort="week",
                               min_at_risk=1)  # fmt: skip
    sunday = metrics.retention(
        make_dataset(tables, as_of="2026-03-08", week_start="sunday"), cohort="week", min_at_risk=1
    )
    assert monday["cohort"].iloc[0] == pd.Timestamp("2026-02-23")
    assert cells(monday) == {(dt.date(2026, 2, 23), 0): (1, 0), (dt.date(2026, 2, 23), 1): (1, 1)}
    assert sunday["cohort"].iloc[0] == pd.Timestamp("2026-03-01")
    assert cells(sunday) == {(dt.date(2026, 3, 1), 0): (1, 1)}
    assert sunday["status"].tolist() == ["ok", "open"]


@pytest.mark.parametrize("kind", ["on", "unbounded", "bracket"])
def test_as_of_in_the_past_is_what_was_known_then(make_dataset, world, kind):
    past = "2026-03-17"
    end = pd.Timestamp("2026-03-18")
    cut = {
        "members": world["members"][world["members"]["joined_at"] < end],
        "orders": world["orders"][world["orders"]["paid_at"] < end],
        "messages": world["messages"][world["messages"]["sent_at"] < end],
    }
    for split in (None, "channel"):
        then = metrics.retention(make_dataset(world, as_of=past), kind=kind, split=split)
        by_hand = metrics.retention(make_dataset(cut, as_of=past), kind=kind, split=split)
        pd.testing.assert_frame_equal(then, by_hand, check_exact=True)
        later = metrics.retention(make_dataset(world, as_of=AS_OF), kind=kind, split=split)
        assert len(later) > len(then)


def test_what_precedes_the_anchor_does_not_count(make_dataset):
    members = [("a", "2026-02-10 12:00"), ("b", "2026-02-10 12:00")]
    orders = [("a", "2026-01-20"), ("a", "2026-02-10 11:59"), ("b", "2026-02-10 12:00"),
              ("b", "2026-02-11"), ("b", "2026-02-12")]  # fmt: skip
    ds = make_dataset(made(members, orders), as_of="2026-03-31")
    frame = metrics.retention(ds, activity="order", min_at_risk=1)
    assert cells(frame) == {
        (dt.date(2026, 2, 1), 0): (2, 1),
        (dt.date(2026, 2, 1), 1): (2, 0),
    }


def test_staff_revoked_messages_and_unknown_buyers_do_not_count(make_dataset):
    tables = made(
        [("a", "2026-01-02"), ("s", "2026-01-02"), ("t", "2026-01-02")],
        [("a", "2026-01-01"), (None, "2026-01-03"), ("a", "2026-02-03")],
        [("s", "2026-01-03"), ("t", "2026-01-04"), ("a", "2026-01-05")],
    )
    tables["members"]["role"] = ["member", "atmosphere", "member"]
    tables["messages"]["revoked"] = [False, False, True]
    tables["staff"] = pd.DataFrame({"staff_id": ["t"], "role": ["adviser"]})
    frame = metrics.retention(make_dataset(tables, as_of="2026-02-28"), min_at_risk=1)
    assert cells(frame) == {(dt.date(2026, 1, 1), 0): (1, 0), (dt.date(2026, 1, 1), 1): (1, 1)}


def test_refunded_orders_are_activity(make_dataset):
    tables = made([("a", "2026-01-02")], [("a", "2026-01-03")])
    tables["orders"]["refund_amount"] = 10
    frame = metrics.retention(make_dataset(tables, as_of="2026-01-31"), min_at_risk=1)
    assert frame["rate"].tolist() == [1.0]


def test_too_few_shows_counts_and_no_rate(make_dataset, world):
    ds = make_dataset(world, as_of=AS_OF, min_at_risk=14)
    frame = metrics.retention(ds, activity="order")
    few = frame[frame["status"] == "too_few"]
    assert len(few)
    assert (few["at_risk"] < 14).all()
    assert few["active"].notna().all()
    assert few[["rate", "low", "high"]].isna().all(axis=None)
    assert (frame.loc[frame["status"] == "ok", "at_risk"] >= 14).all()


def test_periods_before_the_data_of_an_activity_are_masked(make_dataset):
    members = [("a", "2026-01-05"), ("b", "2026-03-01 08:00")]
    days = pd.date_range("2026-03-20", "2026-05-31", freq="D")
    orders = [("a", day) for day in pd.date_range("2026-01-05", "2026-05-31", freq="D")]
    ds = make_dataset(made(members, orders, [("a", d) for d in days]), as_of="2026-05-31")
    frame = metrics.retention(ds, activity="message", min_at_risk=1)
    # The archive began on 20 March and was never silent for a day since: March is half seen.
    assert frame["status"].tolist() == (
        ["before_data"] * 3 + ["ok"] * 2 + ["before_data"] + ["ok"] * 2
    )
    assert frame.loc[frame["status"] == "before_data", ["at_risk", "active"]].isna().all(axis=None)
    assert (metrics.retention(ds, activity="order", min_at_risk=1)["status"] == "ok").all()
    assert (metrics.retention(ds, activity="any", min_at_risk=1)["status"] == "ok").all()


def test_a_holiday_on_the_first_is_no_late_export(make_dataset):
    members = [("a", "2026-01-05"), ("b", "2026-02-07")]
    # Silent until the 4th, and for longer later on.
    days = ["2026-02-04", "2026-02-05", "2026-02-20", "2026-03-01"]
    ds = make_dataset(made(members, [("a", day) for day in days]), as_of="2026-03-31")
    frame = metrics.retention(ds, activity="order", min_at_risk=1)
    assert frame["status"].tolist() == ["before_data", "ok", "ok", "ok", "ok"]


def test_a_young_community_is_not_taken_for_a_late_export(make_dataset):
    days = pd.date_range("2026-01-20", "2026-02-28", freq="D")
    ds = make_dataset(made([("a", "2026-01-05")], [("a", day) for day in days]), as_of="2026-02-28")
    assert (metrics.retention(ds, min_at_risk=1)["status"] == "ok").all()


def test_without_events_nothing_was_observed(make_dataset):
    tables = made([("a", "2026-01-05")], [("a", "2026-01-06")])
    tables["touchpoints"] = pd.DataFrame(
        {"member_id": ["a"], "at": ["2026-01-07"], "event": ["exposed"]}
    )
    ds = make_dataset(tables, as_of="2026-02-28")
    assert (metrics.retention(ds, activity="click")["status"] == "before_data").all()
    assert metrics.observed(ds)["activity"].tolist() == ["order", "click", "visit", "share"]
    assert metrics.observed(ds)["events"].tolist() == [1, 0, 0, 0]


def test_inputs_are_guarded(make_dataset):
    ds = make_dataset(made([("a", "2026-01-05")], [("a", "2026-01-06")]), as_of="2026-02-28")
    for arguments in (
        {"anchor": "birth"},
        {"cohort": "day"},
        {"activity": "like"},
        {"kind": "of"},
        {"split": "shoe"},
        {"periods": -1},
        {"level": 1.0},
        {"min_at_risk": 0},
        {"brackets": [(0, 1)]},
        {"kind": "bracket", "brackets": [(0, 1), (1, 2)]},
        {"kind": "bracket", "brackets": []},
        {"kind": "bracket", "brackets": [(2, 1)]},
    ):
        with pytest.raises(errors.ArgumentError):
            metrics.retention(ds, **arguments)
    for arguments in ({"activity": "message"}, {"split": "group"}, {"anchor": "group_joined"},
                      {"split": "channel"}):  # fmt: skip
        with pytest.raises(errors.MissingTableError):
            metrics.retention(ds, **arguments)


def test_nobody_gives_an_empty_table(make_dataset):
    tables = made([("a", "2026-01-05")], [("a", "2026-01-06")])
    tables["members"]["role"] = "staff"
    ds = make_dataset(tables, as_of="2026-02-28")
    for frame in (
        metrics.retention(ds),
        metrics.retention(ds, kind="bracket"),
        metrics.overall_retention(ds),
        metrics.lifecycle(ds),
        metrics.revenue_retention(ds),
    ):
        assert frame.empty
        assert "status" in frame.columns
    assert metrics.retention_at(ds).status == "refused"


def test_nothing_is_changed(make_workspace, world, engine):
    from commlab.dataset import open_dataset

    before = {name: frame.copy(deep=True) for name, frame in world.items()}
    folder = make_workspace(world)
    bytes_before = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    ds = open_dataset(folder, as_of=AS_OF, engine=engine)
    frame = metrics.retention(ds, split="channel", min_at_risk=1)
    kept = frame.copy(deep=True)
    metrics.compare_retention(frame, min_at_risk=1)
    metrics.overall_retention(frame)
    pd.testing.assert_frame_equal(frame, kept)
    assert bytes_before == {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for name, table in world.items():
        pd.testing.assert_frame_equal(table, before[name])
    pd.testing.assert_frame_equal(frame, metrics.retention(ds, split="channel", min_at_risk=1))


def test_names_are_functions_whatever_was_imported_first():
    import commlab.metrics.lifecycle
    import commlab.metrics.retention  # noqa: F401

    for name in metrics.__all__:
        assert callable(getattr(metrics, name)), name
    with pytest.raises(AttributeError):
        metrics.nothing  # noqa: B018
