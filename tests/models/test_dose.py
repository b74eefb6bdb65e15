"""The dose curve: planted confounding is taken out; equal to statsmodels; counts by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from commlab import metrics, models


def rows(rng, n=900, effect=0.0):
    """People of whom big spenders both take part more and go on spending."""
    past = rng.gamma(1.0, 60, n)
    log = np.log1p(past)
    days = rng.poisson(np.exp(0.7 * (log - 3)))
    margin = 10 * log + effect * (days >= 3) + rng.normal(0, 12, n)
    return pd.DataFrame({"member_id": [f"m{i}" for i in range(n)], "active_days": days,
                         "margin": margin, "past_margin": past, "earlier_margin": 0.0,
                         "past_orders": 0, "tenure": rng.integers(1, 400, n),
                         "home": [f"g{i % 60}" for i in range(n)]})  # fmt: skip


@pytest.mark.parametrize("effect", [0.0, 8.0])
def test_what_drives_both_is_taken_out(effect):
    rng = np.random.default_rng(8)
    covered, off = 0, 0
    for _ in range(60):
        data = rows(rng, effect=effect)
        curve = models.dose_curve(data).set_index("band")
        band = curve.loc["3–5"]
        covered += band["difference_low"] <= effect <= band["difference_high"]
        off += band["mean"] - curve.loc["0", "mean"] > effect + 5
    assert covered >= 51  # 99.9 % of Binomial(60, .95)
    assert off >= 55  # as counted, big spenders make it look better


def test_errors_are_those_of_statsmodels():
    data = rows(np.random.default_rng(5)).assign(earlier_margin=1.0)
    curve = models.dose_curve(data)
    assert curve["band"].tolist()[:3] == ["0", "1–2", "3–5"]
    edges = [int(band.split("–")[0].rstrip("+")) for band in curve["band"]]
    labels = np.searchsorted(edges, data["active_days"], side="right")
    assert curve["people"].tolist() == np.bincount(labels)[1:].tolist()
    data = data.assign(band=labels.astype(str), log=np.log1p(data["past_margin"]),
                       old=np.log1p(data["tenure"]))  # fmt: skip
    fit = smf.ols("margin ~ C(band) + log + old", data).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(data["home"])[0],
                                      "use_correction": False}, use_t=True
    )  # fmt: skip
    gap = fit.params["C(band)[T.2]"]
    assert curve["difference"].iloc[1] == pytest.approx(gap)
    half = fit.bse["C(band)[T.2]"] * (60 / 59) ** 0.5 * 2.000995  # Student, 59 degrees
    assert curve["difference_high"].iloc[1] - gap == pytest.approx(half, rel=1e-5)


def test_windows_follow_each_other(make_dataset):
    as_of = dt.date(2026, 6, 30)  # windows of 30 days: May 2 to 31, June 1 to 30
    members = pd.DataFrame({"member_id": ["a", "b", "late"],
                            "joined_at": ["2026-01-01", "2026-05-01", "2026-05-03"]})  # fmt: skip
    messages = pd.DataFrame(
        {"message_id": [f"x{k}" for k in range(5)], "group_id": ["g1", "g1", "g1", "g1", None],
         "member_id": "a", "sent_at": ["2026-05-02", "2026-05-02 09:00", "2026-05-31 23:59",
                                       "2026-06-01", "2026-05-05"]}
    )  # fmt: skip
    check_ins = pd.DataFrame({"member_id": ["a", "b"], "at": ["2026-05-02", "2026-05-09"]})
    orders = pd.DataFrame(
        {"order_id": list("12345"), "member_id": ["a", "a", "a", "b", "late"], "cost": 4.0,
         "paid_at": ["2026-05-01", "2026-05-31", "2026-06-01", "2026-06-30 23:59", "2026-06-02"],
         "amount": [10.0, 20.0, 30.0, 40.0, 50.0]}
    )  # fmt: skip
    groups = pd.DataFrame({"group_id": ["g1"], "created_at": ["2025-01-01"]})
    ds = make_dataset({"members": members, "messages": messages, "check_ins": check_ins,
                       "orders": orders, "groups": groups}, as_of=as_of)  # fmt: skip
    found = metrics.participation_rows(ds, 30).set_index("member_id")
    assert found.index.tolist() == ["a", "b"]
    assert found["active_days"].to_dict() == {"a": 2, "b": 1}
    assert found["margin"].to_dict() == {"a": 26.0, "b": 36.0}
    assert found["past_margin"].to_dict() == {"a": 16.0, "b": 0.0}
    assert found["earlier_margin"].to_dict() == {"a": 6.0, "b": 0.0}
    assert found["past_orders"].to_dict() == {"a": 1, "b": 0}


def test_word_of_mouth_counts_people_and_times(make_dataset):
    touchpoints = pd.DataFrame(
        {"member_id": ["a", "a", "b", "a"], "event": ["shared", "shared", "clicked", "shared"],
         "at": ["2026-06-01", "2026-06-02", "2026-06-03", "2026-01-01"]}
    )  # fmt: skip
    referrals = pd.DataFrame({"inviter_id": ["a", "a"], "invitee_id": ["c", "d"],
                              "at": "2026-06-05"})  # fmt: skip
    orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "paid_at": ["2026-06-01"],
                           "amount": [10.0]})  # fmt: skip
    ds = make_dataset({"touchpoints": touchpoints, "referrals": referrals, "orders": orders},
                      as_of="2026-06-30")  # fmt: skip
    found = metrics.word_of_mouth(ds).set_index("what")
    assert found["times"].to_dict() == {"clicked": 1, "shared": 2, "invited": 2}
    assert found["members"].to_dict() == {"clicked": 1, "shared": 1, "invited": 1}
