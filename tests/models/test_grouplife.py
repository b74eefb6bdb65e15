"""The path of groups on drawn timelines: every transition, gaps, re-opening, days in the past."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from commlab.errors import ArgumentError
from commlab.models import LifeRules, group_life, group_trials, trial_means

MONDAY = pd.Timestamp("2026-01-05")
WEEK = pd.Timedelta(days=7)


def timeline(marks, *, age=20, atmosphere=None, group="g"):
    """One letter a week: G golden; s silver, not low; L low by both criteria; m low by the mean
    only; ? not known; C closed."""
    rows = []
    for place, mark in enumerate(marks):
        known = mark not in "?C"
        rows.append(
            {
                "group_id": group,
                "week": MONDAY + place * WEEK,
                "age": age + place,
                "silver": mark in "sLm" if known else pd.NA,
                "low_count": mark == "L" if known else pd.NA,
                "low_mean": mark in "Lm" if known else pd.NA,
                "atmosphere": float("nan") if atmosphere is None else atmosphere[place],
                "closed": mark == "C",
            }
        )
    return pd.DataFrame(rows).astype(
        {"silver": "boolean", "low_count": "boolean", "low_mean": "boolean"}
    )


def path(marks, rules=None, **options):
    """The states entered, with the number of weeks that had passed."""
    life = group_life(timeline(marks, **options), rules)
    return [
        ((step.on - MONDAY) // WEEK, step.after, step.reason) for step in life.steps.itertuples()
    ]


def test_golden_stays_golden():
    assert path("GGGG") == [(1, "golden", "first_seen")]


def test_an_old_silver_group_is_reviewed_and_rises_again():
    assert path("GGsG") == [
        (1, "golden", "first_seen"),
        (3, "cleaning", "turned_silver"),
        (4, "golden", "turned_golden"),
    ]


def test_a_new_silver_group_gets_a_trial_of_four_weeks_and_passes():
    marks = "sLLsG"
    assert path(marks, age=2) == [(1, "trial", "first_seen"), (5, "golden", "trial_passed")]
    found = group_trials(group_life(timeline(marks, age=2)))
    assert found.to_dict("records") == [
        {"group_id": "g", "start": MONDAY + WEEK, "end": MONDAY + 5 * WEEK, "outcome": "passed"}
    ]


def test_a_failed_trial_leads_to_cleaning_whatever_the_age():
    assert path("sssss", age=0) == [(1, "trial", "first_seen"), (5, "cleaning", "trial_failed")]


def test_a_running_trial_and_one_that_closing_ends():
    running = group_trials(group_life(timeline("ss", age=0)))
    assert running["outcome"].tolist() == ["running"]
    closed = group_trials(group_life(timeline("ssC", age=0)))
    assert closed["outcome"].tolist() == ["closed"]


def test_the_age_that_parts_new_from_old_is_a_rule():
    assert path("s", age=12)[-1][1] == "trial"
    assert path("s", age=13)[-1][1] == "cleaning"
    assert path("s", LifeRules(old_weeks=30), age=13)[-1][1] == "trial"


def test_four_low_weeks_in_a_row_lead_to_the_watch_three_do_not():
    assert path("LLL") == [(1, "cleaning", "first_seen")]
    assert path("LLLL")[-1] == (4, "watch", "low_weeks")
    assert path("LLLsLLL")[-1] == (1, "cleaning", "first_seen")


def test_a_week_that_is_not_known_breaks_the_row():
    assert path("LLL?L") == [(1, "cleaning", "first_seen")]
    assert path("LL?LLLL")[-1] == (7, "watch", "low_weeks")


def test_one_or_both_criteria():
    both = LifeRules(criteria=2)
    assert path("mmmm")[-1][1] == "watch"
    assert path("mmmm", both)[-1][1] == "cleaning"
    assert path("LLLL", both)[-1][1] == "watch"


def test_recovery_needs_two_weeks_of_the_watch():
    assert path("LLLLsss") == [
        (1, "cleaning", "first_seen"), (4, "watch", "low_weeks"), (6, "cleaning", "recovered"),
    ]  # fmt: skip
    assert path("LLLLLG")[-1] == (6, "golden", "recovered")


def test_still_low_after_four_weeks_is_to_be_closed_with_notice_three_days_ahead():
    marks = "LLLLLLLL"
    assert path(marks)[-1] == (8, "closing", "still_low")
    row = group_life(timeline(marks)).now.iloc[0]
    assert row["closing_on"] == MONDAY + 8 * WEEK + pd.Timedelta(days=14)
    assert row["notice_on"] == row["closing_on"] - pd.Timedelta(days=3)


def test_weeks_of_the_watch_without_three_atmosphere_accounts_do_not_count():
    marks = "L" * 12
    assert path(marks, atmosphere=[2] * 12)[-1][1] == "watch"
    staffed = [0] * 6 + [3] * 6  # the watch begins after four weeks, two of it are not staffed
    assert path(marks, atmosphere=staffed)[-1] == (10, "closing", "still_low")
    two = LifeRules(atmosphere=2)
    assert path(marks, two, atmosphere=[2] * 12)[2] == (8, "closing", "still_low")


def test_recovering_without_staff_is_no_proof_of_the_watch():
    assert path("LLLLGGG", atmosphere=[0] * 7)[-1][1] == "watch"


def test_a_closed_group_is_closed_and_one_opened_again_starts_anew():
    assert path("LLLLLLLLC")[-1] == (9, "closed", "closed")
    steps = path("LLLLLLLLCCGG")
    assert steps[-2:] == [(11, "", "reopened"), (11, "golden", "first_seen")]
    # The low weeks of its former life do not count.
    assert path("LLLCLLL")[-1] == (5, "cleaning", "first_seen")


def test_a_group_that_stays_open_past_its_closing_day_is_judged_anew():
    steps = path("LLLLLLLLssGG")
    assert steps[-2:] == [(8, "closing", "still_low"), (11, "golden", "not_closed")]


@settings(max_examples=150, deadline=None)
@given(
    marks=st.text(alphabet="GsLm?C", min_size=1, max_size=40),
    cut=st.integers(1, 40),
    age=st.integers(0, 30),
    staff=st.lists(st.integers(0, 4), min_size=40, max_size=40),
)
def test_a_day_in_the_past_gives_what_was_known_then(marks, cut, age, staff):
    rows = timeline(marks, age=age, atmosphere=staff)
    whole, then = group_life(rows), group_life(rows.head(cut))
    end = rows["week"].iloc[min(cut, len(rows)) - 1] + WEEK
    earlier = whole.steps[whole.steps["on"] <= end].reset_index(drop=True)
    pd.testing.assert_frame_equal(earlier, then.steps, check_dtype=False)
    # Where it stands then is where the last step led.
    last = then.steps["after"].iloc[-1] if len(then.steps) else ""
    assert then.now["state"].iloc[0] == last


def test_groups_do_not_touch_each_other_and_order_does_not_matter():
    parts = [timeline("LLLLLLLL", group="a"), timeline("GGsG", group="b")]
    both = pd.concat(parts).sample(frac=1, random_state=3)
    life = group_life(both)
    for part, name in zip(parts, "ab", strict=True):
        alone = group_life(part)
        mine = life.steps[life.steps["group_id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone.steps)


@pytest.mark.parametrize(
    "wrong", [{"criteria": 3}, {"watch_min": 5, "watch_max": 4}, {"low": 0.0}, {"old_weeks": 0},
              {"notice_days": 20}]
)  # fmt: skip
def test_rules_that_cannot_be(wrong):
    with pytest.raises(ArgumentError):
        LifeRules(**wrong)


def test_means_of_a_trial_are_those_of_its_weeks():
    """Silver from week 2 on: the trial begins after it, and passes after four weeks."""
    marks = "GGsssssGG"
    trials = group_trials(group_life(timeline(marks, age=2)))
    assert len(trials) == 1
    start, end = trials.loc[0, ["start", "end"]]
    weeks = timeline(marks, age=2).assign(
        status="ok", active_share=[x / 100 for x in range(len(marks))], staff_messages=range(9),
        atmosphere=3.0,
    )  # fmt: skip
    weeks.loc[4, "status"] = "gap"  # a week that is not known does not count
    row = trial_means(trials, weeks).iloc[0]
    inside = [k for k in range(9) if start <= MONDAY + k * WEEK < end and k != 4]
    ahead = [k for k in range(9) if start - 4 * WEEK <= MONDAY + k * WEEK < start]
    assert row["staff_messages"] == pytest.approx(sum(inside) / len(inside))
    assert row["share_after"] == pytest.approx(sum(inside) / len(inside) / 100)
    assert row["share_before"] == pytest.approx(sum(ahead) / len(ahead) / 100)
    assert row["atmosphere"] == 3
    assert trial_means(trials.iloc[:0], weeks).empty
    lasting = trial_means(trials.assign(end=pd.NaT), weeks).iloc[0]
    assert lasting["staff_messages"] > row["staff_messages"]
