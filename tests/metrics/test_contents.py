"""Contents: pieces, makers and cadence, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import MissingTableError, NotEnoughDataError

AS_OF = "2026-05-31"  # a Sunday


def contents(rows, **more):
    names = [
        "content_id",
        "group_id",
        "posted_at",
        "kind",
        "creator_id",
        "cost",
        "exposures",
        "clicks",
    ]
    return pd.DataFrame(rows, columns=names).assign(**more)


def test_pieces_have_their_hour_and_maker(make_dataset):
    rows = [
        ("a", "g1", "2026-05-04 05:59", "video", None, 10.0, 40, 4),
        ("b", "g1", "2026-05-04 06:00", "qa", "m1", None, 40, 4),
        ("c", None, "2026-05-04 21:59", "qa", "s1", 5.5, None, None),
        ("d", "g2", "2026-05-04 22:00", "draw", None, None, 10, 0),
        ("new", "g2", "2026-05-29 10:00", "draw", None, None, 10, 0),  # still gathers clicks
        ("old", "g2", "2025-05-01 10:00", "draw", None, None, 10, 0),
    ]
    staff = pd.DataFrame({"staff_id": ["s1"], "role": ["adviser"]})
    ds = make_dataset({"contents": contents(rows), "staff": staff, "orders": _order()}, as_of=AS_OF)
    found = metrics.content_rows(ds).set_index("content_id")
    assert list(found.index) == ["a", "b", "c", "d"]
    assert found["part"].to_dict() == {"a": "night", "b": "morning", "c": "evening", "d": "late"}
    assert found["by_member"].to_dict() == {"a": False, "b": True, "c": False, "d": False}
    assert found.loc["c", "group_id"] == "unknown"
    assert found.loc["c", "money_spent"] == 5.5
    assert found["topic"].eq("unknown").all()
    counts = metrics.content_counts(found.reset_index(), "form").set_index("form")
    assert counts.loc["qa", ["posts", "exposures", "clicks"]].tolist() == [2, 40, 4]
    assert counts["comments"].isna().all()


def test_a_click_costs_what_was_spent_for_it(make_dataset):
    rows = [
        (f"p{n}", f"g{n % 4}", "2026-05-04 10:00", "video", "m1" if n < 4 else None,
         2.0 if n < 4 else 30.0, 50, 4 if n < 4 else 5 + n % 4)
        for n in range(12)
    ]  # fmt: skip
    ds = make_dataset({"contents": contents(rows), "orders": _order()}, as_of=AS_OF)
    table = metrics.content_makers(metrics.content_rows(ds)).set_index("maker")
    assert table.loc["member", ["posts", "creators", "clicks"]].tolist() == [4, 1, 16]
    assert table.loc["member", "per_click"] == pytest.approx(0.5)
    assert table.loc["brand", "per_click"] == pytest.approx(240 / 52)
    assert table.loc["brand", "low"] < 240 / 52 < table.loc["brand", "high"]
    free = contents(rows).assign(cost=None)
    ds = make_dataset({"contents": free, "orders": _order()}, as_of=AS_OF)
    assert metrics.content_makers(metrics.content_rows(ds))["per_click"].isna().all()


def test_weeks_without_content_are_there(make_dataset):
    rows = [
        ("a", "g1", "2026-04-29 10:00", "video", None, None, 40, 4),  # where the table begins
        ("b", "g1", "2026-05-05 10:00", "video", None, None, 40, 4),
        ("c", "g2", "2026-05-06 10:00", "video", "m1", None, 40, 4),
        ("d", "g2", "2026-05-20 10:00", "video", None, None, 40, 4),
    ]
    weeks = metrics.content_weeks(
        make_dataset({"contents": contents(rows), "orders": _order()}, as_of=AS_OF)
    )
    assert weeks["week"].dt.strftime("%m-%d").tolist() == ["05-04", "05-11", "05-18", "05-25"]
    assert weeks["posts"].tolist() == [2, 0, 1, 0]
    assert weeks["groups"].tolist() == [2, 0, 1, 0]
    assert weeks["by_members"].tolist() == [1, 0, 0, 0]


def test_open_groups_are_ranked_by_the_weeks_they_go_without(make_dataset):
    rows = [
        *((f"a{n}", "g1", f"2026-05-{day:02} 10:00", "qa", None, None, 9, 1)
          for n, day in enumerate((6, 13, 20, 27))),
        ("b", "g2", "2026-05-14 10:00", "qa", None, None, 9, 1),
        ("c", "g4", "2026-05-14 10:00", "qa", None, None, 9, 1),
    ]  # fmt: skip
    groups = pd.DataFrame(
        {"group_id": ["g1", "g2", "g3", "g4"],
         "created_at": ["2025-01-01", "2026-05-04", "2025-01-01", "2025-01-01"],
         "closed_at": [None, None, None, "2026-05-20"]}
    )  # fmt: skip
    ds = make_dataset(
        {"contents": contents(rows), "groups": groups, "orders": _order()}, as_of=AS_OF
    )
    found = metrics.group_cadence(ds, 28).set_index("group_id")
    assert list(found.index) == ["g3", "g2", "g1"]
    assert found["silent_weeks"].tolist() == [4, 3, 0]
    assert found["gap_days"].tolist() == [28, 17, 7]
    assert found.loc["g2", "weeks"] == 4


def test_what_is_missing_is_said(make_dataset):
    ds = make_dataset({"orders": _order()}, as_of=AS_OF)
    with pytest.raises(MissingTableError):
        metrics.content_rows(ds)
    rows = [("a", "g1", "2025-01-04 05:59", "video", None, 10.0, 40, 4)]
    ds = make_dataset({"contents": contents(rows), "orders": _order()}, as_of=AS_OF)
    with pytest.raises(NotEnoughDataError, match="365 days"):
        metrics.content_rows(ds)


def _order():
    return pd.DataFrame(
        {"order_id": ["o1"], "member_id": ["m1"], "paid_at": ["2026-05-31 09:00"], "amount": [1.0]}
    )


def test_links_are_counted_once_a_person_and_week(make_dataset):
    said = [
        ("x1", "g", "a", "2026-05-18 10:00", "请问怎么用？", None),
        ("x2", "g", "b", "2026-05-18 10:01", "先擦水", "x1"),  # answers a member
        ("x3", "g", "b", "2026-05-19 10:01", "再擦霜", "x1"),
        ("x4", "g", "c", "2026-05-19 10:02", "谢谢", "s1"),  # answers staff
        ("s1", "g", "s", "2026-05-19 10:00", "欢迎", "x1"),
        ("x5", "g", "a", "2026-05-25 10:00", "我补充", "x5"),  # herself
        ("x6", None, "a", "2026-05-25 10:00", "一对一", None),
    ]
    names = ["message_id", "group_id", "member_id", "sent_at", "text", "reply_to"]
    steps = pd.DataFrame(
        [("a", "2026-05-18 10:00", "shared", False), ("a", "2026-05-20 10:00", "shared", None),
         ("b", "2026-05-18 10:00", "shared", True), ("b", "2026-05-18 10:00", "clicked", None)],
        columns=["member_id", "at", "event", "rewarded"],
    )  # fmt: skip
    brought = pd.DataFrame(
        [("c", "z", "2026-05-26 10:00")], columns=["inviter_id", "invitee_id", "at"]
    )
    staff = pd.DataFrame({"staff_id": ["s"], "role": ["adviser"]})
    tables = {"messages": pd.DataFrame(said, columns=names), "staff": staff}
    whole = make_dataset({**tables, "touchpoints": steps, "referrals": brought}, as_of=AS_OF)
    found = metrics.community_links(whole, 4).set_index("week")
    assert list(found.index) == list(pd.to_datetime(["2026-05-18", "2026-05-25"]))
    assert found.iloc[0].tolist() == [3, 1, 1, 1, 1, 0]
    assert found.iloc[1].tolist() == [1, 0, 0, 0, 0, 1]
    alone = metrics.community_links(make_dataset(tables, as_of=AS_OF), 4)
    assert alone[["sharers", "bringers"]].isna().all().all()
    with pytest.raises(MissingTableError):
        metrics.community_links(make_dataset({"orders": _order()}, as_of=AS_OF))
