"""Campaigns: incremental where assigned at random, attributed elsewhere, never mixed up."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from campaign_samples import workspace

from commlab import models

TREATED, CONTROL = 400, 400


def planted(design="randomised", cost=600.0):
    """800 people; half of the control and three quarters of the treated leave 30 each."""
    n = TREATED + CONTROL
    base = workspace(n)
    arms = base["assignments"]["arm"]
    rows = []
    for arm, share in (("control", 0.5), ("treated", 0.75)):
        people = base["assignments"].loc[arms == arm, "member_id"]
        rows += [(who, arm) for who in people[: int(share * len(people))]]
    orders = pd.DataFrame(rows, columns=["member_id", "arm"])
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], amount=50.0, cost=20.0,
                           paid_at="2026-03-05")  # fmt: skip
    # All orders of the treated name the campaign, as shops write it.
    orders["campaign_id"] = np.where(orders.pop("arm") == "treated", "c", None)
    costs = pd.DataFrame({"starts_on": [dt.date(2026, 3, 1)], "ends_on": [dt.date(2026, 3, 14)],
                          "category": "event", "amount": [cost], "campaign_id": ["c"]})  # fmt: skip
    tables = base | {"orders": orders, "costs": costs}
    tables["campaigns"] = tables["campaigns"].assign(design=design, name="春日券")
    return tables


def test_the_planted_increment_is_told_from_what_is_attributed(make_dataset):
    row = models.campaign_returns(make_dataset(planted(), as_of="2026-06-30")).iloc[0]
    # Attributed: 300 orders × 30 − 600. Incremental: 100 more orders × 30 − 600.
    assert row["campaign"] == "春日券"
    assert row["attributed_net"] == pytest.approx(300 * 30 - 600)
    assert row["value"] == pytest.approx(100 * 30 - 600)
    assert (row["standing"], row["status"]) == ("effect", "ok")
    assert row["low"] < row["value"] < row["high"]
    error = 30 * (0.25 / 400 + 0.1875 / 400) ** 0.5 * 400
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * error, rel=0.02)
    advice = models.campaign_advice(models.campaign_returns(
        make_dataset(planted(cost=6000.0), as_of="2026-06-30")))  # fmt: skip
    assert advice["advice"].tolist() == ["stop"]


def test_without_a_design_there_is_no_increment(make_dataset):
    found = models.campaign_returns(make_dataset(planted("observational"), as_of="2026-06-30"))
    row = found.iloc[0]
    assert row["attributed_net"] == pytest.approx(300 * 30 - 600)
    assert np.isnan(row["value"])
    assert (row["standing"], row["reason"]) == ("attributed", "observational")
    assert models.campaign_advice(found)["advice"].tolist() == ["holdout"]


def test_a_campaign_that_runs_or_lost_people_says_so(make_dataset):
    running = models.campaign_returns(make_dataset(planted(), as_of="2026-03-10")).iloc[0]
    assert (running["standing"], running["reason"]) == ("attributed", "open")
    assert running["spent"] == pytest.approx(600 * 10 / 14, abs=0.01)
    tables = planted()
    listed = tables["assignments"]
    half = listed["arm"].eq("control") & (np.arange(len(listed)) % 8 < 4)
    tables["assignments"] = listed[~half]
    broken = models.campaign_returns(make_dataset(tables, as_of="2026-06-30")).iloc[0]
    assert (broken["standing"], broken["reason"]) == ("attributed", "sample_ratio")


def test_a_holdout_of_the_planned_size_is_no_mismatch(make_dataset):
    # A third is held out: 200 of the control stay, half of whom buy.
    tables = planted()
    listed = tables["assignments"]
    control = listed["arm"].eq("control")
    kept = listed[~control | (control.cumsum() % 2 == 0)]
    share = np.where(kept["arm"] == "control", 1 / 3, 2 / 3)
    tables["assignments"] = kept.assign(planned_share=share)
    row = models.campaign_returns(make_dataset(tables, as_of="2026-06-30")).iloc[0]
    assert (row["standing"], row["status"]) == ("effect", "ok")
    # Per treated 30 × (3/4 − 1/2), of 400, less the cost.
    assert row["value"] == pytest.approx(400 * 30 * 0.25 - 600)
