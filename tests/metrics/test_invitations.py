"""Invitations by how many came before, against a walk through each member's log."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = "2026-03-31"
END = dt.datetime(2026, 4, 1)
START = dt.datetime(2026, 1, 1)
CHANCE = (0.5, 0.3, 0.2, 0.1, 0.1)  # of joining after the first, the second, … invitation


def world(people=300, seed=4):
    """Everybody is invited up to five times until he joins, at random distances."""
    rng = np.random.default_rng(seed)
    touches, friends = [], []
    for number in range(people):
        who, at = f"m{number:03}", START + dt.timedelta(hours=float(rng.uniform(0, 1500)))
        gone = None
        for chance in CHANCE:
            touches.append((who, "invited", at))
            wait = dt.timedelta(hours=float(rng.choice([40.0, 100.0, 300.0])))
            if rng.random() < chance:
                joined = at + dt.timedelta(hours=float(rng.uniform(1, 30)))
                touches.append((who, "joined_group", joined))
                if rng.random() < 0.5:  # invited again although in a group: nothing to come to
                    touches.append((who, "invited", joined + dt.timedelta(hours=5)))
                break
            if gone is None and rng.random() < 0.1:
                gone = at + dt.timedelta(hours=2)
            at += wait
        friends.append((who, "a0", START, gone))
    touchpoints = pd.DataFrame(touches, columns=["member_id", "event", "at"])
    contacts = pd.DataFrame(friends, columns=["member_id", "staff_id", "added_at", "deleted_at"])
    members = pd.DataFrame({"member_id": contacts["member_id"], "joined_at": START})
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m000"], "paid_at": [START],
                           "amount": [1.0]})  # fmt: skip
    return {"members": members, "touchpoints": touchpoints, "contacts": contacts, "orders": orders}


def walk(tables):
    """(event, label) → [invitations, followed], member by member."""
    found = {}
    gone = tables["contacts"].dropna(subset=["deleted_at"]).set_index("member_id")["deleted_at"]
    for who, log in tables["touchpoints"].groupby("member_id"):
        log = log[log["at"] < END]
        joins = sorted(log.loc[log["event"] == "joined_group", "at"])
        calls = sorted(log.loc[log["event"] == "invited", "at"])
        calls = [at for at in calls if not joins or at <= joins[0]]
        for place, at in enumerate(calls):
            stop = min([at + dt.timedelta(days=7), *calls[place + 1 : place + 2]])
            if stop > END:
                continue
            label = str(place) if place < 3 else "3+"
            for event, times in (("joined_group", joins), ("deleted", list(gone.get([who], [])))):
                row = found.setdefault((event, label), [0, 0])
                if event == "deleted" and any(time < at for time in times):
                    continue  # no friend any more: nothing to delete
                row[0] += 1
                row[1] += any(at <= time < stop for time in times)
    return found


def test_equals_a_walk_through_each_log(make_dataset):
    tables = world()
    frame = metrics.invitation_saturation(make_dataset(tables, as_of=AS_OF))
    counted = {(row.event, row.label): [row.at_risk, row.took] for row in frame.itertuples()}
    assert counted == walk(tables)
    assert counted["deleted", "2"][0] < counted["joined_group", "2"][0]
    own = frame[frame["event"] == "joined_group"].set_index("label")
    assert own.loc["0", "low"] < 0.5 < own.loc["0", "high"]
    assert own.loc["1", "flagged"]
    assert own.loc["1", "difference"] == pytest.approx(own.loc["1", "rate"] - own.loc["0", "rate"])
    assert not own.loc["0", "flagged"]


def test_advisers_whose_invitations_differ_widen_the_interval(make_dataset):
    tables = world()
    share = (
        tables["touchpoints"].groupby("member_id")["event"].agg(lambda x: "joined_group" in set(x))
    )
    order = share.sort_values().index  # one adviser has those who never come, others those who do
    served = pd.Series(np.arange(len(order)) // 50, index=order).astype(str)
    members = tables["members"].assign(adviser_id=lambda t: t["member_id"].map(served))
    wide = metrics.invitation_saturation(make_dataset({**tables, "members": members}, as_of=AS_OF))
    plain = metrics.invitation_saturation(make_dataset(tables, as_of=AS_OF))
    first = (wide["event"] == "joined_group") & (wide["label"] == "0")
    assert wide.loc[first, "deff"].item() > 5
    assert (wide["high"] - wide["low"])[first].item() > 2 * (plain["high"] - plain["low"])[
        first
    ].item()
    assert wide.loc[first, "rate"].item() == plain.loc[first, "rate"].item()


def test_without_invitations_it_says_so(make_dataset):
    tables = world(people=40)
    none = tables["touchpoints"].query("event != 'invited'")
    with pytest.raises(errors.NotEnoughDataError, match="invitation"):
        metrics.invitation_saturation(make_dataset({**tables, "touchpoints": none}, as_of=AS_OF))
    with pytest.raises(errors.MissingTableError, match="touchpoints"):
        metrics.invitation_saturation(
            make_dataset({k: v for k, v in tables.items() if k != "touchpoints"}, as_of=AS_OF)
        )
    few = metrics.invitation_saturation(make_dataset(world(people=20), as_of=AS_OF))
    assert (few["status"] == "too_few").all()
    assert few["rate"].isna().all()
