"""Sends: what went out, arrived and was clicked; what followed, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics.send_effects import COLUMNS

AS_OF = "2026-05-31"


def sends(rows, **more):
    """Frame of sends: (send_id, member, planned, sent, status, tag, clicked)."""
    names = ["send_id", "member_id", "planned_at", "sent_at", "status", "tag", "clicked_at"]
    frame = pd.DataFrame(rows, columns=names).assign(kind="mass", staff_id="s1")
    return frame.assign(**more)


def people(ids, joined="2026-01-01"):
    return pd.DataFrame({"member_id": ids, "joined_at": joined, "role": "member"})


def test_each_step_is_a_share_of_the_one_before(make_dataset):
    at = "2026-05-04 10:00"
    rows = [
        *((f"d{n}", f"m{n}", at, at, "delivered", None, at if n < 8 else None) for n in range(40)),
        *((f"l{n}", f"k{n}", at, at, "limit", None, None) for n in range(10)),
        *((f"u{n}", f"j{n}", at, None, "unsent", None, None) for n in range(50)),
        # a second batch, so that there are two clusters; and one planned for today: still open
        *((f"e{n}", f"m{n}", "2026-05-11 10:00", "2026-05-11 10:00", "delivered", None, None)
          for n in range(40)),
        ("late", "m1", "2026-05-31 20:00", None, None, None, None),
    ]  # fmt: skip
    (row,) = metrics.send_rates(make_dataset({"sends": sends(rows)}, as_of=AS_OF)).to_dict(
        "records"
    )
    counts = ("batches", "planned", "executed", "delivered", "clicked", "over")
    assert [row[name] for name in counts] == [2, 140, 90, 80, 8, 80]
    assert row["executed_rate"] == pytest.approx(90 / 140)
    assert row["delivered_rate"] == pytest.approx(80 / 90)
    assert row["clicked_rate"] == pytest.approx(8 / 80)
    assert row["audience"] == "everyone"
    assert row["clicked_low"] < 0.02  # two batches that differ so much tell next to nothing
    assert row["clicked_high"] > 0.3


@pytest.mark.parametrize(
    ("status", "executed", "delivered"),
    [("1", 1, 1), ("0", 0, 0), ("2", 1, 0), ("3", 1, 0), ("未发送", 0, 0), ("非好友", 1, 0),
     ("Delivered", 1, 1), ("anything", 1, 1)],
)  # fmt: skip
def test_a_status_says_it_where_no_time_does(make_dataset, status, executed, delivered):
    rows = [("a", "m1", "2026-05-04 10:00", None, status, None, None)]
    ds = make_dataset({"sends": sends(rows), "members": people(["m1"])}, as_of=AS_OF)
    (row,) = metrics.send_rates(ds).to_dict("records")
    assert (row["executed"], row["delivered"]) == (executed, delivered)
    assert row["status"] == "too_few"


def test_nothing_after_as_of_is_read(make_dataset):
    rows = [
        ("a", "m1", "2026-05-04 10:00", "2026-05-04 10:00", "delivered", None, "2026-06-02 10:00"),
        ("b", "m1", "2026-06-04 10:00", "2026-06-04 10:00", "delivered", None, None),
    ]
    (row,) = metrics.send_rates(make_dataset({"sends": sends(rows)}, as_of=AS_OF)).to_dict(
        "records"
    )
    assert row["planned"] == 1
    assert pd.isna(row["clicked"])


def orders(pairs):
    return pd.DataFrame(
        [(f"o{n}", who, at, 10.0) for n, (who, at) in enumerate(pairs)],
        columns=["order_id", "member_id", "paid_at", "amount"],
    )


def test_orders_after_a_send_are_held_against_the_weeks_around(make_dataset):
    days = pd.date_range("2026-03-02 10:00", periods=21, freq="D")
    ids = [f"m{n:02}" for n in range(21)]
    rows = [
        (f"s{n}", who, str(day), str(day), "delivered", None, None)
        for n, (who, day) in enumerate(zip(ids, days, strict=True))
    ]
    # Each buys an hour and 71 hours after; one a week before, one a week later, one out of time.
    bought = [
        (who, str(day + pd.Timedelta(hours=hours)))
        for who, day in zip(ids, days, strict=True)
        for hours in (1, 71)
    ]
    bought += [(ids[0], str(days[0] - pd.Timedelta(days=7) + pd.Timedelta(hours=2)))]
    bought += [(ids[1], str(days[1] + pd.Timedelta(days=7, hours=70)))]
    bought += [(ids[2], str(days[2] + pd.Timedelta(hours=73)))]
    # m03 got another send near the later week: her send is not clean; the other one is not either
    rows.append(
        ("again", ids[3], *[str(days[3] + pd.Timedelta(days=6))] * 2, "delivered", None, None)
    )
    # m04 came two days before: the week before says nothing of her
    members = people(ids)
    members.loc[4, "joined_at"] = str(days[4] - pd.Timedelta(days=2))
    ds = make_dataset(
        {"sends": sends(rows), "members": members, "orders": orders(bought)},
        as_of=AS_OF, calendar="none",
    )  # fmt: skip
    found = metrics.send_orders(ds)
    assert list(found) == list(COLUMNS)
    row = found.set_index("audience").loc["all"]
    assert row["delivered"] == 19
    assert row["status"] == "too_few"  # 19 batches
    rows += [("more", "m00", "2026-04-20 10:00", "2026-04-20 10:00", "delivered", None, None)]
    ds = make_dataset(
        {"sends": sends(rows), "members": members, "orders": orders(bought)},
        as_of=AS_OF, calendar="none",
    )  # fmt: skip
    row = metrics.send_orders(ds).set_index("audience").loc["all"]
    assert row["after"] == pytest.approx(1000 * 38 / 20)
    assert row["matched"] == pytest.approx(1000 * (1 + 1) / 2 / 20)
    assert row["low"] < row["difference"] < row["high"]


def test_days_in_a_festival_are_compared_with_such_days_only(make_dataset):
    rows = [("a", "m1", *["2026-03-04 10:00"] * 2, "delivered", None, None)]
    tables = {
        "sends": sends(rows),
        "members": people(["m1"]),
        "orders": orders([("m1", "2026-03-05")]),
    }
    assert len(metrics.send_orders(make_dataset(tables, as_of=AS_OF, calendar="none")))
    from commlab.config import Festival

    day = pd.Timestamp("2026-03-12").date()
    ds = make_dataset(tables, as_of=AS_OF, calendar="none", festivals=(Festival("own", day, day),))
    assert metrics.send_orders(ds).empty


def test_deletions_are_held_against_the_same_friends_a_week_later(make_dataset):
    ids = [f"m{n:03}" for n in range(400)]
    days = pd.date_range("2026-01-05 10:00", periods=20, freq="D")
    rows, contacts = [], []
    for n, who in enumerate(ids):
        adviser, day = f"s{n % 20:02}", days[n % 20]
        rows.append((f"r{n}", who, str(day), str(day), "delivered", None, None, adviser))
        hours = {0: 5, 1: 71, 2: 7 * 24 + 1, 3: 80}.get(n // 20)  # of each 20 friends; 80: between
        gone = None if hours is None else str(day + pd.Timedelta(hours=hours))
        contacts.append((who, adviser, "2025-11-01", gone, "customer" if n != 25 else "staff"))
    names = [
        "send_id",
        "member_id",
        "planned_at",
        "sent_at",
        "status",
        "tag",
        "clicked_at",
        "staff_id",
    ]
    friends = pd.DataFrame(
        contacts, columns=["member_id", "staff_id", "added_at", "deleted_at", "deleted_by"]
    )
    friends.loc[friends["deleted_at"].isna(), "deleted_by"] = None
    ds = make_dataset(
        {"sends": pd.DataFrame(rows, columns=names).assign(kind="mass"),
         "members": people(ids, "2025-10-01"), "contacts": friends},
        as_of=AS_OF, calendar="none",
    )  # fmt: skip
    row = metrics.send_deletions(ds).set_index("audience").loc["all"]
    assert row["delivered"] == 400
    assert row["after"] == pytest.approx(1000 * 39 / 400)  # one was deleted by staff
    assert row["matched"] == pytest.approx(1000 * 20 / 340)  # 60 were gone by then
    assert row["low"] < row["difference"] < row["high"]


def test_tired_receivers_are_compared_with_themselves(make_dataset):
    rng = np.random.default_rng(5)
    rows = []
    for n in range(300):
        keen = 0.5 if n % 2 else 0.1  # the keen ones get many sends: a raw comparison misleads
        for week in range(12):
            start = pd.Timestamp("2026-01-05 10:00") + pd.Timedelta(days=11 * week)
            rows.append((n, start, rng.random() < keen))
            if n % 2 or week % 3 == 0:
                rows.append((n, start + pd.Timedelta(days=2), rng.random() < keen / 2))
    frame = sends(
        [(f"s{k}", f"m{n}", str(at), str(at), "delivered", None,
          str(at + pd.Timedelta(hours=1)) if hit else None)
         for k, (n, at, hit) in enumerate(rows)]
    )  # fmt: skip
    ds = make_dataset(
        {"sends": frame, "members": people([f"m{n}" for n in range(300)])}, as_of=AS_OF
    )
    table = metrics.send_fatigue(ds).set_index("recent")
    raw = table.loc[1, "rate"] / table.loc[0, "rate"]
    assert table.loc[1, "ratio_low"] < 0.5 < table.loc[1, "ratio_high"]
    assert raw > table.loc[1, "ratio_high"]


def test_sends_by_tag_are_compared_with_themselves(make_dataset):
    rng = np.random.default_rng(6)
    rows = []
    for n in range(400):
        keen = 0.3 if n < 200 else 0.05  # only the keen have a tag
        for week in range(14):
            at = pd.Timestamp("2026-01-05 10:00") + pd.Timedelta(days=8 * week)
            tag = "护肤" if n < 200 and week % 2 else None
            hit = rng.random() < keen * (1.5 if tag else 1)
            rows.append((f"s{n}-{week}", f"m{n}", str(at), str(at), "delivered", tag,
                         str(at + pd.Timedelta(hours=1)) if hit else None))  # fmt: skip
    ds = make_dataset(
        {"sends": sends(rows), "members": people([f"m{n}" for n in range(400)])}, as_of=AS_OF
    )
    row = metrics.tag_gain(ds).iloc[0]
    assert row["people"] == 200
    assert row["ratio_low"] < 1.5 < row["ratio_high"]
    assert row["ratio_low"] > 1


def test_what_is_missing_is_said(make_dataset):
    bare = pd.DataFrame({"send_id": ["a"], "kind": ["moments"], "planned_at": ["2026-05-01"]})
    ds = make_dataset({"sends": bare, "members": people(["m1"])}, as_of=AS_OF)
    for metric in (
        metrics.send_orders,
        metrics.send_deletions,
        metrics.send_fatigue,
        metrics.tag_gain,
    ):
        with pytest.raises(MissingTableError):
            metric(ds)
    with pytest.raises(NotEnoughDataError, match="last 7 days"):
        metrics.send_rates(ds, 7)
