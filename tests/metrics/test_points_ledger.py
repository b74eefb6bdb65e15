"""What is owed in points, against a walk that moves every single point; promises by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from commlab import errors, metrics

AS_OF = "2026-03-31"
END = dt.datetime(2026, 4, 1)
START = dt.datetime(2026, 3, 1)
LATE = dt.datetime(2026, 3, 31)
PEOPLE = "abcdefghijkl"


def walk(rows):
    """{member: points held}: a list of single points, the oldest first, moved one by one."""
    held = {}
    for member in {row["member_id"] for row in rows}:
        own = [row for row in rows if row["member_id"] == member]
        purse, debt = [], 0
        # At one moment earnings come first, lots that end sooner before others.
        own.sort(key=lambda row: (row["at"], row["delta"] <= 0,
                                  row["expires_at"] or dt.datetime.max))  # fmt: skip
        for row in own:
            if row["delta"] > 0:
                purse += [row["expires_at"] or dt.datetime.max] * row["delta"]
            else:
                debt += -row["delta"]
            purse = [end for end in purse if end > row["at"]]
            paid = min(debt, len(purse))
            purse, debt = purse[paid:], debt - paid
        held[member] = sum(end >= END for end in purse) - debt
    return held


def entry(member, hour, delta, life):
    at = START + dt.timedelta(hours=hour)
    ends = None if life is None or delta <= 0 else at + dt.timedelta(hours=life)
    return {"member_id": member, "at": at, "delta": delta, "reason": "spoke", "expires_at": ends}


def members(*names, joined=START):
    return pd.DataFrame({"member_id": list(names), "joined_at": [joined] * len(names)})


def dataset(make_dataset, rows, **options):
    """Return a ledger of members who joined after its first day: it begins with nothing."""
    frame = pd.DataFrame(rows, columns=["member_id", "at", "delta", "reason", "expires_at"])
    frame["expires_at"] = pd.to_datetime(frame["expires_at"])
    options = {"as_of": AS_OF, "point_value": 0.03} | options
    return make_dataset({"points": frame, "members": members(*PEOPLE, joined=LATE), "messages":
                         pd.DataFrame({"message_id": ["x"], "member_id": ["a"],
                                       "sent_at": [START]})}, **options)  # fmt: skip


# Few distinct hours, so that earning, spending and lapsing meet at the same moment.
hours = st.integers(0, 40).map(lambda step: 18 * step)  # to 31 March, 0:00
one_life = st.lists(st.tuples(st.sampled_from(PEOPLE), hours, st.integers(-30, 40)), min_size=1,
                    max_size=120)  # fmt: skip
any_life = st.lists(
    st.tuples(st.sampled_from(PEOPLE), hours, st.integers(-30, 40),
              st.none() | st.integers(0, 30).map(lambda step: 18 * step)),
    min_size=1, max_size=120,
)  # fmt: skip
patient = settings(
    max_examples=8, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def check(make_dataset, rows):
    rows = [row for row in rows if row["delta"]]
    if not rows:
        return
    ds = dataset(make_dataset, rows)
    held = metrics.points_held(ds).set_index("member_id")
    assert held["held"].to_dict() == walk(rows)
    assert (held["earned"] - held["spent"] - held["lapsed"] == held["held"]).all()
    if (held["held"] >= 0).all():
        owed = metrics.points_liability(ds, held.reset_index())
        fen = sum(walk(rows).values()) * 3
        assert owed.money == Decimal(fen) / 100
        assert owed.points * 3 == fen
    else:
        with pytest.raises(errors.NotEnoughDataError, match="opening"):
            metrics.points_liability(ds, held.reset_index())


@patient
@given(rows=one_life, life=st.none() | st.integers(1, 30).map(lambda step: 18 * step))
def test_one_life_of_all_points(make_dataset, rows, life):
    check(make_dataset, [entry(*row, life) for row in rows])


@patient
@given(rows=any_life)
def test_lots_that_lapse_in_any_order(make_dataset, rows):
    check(make_dataset, [entry(*row) for row in rows])


def test_what_was_booked_as_lapsed_is_not_taken_off_twice(make_dataset):
    rows = [
        entry("a", 0, 100, 48),
        entry("a", 24, 50, 48),
        entry("a", 30, -30, None),
        # 70 lapse after two days, the other 50 after three; only the first are booked.
        {**entry("a", 48, -70, None), "reason": "expired"},
        entry("a", 100, 7, None),
    ]
    held = metrics.points_held(dataset(make_dataset, rows)).iloc[0]
    assert held.to_dict() == {"member_id": "a", "earned": 157, "spent": 30, "lapsed": 120,
                              "held": 7, "due": 150, "booked": 70}  # fmt: skip


def test_without_ends_the_booked_ones_lapsed(make_dataset):
    rows = [entry("a", 0, 100, None), {**entry("a", 48, -60, None), "reason": "expired"}]
    held = metrics.points_held(dataset(make_dataset, rows)).iloc[0]
    assert held[["spent", "lapsed", "held"]].tolist() == [0, 60, 40]


def test_refuses_what_is_not_stated(make_dataset):
    rows = [entry("a", 0, 10, None)]
    ds = dataset(make_dataset, rows, point_value=None)
    with pytest.raises(errors.NotEnoughDataError, match="point_value"):
        metrics.points_liability(ds, metrics.points_held(ds))
    # Members were there a month before the first entry, and nothing says what they held.
    late = pd.DataFrame([entry("a", 600, 10, None)])
    tables = {"points": late, "members": members("a", "b"),
              "messages": pd.DataFrame({"message_id": ["x"], "member_id": ["a"],
                                        "sent_at": [START]})}  # fmt: skip
    ds = make_dataset(tables, as_of=AS_OF, point_value=0.01)
    with pytest.raises(errors.NotEnoughDataError, match="2 members were there before"):
        metrics.points_liability(ds, metrics.points_held(ds))
    opened = pd.concat([late, pd.DataFrame([{**entry("b", 600, 5, None), "reason": "opening"}])])
    ds = make_dataset({**tables, "points": opened}, as_of=AS_OF, point_value=0.01)
    assert metrics.points_liability(ds, metrics.points_held(ds)).money == Decimal("0.15")


def test_half_a_fen_is_rounded_up(make_dataset):
    ds = dataset(make_dataset, [entry("a", 0, 1, None)], point_value=0.005)
    assert metrics.points_liability(ds, metrics.points_held(ds)).money == Decimal("0.01")


def test_breakage_is_of_points_whose_end_is_past(make_dataset):
    rows = [entry("a", 0, 100, 48), entry("a", 1, -25, None), entry("b", 0, 100, 48),
            entry("c", 700, 900, 9_999)]  # fmt: skip
    found = metrics.breakage(metrics.points_held(dataset(make_dataset, rows)), min_people=2)
    assert found.value == pytest.approx(175 / 200)
    assert found.n == 2


def test_promises_by_hand(make_dataset):
    due = START + dt.timedelta(days=2)
    rows = [
        ("a", due, due),  # in time
        ("a", due + dt.timedelta(days=1), None),  # later promises of a count for the share only
        ("b", due, due + dt.timedelta(hours=1)),
        ("c", due, None),
        ("d", due + dt.timedelta(days=60), None),  # not due yet
    ]
    points = pd.DataFrame(rows, columns=["member_id", "promised_by", "fulfilled_at"])
    points = points.assign(at=START, delta=-1, reason="exchange")
    wrote = pd.DataFrame(
        {
            "message_id": ["x", "y"],
            "member_id": ["b", "c"],
            "sent_at": [due + dt.timedelta(days=1), due - dt.timedelta(days=1)],
        }
    )
    tables = {"points": points, "members": members(*"abcd"), "messages": wrote}
    ds = make_dataset(tables, as_of=AS_OF)
    frame = metrics.promised_rewards(ds, after_days=10, min_at_risk=1).set_index("label")
    assert frame["promises"].to_dict() == {"in_time": 1, "late": 1, "unfulfilled": 2}
    assert frame["at_risk"].tolist() == [1, 1, 1]
    assert frame["active"].tolist() == [0, 1, 0]
    assert metrics.broken_promises(ds, min_people=2).value == pytest.approx(3 / 4)
    with pytest.raises(errors.NotEnoughDataError):
        metrics.promised_rewards(make_dataset({**tables, "points": points.iloc[4:]}, as_of=AS_OF))
