"""Early warning and hazard: planted risks, what is learnt from when, baselines that win."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.errors import NotEnoughDataError
from commlab.models import early_warning, group_deaths, group_hazard, hazard_rows, warning_rows
from tests.truth.harness import noise_range

from .grouplogs import weeks

WEEKS = 60


def world(seed: int, groups: int = 150, neglect: float = 0.10, base: float = 0.004):
    """Groups that die at a base hazard a week, and at another while nobody of the staff writes."""
    rng = np.random.default_rng(seed)
    parts = []
    for group in range(groups):
        start = int(rng.integers(5, 50))
        quiet = (np.arange(WEEKS) >= start) & (np.arange(WEEKS) < start + 12) & (group % 2 == 0)
        alive, said = True, []
        for week in range(WEEKS):
            # In the two weeks before the last one in which members wrote.
            under = week >= 3 and quiet[week - 3 : week - 1].all()
            alive = alive and rng.random() >= (neglect if under else base)
            said.append(float(rng.poisson(20) + 1) if alive else 0.0)
        parts.append(weeks(said, f"g{group:03}", staff_messages=np.where(quiet, 0.0, 8.0)))
    return pd.concat(parts, ignore_index=True)


def test_labels_look_four_weeks_ahead_and_open_ones_are_missing():
    rows = warning_rows(weeks([9] * 10 + [0] * 4)).set_index("week")["dies"]
    # Silent from the eleventh week on, dead at the end of the twelfth.
    assert rows.tolist()[:7] == [False] * 7
    assert rows.tolist()[7:10] == [True] * 3
    # Of the eleventh week death is seen already; had it lived, that would not be known yet.
    assert rows.isna().tolist() == [False] * 10 + [True]
    assert len(rows) == 11  # a dead group has no risk of dying
    alive = warning_rows(weeks([9] * 10))["dies"]
    assert alive.isna().tolist() == [False] * 6 + [True] * 4


def test_a_closed_group_has_no_outcome_in_its_last_weeks():
    frame = weeks([9] * 10, closed=[False] * 9 + [True])
    assert warning_rows(frame)["dies"].isna().sum() == 4


def test_signs_never_hold_what_came_later():
    rng = np.random.default_rng(2)
    frame = weeks(rng.poisson(1.0, 30).astype(float), staff_messages=rng.poisson(1.0, 30))
    whole = warning_rows(frame).drop(columns="dies")
    for cut in (8, 15, 29):
        then = warning_rows(frame.head(cut)).drop(columns="dies")
        early = whole[whole["week"].isin(then["week"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(early, then)


@pytest.mark.slow
def test_what_is_foretold_happens_as_often_as_said():
    said = happened = 0.0
    chosen = []
    for seed in range(20):
        found = early_warning(warning_rows(world(seed)))
        chosen.append(found.chosen)
        # One week a group: rows of neighbouring weeks share their outcome.
        rows = found.said[found.said["week"] == found.said["week"].max()]
        said += rows[found.chosen].sum()
        happened += rows["dies"].sum()
    print(f"said {said:.1f}, happened {happened:.0f}; chosen {chosen}")
    # Poisson noise of what happened, and as much again for what was learnt from few deaths.
    assert abs(said - happened) < 3.3 * np.sqrt(2 * happened)


@pytest.mark.slow
def test_signs_are_used_where_they_foretell():
    found = early_warning(warning_rows(world(1, groups=400, neglect=0.2, base=0.001)))
    assert found.verdict == "signs"
    loss = found.scores.set_index("method")["log_loss"]
    assert loss["signs"] < loss["silent_week"]
    risk = found.now.set_index("group_id")["risk"]
    assert risk.between(0, 1).all()
    assert found.expected == pytest.approx(risk.sum())


@pytest.mark.slow
def test_where_nothing_foretells_the_plainest_is_used():
    plain = [
        early_warning(warning_rows(world(seed, groups=60, neglect=0.006, base=0.006))).chosen
        for seed in range(6)
    ]
    assert "signs" not in plain


def test_too_few_deaths_are_not_tested():
    found = early_warning(warning_rows(weeks([9] * 30)))
    assert (found.verdict, found.chosen) == ("untested", "base_rate")
    assert found.log_loss().status == "refused"
    with pytest.raises(NotEnoughDataError, match="too short"):
        early_warning(warning_rows(weeks([9] * 3)))


def hazard(frame):
    return group_hazard(hazard_rows(frame, group_deaths(frame)))


@pytest.mark.slow
def test_the_hazard_of_neglect_is_found():
    held = 0
    true = np.log(0.9) / np.log(1 - 0.004)  # weekly hazards as rates
    for seed in range(12):
        row = hazard(world(seed, groups=200)).ratios.set_index("cause").loc["neglect"]
        held += bool(row["low"] <= true <= row["high"])
    assert held >= noise_range(12, 0.95)[0]


@pytest.mark.slow
def test_without_an_effect_the_hazard_seldom_says_so():
    wrong = sum(
        bool(hazard(world(seed, neglect=0.01, base=0.01)).ratios["p_adjusted"].iloc[0] < 0.05)
        for seed in range(20)
    )
    assert wrong <= noise_range(20, 0.05)[1]


def test_signs_of_the_hazard_come_from_the_weeks_before():
    frame = weeks([9] * 8 + [0, 0, 0], staff_messages=[8] * 8 + [0, 0, 0])
    rows = hazard_rows(frame, group_deaths(frame))
    assert rows["died"].tolist() == [False] * 5 + [True]
    assert (rows["neglect"] == 0).all()  # staff fell silent with the members, not before


def test_too_few_deaths_are_said():
    with pytest.raises(NotEnoughDataError, match="deaths are needed"):
        hazard(world(3, groups=10, base=0.001))


def test_a_group_in_which_nobody_ever_wrote_dies_as_soon_as_signs_can_be_read():
    frame = weeks([0] * 12)
    found = group_deaths(frame)
    assert found["state"].tolist() == ["dead"]
    rows = hazard_rows(frame, found)
    assert rows["died"].tolist() == [True]
    assert rows["start"].tolist() == [2.0]


def test_weeks_in_which_no_death_could_be_seen_yet_are_not_at_risk():
    frame = weeks([9] * 10)
    rows = hazard_rows(frame, group_deaths(frame))
    assert rows["start"].tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert not rows["died"].any()
