"""Planted campaigns: the claims, what was earned, the checks, and the word that is gated."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from campaign_worlds import AS_OF, DAYS, world

from commlab.config import Festival, Settings
from commlab.errors import ArgumentError, StatisticalWarning
from commlab.metrics.campaign_panel import campaign_panel, last_year, year_before
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.assignment import sample_ratio
from commlab.models.campaign_money import campaign_profit
from commlab.models.campaign_overview import campaign_overview, choose_campaign
from commlab.models.claims import ROWS, campaign_claims
from commlab.models.compliers import effect_on_compliers
from commlab.models.did import event_study
from commlab.models.neighbours import leave_one_out, spillover


@pytest.fixture
def engine():
    return "duckdb"


@pytest.fixture
def made(make_dataset):
    def make(**options):
        tables = world(**{k: v for k, v in options.items() if k != "tables"})
        tables |= options.get("tables", {})
        ds = make_dataset(tables, as_of=AS_OF)
        return ds, campaign_outcomes(ds, "c")

    return make


def test_a_planted_effect_is_found_and_may_be_called_causal(made):
    ds, outcomes = made(effect=0.5, n=2000)  # 0.6 take part: 0.3 orders a person
    found = campaign_claims(ds, outcomes)
    assert list(found.rows["row"]) == list(ROWS)
    assert (found.causal, found.failed, found.doubts, found.verdict) == (True, (), (), "gain")
    for name in ("intention_to_treat", "cuped", "difference_in_differences", "doubly_robust"):
        item = found.estimates[name]
        assert item.low <= 0.3 <= item.high, name
    assert found.estimates["compliers"].low <= 0.5 <= found.estimates["compliers"].high
    standing = found.rows.set_index("row")["standing"]
    assert set(standing[["reported", "same_rule", "before_after"]]) == {"naive"}
    assert set(standing[["intention_to_treat", "cuped", "compliers", "net_money"]]) == {"effect"}
    assert found.estimates["calendar"].reason == "campaign.why.no_year"
    assert found.shown.value == pytest.approx(1000 * found.estimates["cuped"].value)


def test_what_it_earned_is_margin_less_cost(made):
    ds, outcomes = made(effect=0.5, n=2000, campaign_cost=900.0)
    found = campaign_profit(ds, outcomes)
    assert found.cost == 900.0
    treated = found.people
    truth = 0.3 * 30.0 * treated - 900.0  # 30 of margin an order
    assert found.net.low <= truth <= found.net.high
    assert found.each.value == pytest.approx(found.net.value / treated)
    assert found.positive.value > 0.99
    free = campaign_profit(*made(effect=0.5, n=2000, tables={"costs": world()["costs"].head(0)}))
    assert free.net.reason == "campaign.why.no_cost"
    assert free.net.value == pytest.approx(free.margin.value * free.people)
    tables = world(n=400)
    none = tables["orders"].drop(columns="cost")
    assert campaign_profit(*made(n=400, tables={"orders": none})).net.reason == (
        "campaign.why.no_margin"
    )


@pytest.mark.slow
def test_harm_and_nothing_are_called_what_they_are(made):
    ds, outcomes = made(effect=0.0, n=1500, seed=3)
    found = campaign_claims(ds, outcomes)
    assert found.verdict == "nothing"
    assert found.advice == "nothing_costly" if found.profit.net.high < 0 else "nothing"
    tables = world(effect=0.6, n=1500)
    swapped = tables["assignments"].assign(
        arm=tables["assignments"]["arm"].map({"treated": "control", "control": "treated"})
    )
    ds, outcomes = made(effect=0.6, n=1500, tables={"assignments": swapped})
    found = campaign_claims(ds, outcomes)
    assert (found.verdict, found.advice) == ("harm", "harm")
    assert found.worth.value > 0  # what is saved by stopping


@pytest.mark.slow
def test_nobody_assigned_is_association_and_the_word_stays_shut(made):
    ds, outcomes = made(design="observational", chosen_by_past=0.4, effect=0.5, n=2000, seed=1)
    found = campaign_claims(ds, outcomes)
    assert not found.causal
    assert "design" in found.failed
    assert "effect" not in set(found.rows["standing"])
    assert found.verdict in ("higher", "cannot_tell")
    for name in ("intention_to_treat", "cuped", "compliers", "net_money"):
        assert found.estimates[name].reason == "campaign.why.not_random"
    truth = 0.5 * 0.6
    assert found.estimates["doubly_robust"].low <= truth <= found.estimates["doubly_robust"].high


def test_a_mismatch_of_the_sample_ratio_takes_every_figure_away(made):
    with pytest.warns(StatisticalWarning, match="SAMPLE RATIO MISMATCH"):
        found = campaign_claims(*made(effect=0.5), planned=0.2)
    assert (found.verdict, found.advice, found.causal) == ("broken", "broken", False)
    assert found.headline.reason == "campaign.why.doubt_sample_ratio"
    assert found.worth is None
    assert "effect" not in set(found.rows["standing"])


def test_planned_shares_are_read_from_the_assignments(made):
    tables = world(held=0.2)
    listed = tables["assignments"]
    listed = listed.assign(planned_share=np.where(listed["arm"] == "control", 0.2, 0.8))
    _, outcomes = made(held=0.2, tables={"assignments": listed})
    assert outcomes.planned == pytest.approx({"control": 0.2, "treated": 0.8})
    ratio = sample_ratio(outcomes)
    assert ratio.ok
    assert not ratio.assumed
    # Two lists with holdouts of 20 and 50 %: the mean of everybody's chance.
    mixed = listed.assign(planned_share=np.where(
        listed.index < 600, listed["planned_share"], 0.5))  # fmt: skip
    _, outcomes = made(held=0.2, tables={"assignments": mixed})
    assert outcomes.planned["control"] == pytest.approx(0.35)
    _, outcomes = made(held=0.2, tables={"assignments": listed.assign(
        planned_share=listed["planned_share"].where(listed.index > 0))})  # fmt: skip
    assert outcomes.planned is None


def test_peeking_refuses_the_effect_on_compliers(made):
    _, outcomes = made(effect=0.5)
    assert effect_on_compliers(outcomes, "orders", "treated").ok
    found = effect_on_compliers(outcomes, "orders", "treated", peeking=True)
    assert found.reason == "campaign.why.peeking"


@pytest.mark.slow
def test_the_event_study_sees_a_planted_trend_and_is_quiet_without(made):
    ds, outcomes = made(design="observational", effect=0.0, trend=0.05, n=2000)
    study = event_study(campaign_panel(ds, outcomes))
    assert study.pre_trend_p < 0.01
    found = campaign_claims(ds, outcomes)
    assert found.estimates["event_study"].reason == "campaign.why.apart_before"
    assert found.verdict == "cannot_tell"
    assert "pre_trend" in found.doubts
    ds, outcomes = made(effect=0.5, n=2000)
    study = event_study(campaign_panel(ds, outcomes))
    assert study.pre_trend_p > 0.05
    table = study.table.set_index("period")
    assert table.loc[0, "low"] <= 0.3 <= table.loc[0, "high"]
    assert table.loc[-1, "difference"] == 0


def test_last_year_counts_the_same_weekdays(made):
    tables = world(n=200, days_before=100)
    old = pd.DataFrame({
        "order_id": ["y1", "y2", "y3"], "member_id": ["m00000", "m00000", "m00001"],
        # 364 days earlier: the first moment, an hour before the assignment, and long before.
        "paid_at": ["2025-03-02 00:00", "2025-03-01 11:00", "2024-12-01 00:00"], "amount": 50.0,
        "cost": 20.0,
    })  # fmt: skip
    tables["members"]["joined_at"] = "2024-01-01"
    ds, outcomes = made(n=200, days_before=100, tables={
        "orders": pd.concat([tables["orders"], old]), "members": tables["members"]})  # fmt: skip
    row = last_year(ds, outcomes).iloc[0]
    assert row["n"] == 200
    assert row["orders"] * 200 == pytest.approx(1)
    assert row["placebo_orders"] * 200 == pytest.approx(1)
    assert row["revenue"] * 200 == pytest.approx(50)


@pytest.mark.parametrize(("start", "earlier"), [
    # Spring Festival 2026 begins on 3 February, that of 2025 on 15 January; Double 11 stays.
    ("2026-02-05", 384), ("2026-11-03", 365), ("2026-03-10", 364),
])  # fmt: skip
def test_a_festival_is_held_against_the_same_festival(made, start, earlier):
    _, outcomes = made(n=200)
    first = pd.Timestamp(start).to_pydatetime()
    item = dataclasses.replace(outcomes.campaign, starts_at=first,
                               end_seen=first + dt.timedelta(days=7))  # fmt: skip
    assert year_before(Settings(), item).days == earlier
    own = Settings(calendar="none", festivals=(
        Festival("birthday", dt.date(2026, 3, 8), dt.date(2026, 3, 12)),
        Festival("birthday", dt.date(2025, 3, 1), dt.date(2025, 3, 5)),
    ))  # fmt: skip
    assert year_before(own, item).days == (372 if start == "2026-03-10" else 364)


def test_leaving_one_group_out_is_what_it_says(made):
    _, outcomes = made(n=400, groups=8)
    found = leave_one_out(outcomes, "orders", "treated").set_index("group")
    rows = outcomes.frame(["member_id", "arm", "home", "orders"])
    assert sorted(found.index) == sorted(rows["home"].unique())
    rest = rows[rows["home"] != "g03"].groupby("arm")["orders"].mean()
    assert found.loc["g03", "difference"] == pytest.approx(rest["treated"] - rest["control"])
    every = rows.groupby("arm")["orders"].mean()
    assert found.loc["g03", "change"] == pytest.approx(
        rest["treated"] - rest["control"] - every["treated"] + every["control"]
    )


@pytest.mark.slow
def test_spillover_is_seen_where_planted_and_not_else(made):
    # Groups whose shares of treated differ: 60 groups of 20 by the coin.
    _, outcomes = made(n=3000, groups=300, spill=0.9, effect=0.0, seed=2)
    seen = spillover(outcomes, "orders", "treated")
    assert seen.low <= 0.9 <= seen.high
    assert seen.low > 0
    _, outcomes = made(n=3000, groups=300, effect=0.5, seed=2)
    none = spillover(outcomes, "orders", "treated")
    assert none.low <= 0 <= none.high
    _, outcomes = made(n=400, design="clustered", groups=40)
    assert spillover(outcomes, "orders", "treated").reason == "campaign.why.same_arm"


@pytest.mark.slow
def test_goods_out_of_reach_are_a_check(made, make_dataset):
    tables = world(effect=0.6, n=1500)
    orders = tables["orders"]
    rng = np.random.default_rng(0)
    tables["order_items"] = pd.DataFrame({
        "order_id": orders["order_id"], "sku": "s", "quantity": 1.0, "amount": 50.0,
        "category": np.where(rng.random(len(orders)) < 0.5, "tools", "creams"),
    })  # fmt: skip
    start = pd.Timestamp("2026-03-01")
    inside = pd.to_datetime(orders["paid_at"]).between(start, start + pd.Timedelta(days=DAYS))
    arm = orders["member_id"].map(tables["assignments"].set_index("member_id")["arm"])
    moved = tables["order_items"].copy()
    moved.loc[(inside & (arm == "treated")).to_numpy(), "category"] = "tools"
    for items, passed in ((tables["order_items"], None), (moved, False)):
        ds = make_dataset(tables | {"order_items": items}, as_of=AS_OF)
        outcomes = campaign_outcomes(ds, "c", untouched="tools")
        panel = campaign_claims(ds, outcomes).panel.set_index("check")
        if passed is False:  # the campaign "moved" what it cannot touch
            assert not panel.loc["negative_control", "passed"]
        rows = outcomes.frame(["member_id", "arm", "untouched"]).groupby("arm")["untouched"].mean()
        assert panel.loc["negative_control", "value"] == pytest.approx(
            rows["treated"] - rows["control"]
        )
    with pytest.raises(ArgumentError, match="no order holds goods"):
        campaign_outcomes(ds, "c", untouched="boats")


def test_all_campaigns_are_corrected_and_the_contradictory_one_says_why(make_dataset):
    tables = world(effect=0.5, n=1200)
    item, listed = tables["campaigns"], tables["assignments"]
    more = [item.assign(campaign_id=name) for name in ("late", "alone", "null")]
    tables["campaigns"] = pd.concat([item, *more])
    rng = np.random.default_rng(5)
    tables["assignments"] = pd.concat([
        listed,
        listed.assign(campaign_id="late", assigned_at="2026-03-20"),
        listed.assign(campaign_id="alone", arm="treated"),
        listed.assign(campaign_id="null", arm=np.where(rng.random(len(listed)) < 0.5, "treated",
                                                       "control")),
    ])  # fmt: skip
    ds = make_dataset(tables, as_of=AS_OF)
    found = campaign_overview(ds).set_index("campaign")
    assert found["verdict"].to_dict() == {"c": "gain", "null": "nothing", "late": "refused",
                                          "alone": "refused"}  # fmt: skip
    assert found.loc["late", "reason"] == "campaign.why.assigned_late"
    assert found.loc["alone", "reason"] == "campaign.why.one_arm"
    p = found.loc[["c", "null"], "p"].sort_values()
    assert found.loc[p.index[0], "p_adjusted"] == pytest.approx(min(2 * p.iloc[0], p.iloc[1]))
    with pytest.raises(ArgumentError, match="no campaign of this id"):
        choose_campaign(ds, "nul")
