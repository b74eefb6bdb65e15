"""Member value against sums made by hand, part by part, and what missing tables take away."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, DataWarning, MissingTableError, WorkspaceError
from commlab.schedule import PointSchedule

MEMBERS = pd.DataFrame(
    {
        "member_id": ["a", "b", "c", "d", "s"],
        "joined_at": ["2026-01-01 09:00"] * 5,
        "nickname": ["Ann", "Bea", "Cem", "Dee", "Sue"],
        "role": ["member"] * 4 + ["staff"],
    }
)
STAYS = pd.DataFrame(
    {
        "group_id": ["g"] * 5,
        "member_id": ["a", "b", "c", "d", "s"],
        "joined_at": ["2026-01-01 09:00"] * 5,
        "left_at": [None, None, None, "2026-03-20 09:00", None],
        "leave_kind": [None, None, None, "left", None],
    }
)


def messages(*rows: tuple) -> pd.DataFrame:
    names = ["member_id", "sent_at", "kind", "text", "reply_to", "revoked", "is_ad"]
    frame = pd.DataFrame(rows, columns=names)
    frame.insert(0, "message_id", [f"m{place}" for place in range(len(frame))])
    return frame.assign(group_id="g")


TALK = messages(
    ("a", "2026-03-01 10:00", "text", "Is it good?", None, False, None),  # m0: a question
    ("b", "2026-03-01 10:05", "text", "It is", "m0", False, None),  # an answer
    ("b", "2026-03-01 10:06", "text", "Really", "m0", False, None),  # the same day: one reply
    ("s", "2026-03-01 10:07", "text", "Buy it", "m0", False, None),  # staff do not count
    ("a", "2026-03-02 10:00", "image", None, None, False, None),  # m4: a post with a picture
    ("c", "2026-03-02 10:01", "text", "Nice", "m4", False, None),
    ("b", "2026-03-02 10:02", "text", "Nice", "m4", True, None),  # revoked
    ("a", "2026-03-02 11:00", "text", "Buy now", None, False, "hard"),  # an advertisement
    ("a", "2026-03-02 11:00", "text", "Thanks", "m3", False, None),  # to staff: no tie
    ("c", "2025-12-01 10:00", "text", "Long ago", None, False, None),  # before the window
)
ORDERS = pd.DataFrame(
    {
        "order_id": ["o1", "o2", "o3", "o4"],
        "member_id": ["a", "b", "b", "b"],
        "paid_at": ["2026-03-01 12:00", "2026-03-05 12:00", "2026-03-05 13:00", "2025-11-05 12:00"],
        "amount": [100, 60, 40, 500],
        "refund_amount": [0, 0, 20, 0],
        "cost": [40, 20, 10, 0],
    }
)


def points(ds: object, **changes: float) -> pd.DataFrame:
    frame = cl.metrics.member_points(ds, **changes)
    return frame.set_index("member_id")


def test_each_part_is_the_sum_of_its_prices(make_dataset: Callable) -> None:
    tables = {"members": MEMBERS, "memberships": STAYS, "messages": TALK, "orders": ORDERS}
    got = points(make_dataset(tables, as_of="2026-03-31"))
    assert got.index.tolist() == ["a", "b", "c", "d"]  # no staff
    # a: margin 60, one purchase. b: margin (60-20) + (20 left of 40, cost 10 halved: 15), one day.
    assert got.consumption.tolist() == pytest.approx([60 * 0.05 + 1, 55 * 0.05 + 1, 0, 0])
    # a: two posts (question, picture), one picture, replies of b on a day and of c on a day.
    assert got.content.tolist() == pytest.approx([2 * 0.5 + 0.5 + 2 * 0.5, 0, 0, 0])
    # a: 4 messages, none given to members, 2 days. b: 2 messages, 2 replies, both answers, 1 day.
    assert got.interaction["a"] == pytest.approx(4 * 0.1 + 2 * 0.3)
    assert got.interaction["b"] == pytest.approx(2 * 0.1 + 2 * 0.2 + 2 * 0.5 + 0.3)
    assert got.interaction["c"] == pytest.approx(0.1 + 0.2 + 0.3)
    assert got.social.tolist() == pytest.approx([2 * 0.5, 0, 0, 0])
    parts = ["consumption", "content", "interaction", "social"]
    assert got.points.tolist() == pytest.approx(got[parts].sum(axis=1).tolist())
    assert got.active.tolist() == [True, True, True, False]


def test_social_value_counts_who_stayed_and_what_they_left(make_dataset: Callable) -> None:
    referrals = pd.DataFrame(
        {
            "inviter_id": ["a", "a", "b", "c", "s"],
            "invitee_id": ["b", "d", "b", "c", "a"],
            "at": ["2026-02-01 10:00", "2026-02-02 10:00", "2025-10-01 10:00",
                   "2026-02-01 10:00", "2026-02-01 10:00"],
        }
    )  # fmt: skip
    steps = pd.DataFrame(
        {
            "member_id": ["c", "c", "c"],
            "at": ["2026-03-01 10:00", "2026-03-02 10:00", "2025-11-02 10:00"],
            "event": ["shared"] * 3,
            "rewarded": [True, None, False],
        }
    )
    tables = {"members": MEMBERS, "memberships": STAYS, "orders": ORDERS, "referrals": referrals,
              "touchpoints": steps}  # fmt: skip
    got = points(make_dataset(tables, as_of="2026-03-31"))
    # a brought b, who is there and left 55, and d, who has gone. Bringing oneself is nothing.
    assert got.social["a"] == pytest.approx(5 + 55 * 0.02)
    assert got.social["b"] == 0
    assert got.social["c"] == pytest.approx(0.5 + 0.1)


def test_noise_of_one_day_counts_up_to_the_limit(make_dataset: Callable) -> None:
    many = [("a", f"2026-03-01 10:{minute:02d}", "text", "!", None, False, None)
            for minute in range(50)]  # fmt: skip
    got = points(make_dataset({"members": MEMBERS, "messages": messages(*many)}, "2026-03-31"))
    assert got.content["a"] == pytest.approx(3 * 0.5)
    assert got.interaction["a"] == pytest.approx(10 * 0.1 + 0.3)


def test_the_window_and_the_schedule_are_arguments(make_dataset: Callable) -> None:
    ds = make_dataset({"members": MEMBERS, "orders": ORDERS}, as_of="2026-03-31")
    assert points(ds, window_days=27).consumption.tolist() == pytest.approx([0, 3.75, 0, 0])
    assert points(ds, window_days=365).consumption["b"] == pytest.approx((55 + 500) * 0.05 + 2)
    doubled = points(ds, schedule=PointSchedule().scaled(2))
    assert doubled.points.tolist() == pytest.approx((2 * points(ds).points).tolist())
    assert points(ds.at("2026-03-04")).consumption.tolist() == pytest.approx([4, 0, 0, 0])
    with pytest.raises(ArgumentError, match="window_days == 0"):
        cl.metrics.member_points(ds, 0)
    with pytest.raises(ArgumentError, match=r"value_points\.post"):
        PointSchedule(post=-1)


def test_without_a_margin_revenue_counts_and_a_warning_says_so(make_dataset: Callable) -> None:
    ds = make_dataset({"members": MEMBERS, "orders": ORDERS.drop(columns="cost")}, "2026-03-31")
    assert cl.metrics.value_basis(ds) == "revenue"
    with pytest.warns(DataWarning, match="net revenue"):
        assert points(ds).consumption.tolist() == pytest.approx([6, 80 * 0.05 + 1, 0, 0])


def test_people_come_from_the_rows_where_there_is_no_table_of_members(
    make_dataset: Callable,
) -> None:
    got = points(make_dataset({"messages": TALK}, as_of="2026-03-31", staff=("s",)))
    assert got.index.tolist() == ["a", "b", "c"]
    assert got.content["a"] == pytest.approx(2.5)


def test_a_workspace_without_doings_has_no_value(make_dataset: Callable) -> None:
    with pytest.raises(MissingTableError, match="one of orders, messages"):
        cl.metrics.member_points(make_dataset({"members": MEMBERS, "memberships": STAYS}))


def test_prices_stand_in_the_settings(make_workspace: Callable) -> None:
    plan = PointSchedule(post=2.0, posts_a_day=1)
    folder = make_workspace({"messages": TALK}, staff=("s",), value_points=plan)
    ds = cl.open_dataset(folder, as_of="2026-03-31")
    assert ds.settings.value_points == plan
    assert points(ds).content["a"] == pytest.approx(2 * 2 + 0.5 + 2 * 0.5)
    (folder / "commlab.toml").write_text("[value_points]\npots = 1\n", encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"value_points.pots.*'post'"):
        cl.open_dataset(folder)
