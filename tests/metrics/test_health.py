"""Data health: coverage, freshness, answers, and whose the buyers and the messages are."""

from __future__ import annotations

import pandas as pd
import pytest

from commlab.errors import ArgumentError, MissingTableError
from commlab.metrics import extent, health

AS_OF = "2026-04-30"


def orders(rows, **columns):
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))], **columns)


def messages(rows):
    frame = pd.DataFrame(rows, columns=["member_id", "sent_at"])
    return frame.assign(message_id=[f"x{i}" for i in range(len(frame))])


SALES = [("m1", "2026-01-31 23:30", 10.0), ("m1", "2026-02-01 00:30", 20.0),
         (None, "2026-04-29 12:00", 30.0), ("m2", "2026-05-01 00:00", 5.0)]  # fmt: skip


@pytest.fixture
def small(make_dataset):
    return make_dataset(
        {
            "orders": orders(SALES),
            "messages": messages([("m1", "2026-02-10 08:00"), ("m1", "2026-02-11 08:00")]),
            "channels": pd.DataFrame({"channel": ["c"]}),
        },
        as_of=AS_OF,
    )


def test_coverage_is_a_complete_grid(small):
    frame = extent.coverage(small)
    assert list(frame.columns) == ["table", "month", "rows"]
    wide = frame.pivot_table(index="table", columns="month", values="rows")
    assert [f"{month:%Y-%m}" for month in wide.columns] == [
        "2026-01", "2026-02", "2026-03", "2026-04"
    ]  # fmt: skip
    # Local months: 23:30 on 31 January is January; what is later than as_of is not counted.
    assert wide.loc["orders"].tolist() == [1, 1, 0, 1]
    assert wide.loc["messages"].tolist() == [0, 2, 0, 0]
    assert "channels" not in wide.index


def test_freshness(small):
    frame = extent.freshness(small).set_index("table")
    assert list(frame.index) == ["messages", "orders", "channels"]
    assert frame.loc["orders", "rows"] == 4
    assert frame.loc["orders", "first"] == pd.Timestamp("2026-01-31")
    assert frame.loc["orders", "last"] == pd.Timestamp("2026-04-29")
    assert frame.loc["orders", "days_before_as_of"] == 1
    assert frame.loc["messages", "days_before_as_of"] == 78
    assert frame.loc["channels"].isna().tolist() == [False, True, True, True]


def test_what_notebooks_can_answer(small):
    pages = [
        {"name": "04", "needs": [["orders"]], "uses": ["orders"]},
        {"name": "02", "needs": [["memberships", "orders"]], "uses": ["orders", "contacts"]},
        {"name": "08", "needs": [["orders"], ["campaigns", "assignments"]], "uses": ["orders"]},
        {"name": "00", "needs": []},
    ]
    frame = health.answers(small, pages)
    assert frame.to_dict("records") == [
        {"notebook": "04", "status": "can", "missing": ()},
        {"notebook": "02", "status": "partly", "missing": ("contacts",)},
        {"notebook": "08", "status": "cannot", "missing": ("campaigns", "assignments")},
        {"notebook": "00", "status": "can", "missing": ()},
    ]


def test_answers_refuses_tables_that_do_not_exist(small):
    with pytest.raises(ArgumentError, match="02 names the table 'order'"):
        health.answers(small, [{"name": "02", "needs": [["order"]]}])
    with pytest.raises(ArgumentError, match="no name"):
        health.answers(small, [{"needs": []}])


def test_buyers_are_bounded_by_the_unknown(make_dataset):
    # Members m1 (10 + 20), m2 (5, fully refunded); non-member n1 (40); two unknown orders (30, 15).
    rows = [*SALES[:3], ("m2", "2026-02-03", 5.0), ("n1", "2026-02-04", 40.0),
            (None, "2026-02-05", 15.0), ("s1", "2026-02-05", 999.0)]  # fmt: skip
    frame = orders(
        rows,
        buyer_status=["member", "member", None, "member", "non_member", None, "member"],
        refund_amount=[0, 0, 0, 5.0, 0, 0, 0],
    )
    staff = pd.DataFrame({"staff_id": ["s1"], "role": ["adviser"]})
    found = health.buyer_membership(make_dataset({"orders": frame, "staff": staff}, as_of=AS_OF))
    buyers, revenue = found["buyers"], found["revenue"]
    assert (buyers.value, buyers.low, buyers.high, buyers.n) == (0.4, 0.4, 0.8, 5)
    assert revenue.value == pytest.approx(30 / 115)
    assert revenue.high == pytest.approx((30 + 45) / 115)
    assert found["orders"].value == pytest.approx(3 / 6)
    assert buyers.reason == ""


def test_without_known_non_members_the_share_is_only_a_bound(make_dataset):
    found = health.buyer_membership(make_dataset({"orders": orders(SALES)}, as_of=AS_OF))
    assert (found["buyers"].low, found["buyers"].high) == (0.5, 1.0)
    assert "non-member" in found["buyers"].reason


def test_members_only_exports_are_refused(make_dataset):
    found = health.buyer_membership(make_dataset({"orders": orders(SALES[:2])}, as_of=AS_OF))
    assert {estimate.status for estimate in found.values()} == {"refused"}


def test_staff_share_of_messages(make_dataset):
    said = [("m1", "2026-02-01"), ("m2", "2026-02-01"), ("s1", "2026-02-02"), ("b1", "2026-02-03"),
            ("s1", "2026-06-01")]  # fmt: skip
    ds = make_dataset({"messages": messages(said)}, as_of=AS_OF, staff=("s1", "b1"))
    share = health.staff_share(ds)
    assert (share.value, share.n) == (0.5, 4)


def test_staff_share_needs_messages(make_dataset):
    with pytest.raises(MissingTableError):
        health.staff_share(make_dataset({"orders": orders(SALES)}, as_of=AS_OF))


def test_suspected_staff_names_who_and_why(make_dataset):
    people = [f"m{i}" for i in range(30)]
    members = pd.DataFrame({"member_id": people, "joined_at": "2026-01-01"})
    said = [(member, f"2026-02-{1 + i % 20:02d} 10:00") for i, member in enumerate(people * 3)]
    groups = pd.DataFrame({"group_id": ["g"], "created_at": ["2026-01-01"], "owner_id": ["m4"]})
    tables = {"members": members, "messages": messages(said), "groups": groups}
    frame = health.suspected_staff(make_dataset(tables, as_of=AS_OF))
    assert frame[["member_id", "messages", "reasons"]].to_dict("records") == [
        {"member_id": "m4", "messages": 3, "reasons": "works"}
    ]
    assert frame.loc[0, "share"] == pytest.approx(3 / 90)
    known = health.suspected_staff(make_dataset(tables, as_of=AS_OF, staff=("m4",)))
    assert known.empty
    assert list(known.columns) == list(frame.columns)


def test_broken_tables_are_refused_in_words(make_dataset):
    torn = orders([*SALES, ("m9", "2026-02-02", 1.0)])
    torn.loc[4, "order_id"] = "o0"
    said = messages([("m1", "2026-02-01"), ("m2", "2026-02-01")]).assign(message_id="x0")
    ds = make_dataset({"orders": torn, "messages": said}, as_of=AS_OF)
    refused = [*health.buyer_membership(ds).values(), health.staff_share(ds)]
    assert {estimate.status for estimate in refused} == {"refused"}
    assert all("contradict" in estimate.reason for estimate in refused)
    assert len(extent.coverage(ds)) == 2 * 4
    assert list(extent.freshness(ds)["rows"]) == [2, 5]
