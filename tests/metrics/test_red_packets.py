"""Red packets, and trial users who share, counted by hand and with a planted difference."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = "2026-06-30"
START = dt.datetime(2026, 1, 1)
ORDER = pd.DataFrame({"order_id": ["o"], "member_id": ["a"], "paid_at": [START], "amount": [1.0]})


def day(number):
    return START + dt.timedelta(days=number)


def test_packets_by_hand(make_dataset):
    members = pd.DataFrame({"member_id": [*"abcd", "boss"], "joined_at": START,
                            "role": ["member"] * 4 + ["staff"]})  # fmt: skip
    sent = [("a", "g", 170), ("a", "g", 171), ("b", "g", 172), ("boss", "g", 172),
            ("c", None, 172), ("d", "g", 20)]  # fmt: skip
    messages = pd.DataFrame(
        [(f"x{i}", who, group, day(at), "red_packet") for i, (who, group, at) in enumerate(sent)],
        columns=["message_id", "member_id", "group_id", "sent_at", "kind"],
    )
    messages.loc[len(messages)] = ["text", "a", "g", day(173), "text"]
    points = pd.DataFrame(
        [("a", day(170), -10, "red_packet"), ("b", day(170), -10, "red_packet"),
         ("b", day(175), -20, "开红包"), ("c", day(176), 5, "make_red_packet"),
         ("c", day(176), 7, "check_in"), ("d", day(10), -10, "red_packet")],
        columns=["member_id", "at", "delta", "reason"],
    )  # fmt: skip
    tables = {"members": members, "messages": messages, "points": points, "orders": ORDER}
    frame = metrics.red_packets(make_dataset(tables, as_of=AS_OF, min_at_risk=2))
    frame = frame.set_index("label")
    assert frame[["people", "entries"]].to_numpy().tolist() == [[2, 3], [1, 1], [2, 3], [1, 1]]
    assert frame["points"].fillna(-1).tolist() == [-1, -1, 40, 5]
    assert frame.loc["made", "per_person"] == 1.5
    assert frame.loc["made", "low"] < 1.5 < frame.loc["made", "high"]
    assert np.isnan(frame.loc["earned", "per_person"])  # one person is too few
    none = {"points": points.iloc[4:5], "messages": messages.iloc[-1:]}
    with pytest.raises(errors.NotEnoughDataError, match="red packet"):
        metrics.red_packets(make_dataset({**tables, **none}, as_of=AS_OF))
    with pytest.raises(errors.MissingTableError):
        metrics.red_packets(make_dataset({"members": members, "orders": ORDER}, as_of=AS_OF))


def trials(rows, shares, pictures=(), full=()):
    ids = sorted({who for who, _ in rows})
    orders = [(who, at, "trial") for who, at in rows] + [(who, at, "regular") for who, at in full]
    frame = pd.DataFrame(orders, columns=["member_id", "paid_at", "kind"])
    frame = frame.assign(order_id=[f"o{i}" for i in range(len(frame))], amount=5.0)
    touches = pd.DataFrame([*shares, ("nobody", day(0))], columns=["member_id", "at"])
    seen = pd.DataFrame([*pictures, ("nobody", day(0))], columns=["member_id", "sent_at"])
    seen = seen.assign(message_id=[f"x{i}" for i in range(len(seen))], group_id="g", kind="image")
    return {"members": pd.DataFrame({"member_id": ids, "joined_at": START}), "orders": frame,
            "touchpoints": touches.assign(event="shared"), "messages": seen}  # fmt: skip


def test_trial_users_by_hand(make_dataset):
    rows = [(who, day(10)) for who in "abcdef"] + [("late", day(120))]
    shares = [("a", day(12)), ("b", day(24)), ("c", day(9))]  # b on the landmark, c before: neither
    pictures = [("d", day(23))]
    full = [("a", day(24)), ("b", day(83)), ("c", day(84)), ("d", day(200)), ("e", day(11)),
            ("f", day(30))]  # fmt: skip
    ds = make_dataset(trials(rows, shares, pictures, full), as_of=AS_OF)
    frame = metrics.trial_shares(ds, min_at_risk=1).set_index("label")
    # Silent: b (bought), c (too late), f (bought); e bought before the landmark. Shared: a, d.
    assert frame.loc["silent", ["at_risk", "active"]].tolist() == [3, 2]
    assert frame.loc["shared", ["at_risk", "active"]].tolist() == [2, 1]
    few = metrics.trial_shares(ds)
    assert (few["status"] == "too_few").all()
    assert few["rate"].isna().all()


def test_a_planted_difference_is_found_and_none_where_none(make_dataset):
    rng = np.random.default_rng(6)
    ids = [f"m{i:03}" for i in range(600)]
    shared = rng.random(600) < 0.4
    for gap in (0.0, 0.25):
        buys = rng.random(600) < 0.3 + gap * shared
        full = [(who, day(40)) for who, buy in zip(ids, buys, strict=True) if buy]
        shares = [(who, day(13)) for who, did in zip(ids, shared, strict=True) if did]
        ds = make_dataset(trials([(who, day(10)) for who in ids], shares, full=full), as_of=AS_OF)
        frame = metrics.trial_shares(ds)
        assert frame["active"].tolist() == [int((buys & ~shared).sum()), int((buys & shared).sum())]
        assert bool(frame["flagged"].iloc[1]) == (gap > 0)
    with pytest.raises(errors.NotEnoughDataError, match="old enough"):
        metrics.trial_shares(make_dataset(trials([("a", day(150))], []), as_of=AS_OF))
