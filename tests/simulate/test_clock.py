from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from commlab.simulate.clock import Clock
from commlab.simulate.world import World

START = dt.date(2025, 4, 1)


def test_there_and_back() -> None:
    clock = Clock(START, 456, World().order_hours, {"618": 1.5})
    days = np.random.default_rng(0).random(1000) * 456
    assert clock.calendar(clock.operational(days)) == pytest.approx(days, abs=1e-9)


def test_whole_days_keep_their_length_whatever_the_hours() -> None:
    clock = Clock(START, 30, World().chat_hours)
    assert clock.operational(np.arange(31.0)) == pytest.approx(np.arange(31.0), abs=1e-9)


def test_festival_days_count_as_their_factor() -> None:
    clock = Clock(START, 456, World().order_hours, {"618": 1.5, "double_11": 1.8})
    june, beyond = (dt.date(2025, 6, 1) - START).days, (dt.date(2025, 6, 19) - START).days
    assert clock.operational(float(beyond)) - clock.operational(float(june)) == pytest.approx(27)
    november = (dt.date(2025, 11, 1) - START).days
    eleven_days = clock.operational(november + 11.0) - clock.operational(float(november))
    assert eleven_days == pytest.approx(19.8)


def test_events_even_on_the_clock_follow_the_hours() -> None:
    hours = np.array(World().chat_hours, dtype=float)
    clock = Clock(START, 100, hours)
    at = clock.calendar(np.random.default_rng(1).random(200_000) * 100)
    seen = np.bincount((at % 1 * 24).astype(int), minlength=24)
    expected = 200_000 * hours / hours.sum()
    chi_square = ((seen - expected) ** 2 / expected).sum()
    assert chi_square < 49.7  # 99.9 % point of chi-square with 23 degrees of freedom
