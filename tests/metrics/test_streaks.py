"""Check-in streaks against a walk day by day, and against planted chances to go on."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = dt.date(2026, 6, 30)
START = dt.date(2026, 1, 1)


def streaks_of(days):
    """[(first day, length)] of sorted distinct days."""
    found = []
    for day in days:
        if found and day == found[-1][0] + dt.timedelta(days=found[-1][1]):
            found[-1][1] += 1
        else:
            found.append([day, 1])
    return found


def dataset(make_dataset, days):
    """Check-ins at odd hours, some twice a day; {member: days}."""
    rows = [(who, dt.datetime.combine(day, dt.time(hour)))
            for who, own in days.items() for day in own for hour in (0, 23)]  # fmt: skip
    return make_dataset(
        {"check_ins": pd.DataFrame(rows, columns=["member_id", "at"]),
         "members": pd.DataFrame({"member_id": list(days), "joined_at": START}),
         "orders": pd.DataFrame({"order_id": ["o"], "member_id": [next(iter(days))],
                                 "paid_at": [pd.Timestamp(START)], "amount": [1.0]})},
        as_of=AS_OF.isoformat(),
    )  # fmt: skip


def random_days(seed=3, people=60):
    rng = np.random.default_rng(seed)
    span = (AS_OF - START).days + 1
    return {f"m{k:02}": [START + dt.timedelta(days=int(day)) for day in
                         np.flatnonzero(rng.random(span) < rng.uniform(0.2, 0.8))]
            for k in range(people)}  # fmt: skip


def test_survival_equals_a_walk(make_dataset):
    days = random_days()
    frame = metrics.streak_survival(dataset(make_dataset, days)).set_index("days")
    all_streaks = [tuple(one) for own in days.values() for one in streaks_of(own)]
    share = 1.0
    assert len(frame) >= 5
    for day, row in frame.iterrows():
        risk = [length for first, length in all_streaks
                if length >= day and first + dt.timedelta(days=day) <= AS_OF]  # fmt: skip
        went_on = sum(length > day for length in risk)
        assert (row["at_risk"], row["passed"]) == (len(risk), went_on)
        share *= went_on / len(risk)
        assert row["survival"] == pytest.approx(share)
        assert row["survival_low"] < share < row["survival_high"] <= 1


def test_after_a_broken_streak_equals_a_walk(make_dataset):
    days = random_days(4)
    frame = metrics.after_a_broken_streak(dataset(make_dataset, days)).set_index("band")
    seen, back = {"1": 0, "2-6": 0, "7+": 0}, {"1": 0, "2-6": 0, "7+": 0}
    for own in days.values():
        runs = streaks_of(own)
        for place, (first, length) in enumerate(runs):
            gap = first + dt.timedelta(days=length)
            if gap + dt.timedelta(days=30) > AS_OF + dt.timedelta(days=1):
                continue
            band = "1" if length == 1 else "2-6" if length < 7 else "7+"
            seen[band] += 1
            later = runs[place + 1][0] if place + 1 < len(runs) else None
            back[band] += later is not None and (later - gap).days < 30
    assert frame["at_risk"].to_dict() == seen
    assert frame["returned"].to_dict() == back


def planted(young, old, seed, people=400):
    """One streak a member that goes on with a chance before, and another after the seventh day."""
    rng = np.random.default_rng(seed)
    days = {}
    for k in range(people):
        length = 1
        while rng.random() < (young if length < 7 else old) and length < 150:
            length += 1
        days[f"m{k:03}"] = [START + dt.timedelta(days=n) for n in range(length)]
    return days


@pytest.mark.parametrize(("young", "old"), [(0.85, 0.85), (0.8, 0.95)])
def test_habit_strength_is_the_planted_difference(make_dataset, young, old):
    found = metrics.habit_strength(dataset(make_dataset, planted(young, old, 1)))
    half = (found.high - found.low) / 2
    assert found.unit == "points"
    assert abs(found.value - 100 * (old - young)) < 3.3 / 1.96 * half  # 99.9 %
    assert half < 6


def test_too_few(make_dataset):
    ds = dataset(make_dataset, {"m1": [START]})
    assert metrics.habit_strength(ds).status == "too_few"
    with pytest.raises(errors.NotEnoughDataError, match="streaks"):
        metrics.streak_survival(ds)
