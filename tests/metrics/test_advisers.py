"""What advisers do, counted by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

ORDERS = pd.DataFrame(
    {"order_id": ["o"], "member_id": ["m"], "paid_at": [dt.datetime(2026, 6, 1)], "amount": [1.0]}
)


def test_replies_are_weighted_by_chats_and_the_window_is_kept(make_dataset):
    days = pd.DataFrame(
        {
            "staff_id": ["a", "a", "a", "b"],
            "on": [dt.date(2026, 6, 30), dt.date(2026, 6, 29), dt.date(2026, 3, 1),
                   dt.date(2026, 6, 30)],
            "chats": [10, 30, 500, 0],
            "new_contacts": [2, 3, 100, 1],
            "reply_share": [1.0, 0.6, 0.0, None],
            "reply_minutes": [4.0, 8.0, 900.0, None],
            "negative_feedback": [0, 1, 50, 0],
        }
    )  # fmt: skip
    ds = make_dataset({"staff_days": days, "orders": ORDERS}, as_of="2026-06-30")
    found = metrics.adviser_work(ds).set_index("segment")
    assert found.loc["a", ["days", "friends", "chats", "negative_feedback"]].tolist() == [
        2,
        5,
        40,
        1,
    ]
    assert found.loc["a", "reply_share"] == pytest.approx((10 + 18) / 40)
    assert found.loc["a", "reply_minutes"] == pytest.approx((40 + 240) / 40)
    assert np.isnan(found.loc["b", "reply_share"])
    with pytest.raises(errors.MissingTableError, match="staff_days"):
        metrics.adviser_work(make_dataset({"orders": ORDERS}, as_of="2026-06-30"))
