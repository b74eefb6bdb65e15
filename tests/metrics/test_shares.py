"""What follows shares, and team buying, counted by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = "2026-06-30"
START = dt.datetime(2026, 1, 1)


def day(number):
    return START + dt.timedelta(days=number)


def members(ids):
    return pd.DataFrame({"member_id": ids, "joined_at": START})


def test_first_shares_by_hand(make_dataset):
    touches = pd.DataFrame(
        [
            ("a", day(10), True),
            ("a", day(12), False),  # later shares do not count
            ("b", day(10), False),
            ("c", day(10), None),  # not said to be rewarded: spontaneous
            ("d", day(170), True),  # thirty days are not over
            ("e", day(20), True),
        ],
        columns=["member_id", "at", "rewarded"],
    ).assign(event="shared")
    referrals = pd.DataFrame(
        {"inviter_id": ["a", "b", "e", "c"], "invitee_id": ["x", "y", "z", "c"],
         "at": [day(15), day(45), day(19), day(11)]}
    )  # fmt: skip
    contacts = pd.DataFrame(
        {"member_id": ["a", "b", "c", "e"], "staff_id": "s", "added_at": START,
         "deleted_at": [day(39), day(41), None, day(25)],
         "deleted_by": ["customer", "customer", None, "staff"]}
    )  # fmt: skip
    tables = {"touchpoints": touches, "referrals": referrals, "contacts": contacts,
              "members": members(list("abcdexyz")),
              "orders": pd.DataFrame({"order_id": ["o"], "member_id": ["a"], "paid_at": [START],
                                      "amount": [1.0]})}  # fmt: skip
    frame = metrics.shares_by_reward(make_dataset(tables, as_of=AS_OF), min_at_risk=1)
    frame = frame.set_index(["event", "label"])
    assert frame["at_risk"].unique().tolist() == [2]  # b and c; a and e
    counts = frame["active"].to_dict()
    # a brought x in time; b's came after thirty days, e's before the share, c invited himself.
    assert counts["brought", "rewarded"] == 1
    assert counts["brought", "spontaneous"] == 0
    # a deleted on the 29th day; b on the 31st; e was deleted by staff, and so is gone.
    assert counts["deleted", "rewarded"] == 1
    assert counts["deleted", "spontaneous"] == 0
    assert counts["gone", "rewarded"] == 2
    assert counts["gone", "spontaneous"] == 0


def test_a_planted_harm_is_found(make_dataset):
    rng = np.random.default_rng(5)
    ids = [f"m{k:03}" for k in range(600)]
    paid = np.arange(600) < 300
    gone = rng.random(600) < np.where(paid, 0.3, 0.1)
    touches = pd.DataFrame({"member_id": ids, "at": day(5), "event": "shared", "rewarded": paid})
    contacts = pd.DataFrame({"member_id": ids, "staff_id": "s", "added_at": START,
                             "deleted_at": [day(9) if one else None for one in gone]})  # fmt: skip
    tables = {"touchpoints": touches, "contacts": contacts, "members": members(ids),
              "orders": pd.DataFrame({"order_id": ["o"], "member_id": ["m000"],
                                      "paid_at": [START], "amount": [1.0]})}  # fmt: skip
    frame = metrics.shares_by_reward(make_dataset(tables, as_of=AS_OF))
    row = frame.set_index(["event", "label"]).loc[("deleted", "rewarded")]
    assert row["flagged"]
    assert row["difference"] == pytest.approx(gone[paid].mean() - gone[~paid].mean())


def test_teams_by_hand(make_dataset):
    orders = pd.DataFrame(
        [
            ("1", "a", day(1), None, None),
            ("2", "a", day(5), "t1", "c"),  # not new
            ("3", "b", day(5), "t1", "c"),
            ("4", "c", day(6), "t2", "c"),  # alone: opened, not completed
            ("5", "d", day(7), "t3", None),
            ("6", "e", day(7), "t3", None),
            ("7", "d", day(9), None, None),
        ],
        columns=["order_id", "member_id", "paid_at", "team_id", "campaign_id"],
    ).assign(amount=9.0)
    ds = make_dataset({"orders": orders, "members": members(list("abcde"))}, as_of=AS_OF)
    frame = metrics.team_buying(ds).set_index("campaign")
    assert frame.loc["c", ["teams", "completed", "buyers", "newcomers"]].tolist() == [2, 1, 3, 2]
    assert frame.loc["", ["teams", "completed", "buyers", "newcomers"]].tolist() == [1, 1, 2, 2]
    with pytest.raises(errors.NotEnoughDataError, match="team"):
        metrics.team_buying(make_dataset({"orders": orders.assign(team_id=None)}, as_of=AS_OF))
