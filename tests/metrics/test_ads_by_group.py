"""Losses after ads group by group: they add up to those of all, and a planted rise is found."""

from __future__ import annotations

import pytest

from commlab import metrics, models

from .test_ads import AS_OF, by_hand, planted


def test_counts_of_groups_add_up_and_the_planted_rise_is_found(make_dataset):
    world = planted(3, groups=16, people=120)
    ds = make_dataset(world, as_of=AS_OF)
    rows = metrics.group_losses_after_ads(ds)
    days, losses = by_hand(world, "hard")
    whole = metrics.losses_after_ads(ds).set_index("kind").loc["hard"]
    assert rows["days"].sum() == whole["days"] <= days
    assert rows["losses"].sum() == whole["losses"] <= losses
    found = models.ad_harm_by_group(rows)
    judged = found[found["status"] == "ok"]
    assert len(judged) >= 12
    # Planted: the daily chance is five times the usual for three days.
    held = (judged["low"] <= 5) & (judged["high"] >= 5)
    assert held.mean() > 0.8
    assert judged["flagged"].mean() > 0.8
    assert judged["ratio"].is_monotonic_decreasing


@pytest.mark.slow
def test_where_ads_do_nothing_groups_are_seldom_named(make_dataset):
    named = 0
    for seed in range(20):
        ds = make_dataset(planted(seed, groups=12, people=120), as_of=AS_OF)
        found = models.ad_harm_by_group(metrics.group_losses_after_ads(ds, "soft"))
        named += found["flagged"].any()
    assert named <= 5  # 99.9 % of Binomial(20, .05)
