"""What checking in is worth: planted margins, rewards by hand, the counts of a small workspace."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, models


def rows(rng, n=900, effect=0.0):
    """Those who write more both check in more and buy more; two yuan of reward a day."""
    writing = rng.poisson(rng.gamma(2, 3, n))
    days = rng.poisson(0.7 * writing)
    margin = 15 * np.log1p(writing) + effect * (days >= 7) + rng.normal(0, 10, n)
    return pd.DataFrame({"member_id": [f"m{i}" for i in range(n)], "active_days": days,
                         "other_days": writing, "margin": margin, "past_margin": 0.0,
                         "earlier_margin": 0.0, "past_orders": 0, "tenure": 100,
                         "home": [f"g{i % 60}" for i in range(n)],
                         "reward": 2.0 * days})  # fmt: skip


@pytest.mark.parametrize("effect", [0.0, 12.0])
def test_writing_is_taken_out_and_the_net_is_margin_less_reward(effect):
    rng, covered, naive = np.random.default_rng(2), 0, 0
    for _ in range(60):
        data = rows(rng, effect=effect)
        curve = models.check_in_benefit(data).set_index("band")
        own = curve.loc["7+"]
        covered += own["difference_low"] <= effect <= own["difference_high"]
        naive += own["mean"] - curve.loc["0", "mean"] > effect + 5
        paid = data.loc[data["active_days"] >= 7, "reward"].mean()
        assert own["reward"] == pytest.approx(paid)
        assert own["net"] == pytest.approx(own["difference"] - paid)
        assert own["net_high"] - own["net_low"] == pytest.approx(
            own["difference_high"] - own["difference_low"]
        )
    assert covered >= 51  # 99.9 % of Binomial(60, .95)
    assert naive >= 55


def test_without_money_per_point_there_is_a_benefit_and_no_net():
    curve = models.check_in_benefit(rows(np.random.default_rng(0)).assign(reward=np.nan))
    assert curve["difference"].notna().all()
    assert curve[["reward", "net", "net_low", "net_high"]].isna().all(axis=None)


def test_check_ins_and_points_are_those_of_the_window_before(make_dataset):
    as_of = dt.date(2026, 6, 30)  # windows of 30 days: May 2 to 31, June 1 to 30
    members = pd.DataFrame({"member_id": ["a", "b"], "joined_at": "2026-01-01"})
    check_ins = pd.DataFrame({"member_id": ["a", "a", "b"],
                              "at": ["2026-05-02", "2026-05-31", "2026-06-01"]})  # fmt: skip
    messages = pd.DataFrame({"message_id": ["x"], "group_id": ["g"], "member_id": ["b"],
                             "sent_at": ["2026-05-05"]})  # fmt: skip
    orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "paid_at": ["2026-06-09"],
                           "amount": [30.0], "cost": [10.0]})  # fmt: skip
    points = pd.DataFrame(
        [("a", "2026-05-02 08:00", 5, "check_in"), ("a", "2026-05-31 23:00", 7, "每日签到"),
         ("a", "2026-05-09", 100, "purchase"), ("a", "2026-06-01", 9, "check_in"),
         ("a", "2026-05-01 23:59", 9, "check_in")],
        columns=["member_id", "at", "delta", "reason"],
    )  # fmt: skip
    tables = {"members": members, "check_ins": check_ins, "messages": messages, "orders": orders,
              "points": points}  # fmt: skip
    found = metrics.check_in_rows(make_dataset(tables, as_of=as_of, point_value=0.5), 30)
    found = found.set_index("member_id")
    assert found["active_days"].to_dict() == {"a": 2, "b": 0}
    assert found["other_days"].to_dict() == {"a": 0, "b": 1}
    assert found["reward"].to_dict() == {"a": 6.0, "b": 0.0}
    assert found["margin"].to_dict() == {"a": 20.0, "b": 0.0}
    unknown = metrics.check_in_rows(make_dataset(tables, as_of=as_of), 30)
    assert unknown["reward"].isna().all()
    other = points[~points["reason"].isin(["check_in", "每日签到"])]  # nothing said of check-ins
    untold = make_dataset({**tables, "points": other}, as_of=as_of, point_value=0.5)
    assert metrics.check_in_rows(untold, 30)["reward"].isna().all()
    with pytest.raises(errors.NotEnoughDataError, match="check_ins"):
        metrics.check_in_rows(make_dataset({k: v for k, v in tables.items() if k != "check_ins"},
                                           as_of=as_of), 30)  # fmt: skip
