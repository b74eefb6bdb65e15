"""Death of groups: silence, self-talk, the opening weeks, revival, closing; signs of the causes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.errors import NotEnoughDataError
from commlab.models import dead_weeks, group_causes, group_deaths, group_focus
from tests.truth.harness import noise_range

from .grouplogs import MONDAY, weeks

WEEK = pd.Timedelta(days=7)


def one(frame):
    return group_deaths(frame).iloc[0]


def test_two_silent_weeks_are_death_one_is_not():
    alive = one(weeks([9, 9, 0]))
    assert (alive["state"], alive["sign"]) == ("alive", "")
    dead = one(weeks([9, 9, 0, 0]))
    assert (dead["state"], dead["sign"]) == ("dead", "silent")
    assert dead["last_active"] == MONDAY + WEEK
    assert dead["died"] == MONDAY + 3 * WEEK
    assert dead["age_at_death"] == 3


def test_the_days_of_silence_are_a_parameter():
    frame = weeks([9, 0, 0])
    assert group_deaths(frame, death_days=15)["state"].tolist() == ["alive"]
    assert group_deaths(frame, death_days=7)["age_at_death"].tolist() == [1]


def test_a_group_in_which_nobody_has_written_yet_is_filling_up():
    assert one(weeks([0] * 8))["state"] == "alive"
    assert one(weeks([0] * 9))["state"] == "dead"


def test_self_talk_needs_four_weeks_and_a_group_past_its_opening():
    talk = {"staff_messages": 20.0}
    assert one(weeks([1] * 20, first_age=8, **talk))["sign"] == "self_talk"
    assert one(weeks([1] * 8, **talk))["state"] == "alive"  # still filling up
    assert one(weeks([3] * 20, first_age=8, **talk))["state"] == "alive"  # 20 of 23 is 87 %
    # A bot that welcomes newcomers is no self-talk.
    bot = weeks([1] * 20, first_age=8, staff_messages=0.0, bot_messages=50.0)
    assert one(bot)["state"] == "alive"


def test_what_is_not_known_says_nothing():
    dead = dead_weeks(weeks([9, np.nan, 0, 0, 5]))["dead"]
    assert dead.isna().tolist() == [False, True, False, False, False]
    assert not dead.iloc[-1]
    nothing = one(weeks([np.nan, np.nan]))
    assert nothing["state"] == "unknown"


def test_a_group_can_come_back():
    row = one(weeks([9, 0, 0, 0, 7, 8]))
    assert (row["state"], row["revived"], row["age_at_death"]) == ("alive", True, 2)


def test_a_closed_group_did_not_die():
    frame = weeks([9, 9, 2], closed=[False, False, True])
    assert one(frame)["state"] == "closed"
    assert np.isnan(one(frame)["age_at_death"])


def test_a_day_in_the_past_gives_what_was_known_then():
    frame = weeks([9, 9, 0, 0, 0, 4, 0, 0])
    whole = dead_weeks(frame)["dead"]
    for cut in range(1, len(frame)):
        assert dead_weeks(frame.head(cut))["dead"].tolist() == whole.head(cut).tolist()


def test_group_days_alone_count_silent_weeks():
    frame = weeks([50, 50, 0, 0], silent_days=np.nan, staff_messages=np.nan, bot_messages=np.nan)
    assert one(frame)["state"] == "dead"


def causes_of(frame, focus=None):
    return group_causes(frame, group_deaths(frame), focus).iloc[0]


def test_neglect_is_silence_of_staff_before_the_members_fell_silent():
    quiet = [8] * 6 + [0] * 4 + [0, 0]
    row = causes_of(weeks([9] * 10 + [0, 0], staff_messages=quiet))
    assert (row["cause"], row["gap_weeks"]) == ("neglect", 4)
    # Staff who stop once nobody answers have not killed the group.
    after = causes_of(weeks([9] * 6 + [0] * 6, staff_messages=[8] * 6 + [0] * 6))
    assert (after["cause"], after["gap_weeks"]) == ("none", 0)


def test_advertising_only_needs_enough_posts():
    hard = [0.2] * 6 + [1.0] * 6
    row = causes_of(weeks([9] * 10 + [0, 0], staff_hard_share=hard))
    assert (row["cause"], row["hard_share"]) == ("ads_only", 1.0)
    few = causes_of(weeks([9] * 10 + [0, 0], staff_hard_share=hard, staff_messages=2.0))
    assert few["cause"] == "none"
    assert pd.isna(few["ads_only"])


def test_a_living_group_with_a_sign_shows_it_and_one_without_shows_nothing():
    assert causes_of(weeks([9] * 10, staff_messages=[8] * 6 + [0] * 4))["cause"] == "neglect"
    assert causes_of(weeks([9] * 10))["cause"] == ""


def test_without_roles_and_codes_nothing_is_claimed():
    row = causes_of(weeks([9, 9, 0, 0], staff_messages=np.nan))
    assert row["cause"] == "none"
    assert row[["neglect", "ads_only", "imprecise"]].isna().all()


def codes(focus: float, groups: int = 12, people: int = 60, seed: int = 0) -> pd.DataFrame:
    """Groups meant for one code each, which draws `focus` of their people; the last takes all."""
    rng = np.random.default_rng(seed)
    rows = []
    for group in range(groups):
        share = np.full(6, (1 - focus) / 6)
        if group < groups - 1:
            share[group % 6] += focus
        else:
            share = np.full(6, 1 / 6)
        for code, n in enumerate(rng.multinomial(people, share)):
            if n:
                rows.append((f"g{group:02}", f"c{code}", n))
    return pd.DataFrame(rows, columns=["group_id", "channel", "people"])


def test_a_group_without_purpose_among_groups_with_one_is_imprecise():
    hits = wrong = 0
    for seed in range(20):
        found = group_focus(codes(0.5, seed=seed)).set_index("group_id")["imprecise"]
        hits += bool(found["g11"])
        wrong += int(found.drop("g11").sum())
    assert hits >= 18
    assert wrong <= 3  # of 220; corrected


def test_where_no_group_has_a_purpose_none_is_blamed():
    wrong = sum(int(group_focus(codes(0.0, seed=seed))["imprecise"].sum()) for seed in range(20))
    assert wrong <= 3  # of 240; corrected


def test_the_interval_of_focus_holds_the_truth():
    # Truth: per person, the sum over codes of (share − mean share)² / mean share.
    focus, groups, people = 0.5, 12, 400
    share = np.full((groups, 6), (1 - focus) / 6)
    share[np.arange(groups - 1), np.arange(groups - 1) % 6] += focus
    share[-1] = 1 / 6
    mean = share.mean(axis=0)
    true = ((share - mean) ** 2 / mean).sum(axis=1)
    held = total = 0
    for seed in range(30):
        found = group_focus(codes(focus, people=people, seed=seed))
        held += int(((found["focus_low"] <= true) & (true <= found["focus_high"])).sum())
        total += groups
    low, high = noise_range(total, 0.95)
    assert low <= held <= high


def test_too_little_for_focus_is_said():
    with pytest.raises(NotEnoughDataError, match="one channel code"):
        group_focus(codes(0.5).query("channel == 'c0'"))
    with pytest.raises(NotEnoughDataError, match="5 are needed"):
        group_focus(codes(0.5, people=12))
