"""The accounts close, and every count equals a walk through the people."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import metrics

from . import reference

AS_OF = "2026-06-24"
COUNTS = ["active", "new", "retained", "resurrected", "activated_late", "dormant", "left",
          "created_inactive"]  # fmt: skip


def stays_of(world, seed):
    """Random stays and friendships, some ended in each way, some people coming back."""
    rng = np.random.default_rng(seed)
    rows, friends = [], []
    for member, at in reference.anchors_of(world["members"]).items():
        begin = at
        for number in range(int(rng.integers(0, 4))):
            end = begin + dt.timedelta(days=int(rng.integers(3, 70)))
            kind = rng.choice(["left", "removed", "migrated", "closed", "stays", ""])
            rows.append((f"g{number}{rng.integers(3)}", member, begin,
                         None if kind == "stays" else end,
                         None if kind in ("stays", "") else kind))  # fmt: skip
            # Overlapping, touching at the very moment, or after a pause.
            pause = int(rng.choice([-2, 0, 20]))
            begin = max(at, end + dt.timedelta(days=pause))
        if rng.random() < 0.4:
            deleted = at + dt.timedelta(days=int(rng.integers(1, 150)))
            friends.append((member, "s1", at, deleted if rng.random() < 0.7 else None))
    stays = pd.DataFrame(rows, columns=["group_id", "member_id", "joined_at", "left_at",
                                        "leave_kind"])  # fmt: skip
    contacts = pd.DataFrame(friends, columns=["member_id", "staff_id", "added_at", "deleted_at"])
    for frame, name in ((stays, "left_at"), (contacts, "deleted_at")):
        frame[name] = pd.to_datetime(frame[name])
    return stays.drop_duplicates(["group_id", "member_id", "joined_at"]), contacts


def gone_by(stays, contacts):
    """Function of (member, day): whether the member had left before that midnight."""
    bonds: dict = {}
    for row in stays.itertuples():
        bonds.setdefault(row.member_id, []).append(
            (row.joined_at, row.left_at, row.leave_kind in ("migrated", "closed"))
        )
    for row in contacts.itertuples():
        bonds.setdefault(row.member_id, []).append((row.added_at, row.deleted_at, False))

    def gone(member, day):
        midnight = pd.Timestamp(day)
        known = [bond for bond in bonds.get(member, []) if bond[0] < midnight]
        if not known or any(pd.isna(end) or end >= midnight for _, end, _ in known):
            return False
        last = max(end for _, end, _ in known)
        return not any(end == last and kept for _, end, kept in known)

    return gone


@pytest.mark.parametrize("unit", ["month", "week"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_equals_a_walk_and_closes(make_dataset, unit, seed):
    world = reference.random_world(seed)
    stays, contacts = stays_of(world, seed)
    tables = {**world, "memberships": stays, "contacts": contacts}
    frame = metrics.lifecycle(make_dataset(tables, as_of=AS_OF), unit=unit, activity="order")
    expected = reference.lifecycle(
        reference.anchors_of(world["members"]),
        reference.events_of(world, "order"),
        dt.date.fromisoformat(AS_OF),
        unit,
        gone_by(stays, contacts),
    )
    over = frame[frame["status"] == "ok"]
    got = {row["period"].date(): {name: row[name] for name in COUNTS} for _, row in over.iterrows()}
    assert got == expected
    if unit == "month":
        assert over[COUNTS].sum().gt(0).all()
    closing = (
        over["active"].shift(fill_value=0) + over["new"] + over["activated_late"]
        + over["resurrected"] - over["dormant"] - over["left"]
    )  # fmt: skip
    assert (over["active"] == closing).all()
    arriving = over["new"] + over["retained"] + over["resurrected"] + over["activated_late"]
    assert (over["active"] == arriving).all()
    current = frame[frame["status"] == "open"]
    assert len(current) == 1
    assert current[COUNTS].isna().all(axis=None)


def test_without_memberships_nobody_leaves(make_dataset):
    world = reference.random_world(4)
    frame = metrics.lifecycle(make_dataset(world, as_of=AS_OF))
    over = frame[frame["status"] == "ok"]
    assert (over["left"] == 0).all()
    assert over["dormant"].sum() > 0
    members = world["members"]
    joined = members[(members["role"] == "member") & (members["joined_at"] < "2026-06-25")]
    assert frame["members"].iloc[-1] == len(joined)


def bonds(*rows):
    names = ["member_id", "group_id", "joined_at", "left_at", "leave_kind"]
    frame = pd.DataFrame(rows, columns=names)
    frame["left_at"] = pd.to_datetime(frame["left_at"])
    return frame


@pytest.mark.parametrize(
    ("stays", "state"),
    [
        ([("a", "g", "2026-01-01", "2026-02-10", "left")], "left"),
        ([("a", "g", "2026-01-01", "2026-02-10", "removed")], "left"),
        ([("a", "g", "2026-01-01", "2026-02-10", None)], "left"),
        ([("a", "g", "2026-01-01", "2026-02-10", "migrated")], "dormant"),
        ([("a", "g", "2026-01-01", "2026-02-10", "closed")], "dormant"),
        ([("a", "g", "2026-01-01", "2026-03-01", "left")], "dormant"),
        ([("a", "g", "2026-01-01", "2026-02-28 23:59", "left")], "left"),
        ([("a", "g", "2026-01-01", None, None)], "dormant"),
        # Still in another group.
        ([("a", "g", "2026-01-01", "2026-02-10", "left"),
          ("a", "h", "2026-01-01", None, None)], "dormant"),
        # Moved, then left the new group.
        ([("a", "g", "2026-01-01", "2026-02-03", "migrated"),
          ("a", "h", "2026-02-03", "2026-02-20", "left")], "left"),
        # Left one, was in another until it was closed.
        ([("a", "g", "2026-01-01", "2026-02-03", "left"),
          ("a", "h", "2026-01-01", "2026-02-20", "closed")], "dormant"),
        # Left and came back within the month; after it.
        ([("a", "g", "2026-01-01", "2026-02-03", "left"),
          ("a", "g", "2026-02-20", None, None)], "dormant"),
        ([("a", "g", "2026-01-01", "2026-02-03", "left"),
          ("a", "g", "2026-03-20", None, None)], "left"),
        # Ends before it begins, as exports have it.
        ([("a", "g", "2026-01-20", "2026-01-10", "left")], "left"),
    ],
)  # fmt: skip
def test_who_has_left(make_dataset, stays, state):
    tables = {
        "members": pd.DataFrame({"member_id": ["a"], "joined_at": ["2026-01-01"]}),
        "orders": pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "a"], "amount": [1, 1],
                                "paid_at": ["2026-01-15", "2026-05-01"]}),
        "memberships": bonds(*stays),
    }  # fmt: skip
    frame = metrics.lifecycle(make_dataset(tables, as_of="2026-05-31"))
    february = frame[frame["period"] == "2026-02-01"].iloc[0]
    assert february[["left", "dormant"]].to_dict() == {
        "left": int(state == "left"), "dormant": int(state == "dormant"),
    }  # fmt: skip
    may = frame[frame["period"] == "2026-05-01"].iloc[0]
    assert may["resurrected"] == 1


def test_as_of_in_the_past_does_not_know_who_left_later(make_dataset):
    tables = {
        "members": pd.DataFrame({"member_id": ["a"], "joined_at": ["2026-01-01"]}),
        "orders": pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "a"], "amount": [1, 1],
                                "paid_at": ["2026-01-15", "2026-06-01"]}),
        "memberships": bonds(("a", "g", "2026-01-01", "2026-02-28", "left")),
    }  # fmt: skip
    now = metrics.lifecycle(make_dataset(tables, as_of="2026-02-28"))
    assert now[["left", "dormant"]].iloc[1].tolist() == [1, 0]
    before = metrics.lifecycle(make_dataset(tables, as_of="2026-02-27"))
    assert before["status"].tolist() == ["ok", "open"]


def two_people(joined, who, paid):
    return {
        "members": pd.DataFrame({"member_id": ["a", "b"], "joined_at": joined}),
        "orders": pd.DataFrame(
            {
                "order_id": [str(i) for i in range(len(paid))],
                "member_id": who,
                "paid_at": paid,
                "amount": 1,
            }
        ),
    }


def test_the_first_period_of_late_data_has_no_flows(make_dataset):
    paid = ["2026-03-01", "2026-03-05", "2026-04-03", "2026-05-05"]
    tables = two_people(["2026-01-01", "2026-03-02"], list("abaa"), paid)
    frame = metrics.lifecycle(make_dataset(tables, as_of="2026-05-31"), activity="order")
    assert frame["status"].tolist() == ["before_data"] * 3 + ["ok"] * 2
    assert frame["members"].tolist() == [1, 1, 2, 2, 2]
    assert frame["active"].fillna(-1).tolist() == [-1, -1, 2, 1, 1]
    assert frame["retained"].fillna(-1).tolist() == [-1, -1, -1, 1, 1]
    assert frame["dormant"].fillna(-1).tolist() == [-1, -1, -1, 1, 0]


def test_activated_late_is_not_resurrected(make_dataset):
    # The order of a before joining does not count.
    paid = ["2026-01-05", "2026-03-05", "2026-01-11", "2026-03-05"]
    tables = two_people(["2026-01-10", "2026-01-10"], list("aabb"), paid)
    frame = metrics.lifecycle(make_dataset(tables, as_of="2026-03-31"))
    march = frame.iloc[2]
    assert march[["activated_late", "resurrected"]].tolist() == [1, 1]
    assert frame["created_inactive"].tolist() == [1, 0, 0]
