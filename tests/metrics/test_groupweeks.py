"""Group weeks against an independent walk over the log in plain Python, and against drawn cases."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import MissingTableError, NotEnoughDataError

FIRST = dt.date(2026, 3, 2)  # a Monday
AS_OF = dt.date(2026, 5, 6)  # a Wednesday: the last week is not over
STAFF = {"a1": "adviser", "p1": "atmosphere", "p2": "atmosphere", "b1": "bot"}


def at(day: int, hour: float = 12.0) -> pd.Timestamp:
    return pd.Timestamp(FIRST) + pd.Timedelta(days=day, hours=hour)


def log(seed: int) -> dict[str, pd.DataFrame]:
    """A made-up log: three groups, people who come, go, come back and write where they are not."""
    rng = np.random.default_rng(seed)
    members = [f"m{n}" for n in range(12)]
    stays = []
    for member in members:
        for group in rng.choice(["g1", "g2", "g3"], size=rng.integers(1, 3), replace=False):
            start = float(rng.uniform(0, 30))
            for _ in range(int(rng.integers(1, 4))):
                end = start + float(rng.uniform(0.2, 25))
                gone = rng.random() < 0.7 and end < 64
                kind = str(rng.choice(["left", "removed", "migrated"])) if gone else None
                until = at(0, 24 * end) if gone else None
                stays.append((group, member, at(0, 24 * start), until, kind))
                if not gone:
                    break
                start = end + float(rng.uniform(0, 4))
    stays.append(("g1", "a1", at(0), None, None))
    writers = [*members, "stranger", *STAFF]
    said = [
        (f"t{n}", str(rng.choice(["g1", "g2", "g3"])), str(rng.choice(writers)),
         at(0, float(rng.uniform(0, 24 * 66))), str(rng.choice(["none", "soft", "hard"]))
         if rng.random() < 0.8 else None, bool(rng.random() < 0.1))
        for n in range(400)
    ]  # fmt: skip
    orders = [
        (f"o{n}", str(rng.choice(members)), at(0, float(rng.uniform(0, 24 * 64))),
         float(rng.integers(10, 90)), float(rng.integers(0, 2) * 5))
        for n in range(80)
    ]  # fmt: skip
    return {
        "members": pd.DataFrame({"member_id": members, "joined_at": at(0), "role": "member"}),
        "staff": pd.DataFrame({"staff_id": list(STAFF), "role": list(STAFF.values())}),
        "groups": pd.DataFrame({"group_id": ["g1", "g2", "g3"], "created_at": at(0),
                                "closed_at": [None, None, at(40)]}),
        "memberships": pd.DataFrame(
            stays, columns=["group_id", "member_id", "joined_at", "left_at", "leave_kind"]
        ).drop_duplicates(["group_id", "member_id", "joined_at"]),
        "messages": pd.DataFrame(
            said, columns=["message_id", "group_id", "member_id", "sent_at", "is_ad", "revoked"]
        ),
        "orders": pd.DataFrame(
            orders, columns=["order_id", "member_id", "paid_at", "amount", "refund_amount"]
        ),
    }  # fmt: skip


def walk(tables: dict[str, pd.DataFrame], group: str, start: dt.date) -> dict[str, float]:
    """What one week of one group is, message by message and stay by stay."""
    low, high = pd.Timestamp(start), pd.Timestamp(start) + pd.Timedelta(days=7)
    end = min(high, pd.Timestamp(AS_OF) + pd.Timedelta(days=1))
    stays = [row for row in tables["memberships"].to_dict("records") if row["group_id"] == group]
    people = [row for row in stays if row["member_id"] not in STAFF and row["joined_at"] < end]
    there = {
        row["member_id"] for row in people
        if row["joined_at"] < high and (pd.isna(row["left_at"]) or row["left_at"] >= low)
    }  # fmt: skip
    said = [
        row for row in tables["messages"].to_dict("records")
        if row["group_id"] == group and low <= row["sent_at"] < end and not row["revoked"]
    ]  # fmt: skip
    own = [row for row in said if row["member_id"] not in STAFF]
    staff = [row for row in said if STAFF.get(row["member_id"], "bot") != "bot"]
    told = [row for row in said if row["is_ad"] is not None and not pd.isna(row["is_ad"])]
    writers = {row["member_id"] for row in own}
    ended = [row for row in people if not pd.isna(row["left_at"]) and low <= row["left_at"] < high]
    spent = [row for row in tables["orders"].to_dict("records") if low <= row["paid_at"] < end]
    return {
        "members": len(there | writers),
        "active": len(writers),
        "messages": len(own),
        "staff_messages": len(staff),
        "bot_messages": sum(STAFF.get(row["member_id"]) == "bot" for row in said),
        "atmosphere": len({r["member_id"] for r in staff} & {"p1", "p2"}),
        "ad_share": (
            sum(row["is_ad"] != "none" for row in told) / len(told) if told else float("nan")
        ),
        "joined": sum(low <= row["joined_at"] < high for row in people),
        "left": sum(row["leave_kind"] in ("left", "removed") for row in ended),
        "moved": sum(row["leave_kind"] == "migrated" for row in ended),
        "net_revenue": sum(
            row["amount"] - row["refund_amount"] for row in spent if row["member_id"] in there
        ),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_every_week_is_what_a_walk_over_the_log_counts(make_dataset, seed):
    tables = log(seed)
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    weeks = metrics.group_weeks(ds)
    known = weeks[weeks["status"] == "ok"]
    assert len(known) > 20
    for row in known.to_dict("records"):
        expected = walk(tables, row["group_id"], row["week"].date())
        for name, value in expected.items():
            where = (row["group_id"], row["week"], name)
            assert row[name] == pytest.approx(value, nan_ok=True), where
        share = expected["active"] / expected["members"] if expected["members"] else float("nan")
        assert row["active_share"] == pytest.approx(share, nan_ok=True)


@pytest.mark.parametrize("seed", range(2))
def test_silence_counts_days_since_the_last_message_of_a_member(make_dataset, seed):
    tables = log(seed)
    weeks = metrics.group_weeks(make_dataset(tables, as_of=AS_OF.isoformat()))
    said = tables["messages"]
    said = said[~said["revoked"]]
    everyday = {item.date() for item in tables["messages"]["sent_at"]}
    for row in weeks[weeks["status"] == "ok"].to_dict("records"):
        end = row["week"] + pd.Timedelta(days=7)
        own = said[(said["group_id"] == row["group_id"]) & (said["sent_at"] < end)
                   & ~said["member_id"].isin(STAFF)]  # fmt: skip
        last = own["sent_at"].max()
        since = last.date() if pd.notna(last) else FIRST - dt.timedelta(days=1)
        expected = sum(since < day < end.date() for day in everyday)
        assert row["silent_days"] == expected, row


def test_a_past_day_gives_what_was_known_then(make_dataset):
    tables = log(1)
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    past = dt.date(2026, 4, 5)  # a Sunday: its week is over
    now, then = metrics.group_weeks(ds), metrics.group_weeks(ds.at(past))
    cut = now[now["week"] <= pd.Timestamp(past)].reset_index(drop=True)
    pd.testing.assert_frame_equal(cut, then)


def test_weeks_that_say_nothing_are_masked(make_dataset):
    tables = log(2)
    said = tables["messages"]
    gap = said["sent_at"].between(at(21, 0), at(28, 0))
    tables["messages"] = said[~gap]
    weeks = metrics.group_weeks(make_dataset(tables, as_of=AS_OF.isoformat()))
    of = weeks.set_index(["group_id", "week"])["status"]
    assert of["g1", pd.Timestamp("2026-05-04")] == "open"
    assert of["g1", pd.Timestamp("2026-03-23")] == "gap"
    masked = weeks[weeks["status"] != "ok"]
    figures = [
        name for name in masked if name not in ("group_id", "week", "status", "age", "closed")
    ]
    assert masked[figures].isna().all(axis=None)


def test_a_closed_group_ends_and_one_that_is_written_in_again_goes_on(make_dataset):
    tables = log(3)
    said = tables["messages"]
    late = (said["group_id"] == "g3") & (said["sent_at"] >= at(42, 0))
    staff_only = {**tables, "messages": said[~(late & ~said["member_id"].isin(STAFF))]}
    ds = make_dataset(staff_only, as_of=AS_OF.isoformat())
    g3 = metrics.group_weeks(ds).query("group_id == 'g3'")
    assert g3["week"].max() == pd.Timestamp("2026-04-06")
    assert g3["closed"].tolist()[-2:] == [False, True]
    again = metrics.group_weeks(make_dataset(tables, as_of=AS_OF.isoformat()))
    again = again.query("group_id == 'g3'").set_index("week")["closed"]
    first = said[late & ~said["member_id"].isin(STAFF) & ~said["revoked"]]["sent_at"].min()
    back = first.normalize() - pd.Timedelta(days=first.weekday())
    assert again["2026-04-06"]
    assert not again[back]


def test_group_days_stand_in_for_messages(make_dataset):
    days = pd.date_range("2026-03-02", "2026-03-24")
    table = pd.DataFrame(
        {"group_id": "g1", "on": days.date, "members": range(20, 20 + len(days)),
         "members_active": [4, 6] * 11 + [4], "messages": 10, "joined": 1, "left": 0}
    )  # fmt: skip
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m"], "paid_at": [at(0)],
                           "amount": [1.0]})  # fmt: skip
    ds = make_dataset({"group_days": table.drop(index=9), "orders": orders}, as_of="2026-03-24")
    weeks = metrics.group_weeks(ds)
    assert weeks["status"].tolist() == ["ok", "gap", "ok", "open"]
    first = weeks.iloc[0]
    assert (first["members"], first["messages"], first["joined"]) == (26, 70, 7)
    assert first["active"] == pytest.approx((4 * 4 + 3 * 6) / 7)
    assert weeks["staff_share"].isna().all()


def test_everybody_staff_is_a_group_of_silence(make_dataset):
    tables = log(0)
    tables["messages"] = tables["messages"].assign(member_id="a1")
    weeks = metrics.group_weeks(make_dataset(tables, as_of=AS_OF.isoformat()))
    known = weeks[weeks["status"] == "ok"]
    assert (known["active"] == 0).all()
    assert set(known["staff_share"].dropna()) == {1.0}


def test_messages_alone_one_speaker_no_groups_table(make_dataset):
    said = pd.DataFrame({"message_id": [f"t{n}" for n in range(40)], "group_id": "g",
                         "member_id": "m", "sent_at": [at(n) for n in range(40)]})  # fmt: skip
    weeks = metrics.group_weeks(make_dataset({"messages": said}))
    known = weeks[weeks["status"] == "ok"]
    assert (known["active"] == 1).all()
    assert known["per_active"].tolist() == [7.0] * 5
    assert known["members"].isna().all()


def test_what_cannot_be_counted_is_said(make_dataset):
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m"], "paid_at": [at(0)],
                           "amount": [1.0]})  # fmt: skip
    with pytest.raises(MissingTableError, match="messages or group_days"):
        metrics.group_weeks(make_dataset({"orders": orders}))
    said = pd.DataFrame({"message_id": ["t"], "group_id": [None], "member_id": ["m"],
                         "sent_at": [at(0)]})  # fmt: skip
    with pytest.raises(NotEnoughDataError, match="no message is in a group"):
        metrics.group_weeks(make_dataset({"messages": said}, as_of="2026-03-02"))
