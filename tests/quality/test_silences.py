"""The statistics of the rules, on counts alone: found where planted, quiet where chance rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.quality.rules_amounts import BINS, hundredfold_months, hundredfold_tail
from commlab.quality.rules_time import silences, trough

SEEDS = range(80)


def busy(seed: int, days: int = 400) -> np.ndarray:
    """Daily counts with trend, weekly rhythm and more spread than Poisson."""
    rng = np.random.default_rng(seed)
    trend = rng.uniform(5, 80) * np.linspace(1, rng.uniform(0.3, 3), days)
    week = rng.uniform(0.4, 1.6, 7)[np.arange(days) % 7]
    mean = trend * week
    k = rng.uniform(2, 50)
    return rng.negative_binomial(k, k / (k + mean))


def test_no_false_silences():
    alarms = [seed for seed in SEEDS if silences(busy(seed))]
    assert alarms == []


def test_sparse_and_closed_days_raise_nothing():
    rng = np.random.default_rng(0)
    closed = rng.poisson(30, 400)
    closed[5::7] = 0
    closed[6::7] = 0
    sparse = rng.poisson(0.4, 400)
    sampled = np.where(rng.uniform(size=400) < 0.05, 1000, 0)
    assert silences(closed) == silences(sparse) == silences(sampled) == []


@pytest.mark.parametrize(("first", "days"), [(200, 1), (200, 9), (150, 180), (380, 20)])
def test_planted_silence_is_found(first, days):
    counts = np.random.default_rng(1).poisson(40, 400)
    counts[first : first + days] = 0
    (found,) = silences(counts)
    assert (found.first, found.days) == (first, days)
    assert found.expected == pytest.approx(40 * days, rel=0.2)
    assert found.chance < 0.001


def test_a_stray_early_row_is_no_gap():
    counts = np.random.default_rng(3).poisson(40, 1000)
    counts[1:600] = 0
    assert silences(counts) == []


def test_two_silences_in_a_shop_closed_on_sundays():
    counts = np.random.default_rng(2).poisson(60, 364)
    counts[6::7] = 0
    counts[100:103] = 0  # the third day of it is no Sunday: 100 % 7 == 2
    counts[203:217] = 0
    assert [(item.first, item.days) for item in silences(counts)] == [(100, 3), (202, 15)]


def test_hours_of_one_zone_are_not_suspicious():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        start, length = rng.integers(5, 10), rng.integers(10, 18)
        rate = rng.uniform(0, 0.1, 24)
        rate[np.arange(start, start + length) % 24] += rng.uniform(0.5, 1.5, length)
        assert trough(rng.multinomial(2000, rate / rate.sum())) is None, seed


def test_hours_around_the_globe_are_not_suspicious():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        assert trough(rng.poisson(500, 24)) is None, seed


@pytest.mark.parametrize("shift", [8, -8])
def test_shifted_hours_are_found(shift):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rate = np.full(24, 0.03)
        rate[7:24] += rng.uniform(0.6, 1.4, 17)
        hours = np.roll(rng.multinomial(2000, rate / rate.sum()), shift)
        assert abs(trough(hours) - (3 + shift) % 24) <= 1, seed


def test_hours_need_rows():
    hours = np.roll(np.array([0] * 7 + [20] * 17), 8)
    assert hours.sum() < 500
    assert trough(hours) is None
    assert trough(hours * 2) == 11


def histogram(amount: np.ndarray, month: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "month": month,
            "bin": np.floor(np.log10(amount) * BINS).astype(int),
            "n": 1,
            "whole": (np.round(amount * 100) % 100 == 0).astype(int),
        }
    )
    return frame.groupby(["month", "bin"], as_index=False).sum()


def spend(seed: int, n: int = 3000) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    amount = np.round(np.exp(rng.normal(4, rng.uniform(0.2, 2.5), n)), rng.choice([0, 2])) + 1
    return amount, rng.integers(24_300, 24_312, n), rng


def test_log_normal_spend_raises_nothing():
    for seed in SEEDS:
        amount, month, _ = spend(seed)
        assert hundredfold_months(histogram(amount, month)) == [], seed
        assert hundredfold_tail(histogram(amount, month)) is None, seed


def test_heavy_tails_raise_nothing():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        amount = np.round(20 * (1 + rng.pareto(1.2, 3000)))
        assert hundredfold_tail(histogram(amount, np.zeros(3000, int))) is None, seed


def test_months_in_fen_are_found():
    for seed in range(50):
        amount, month, _ = spend(seed)
        wrong = np.isin(month, [24_303, 24_307])
        planted = np.where(wrong, np.round(amount * 100), amount)
        assert hundredfold_months(histogram(planted, month)) == [24_303, 24_307], seed


def test_the_minority_in_yuan_is_found():
    amount, month, _ = spend(0)
    planted = np.where(month == 24_305, amount, np.round(amount * 100))
    assert hundredfold_months(histogram(planted, month)) == [24_305]


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_rows_in_fen_are_found(share):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        amount = np.round(np.exp(rng.normal(4, 0.5, 3000)), 2)
        wrong = rng.uniform(size=3000) < share
        planted = np.where(wrong, np.round(amount * 100), amount)
        edge = hundredfold_tail(histogram(planted, np.zeros(3000, int)))
        assert edge is not None, seed
        assert wrong[planted >= 10**edge].mean() > 0.95, seed
        assert wrong[planted < 10**edge].mean() < 0.3 * share, seed


def test_dear_orders_with_cents_are_no_fen():
    rng = np.random.default_rng(0)
    retail, wholesale = np.exp(rng.normal(4, 0.5, 2900)), np.exp(rng.normal(4, 0.5, 100)) * 100
    amount = np.round(np.concatenate((retail, wholesale)), 2)
    assert hundredfold_tail(histogram(amount, np.zeros(3000, int))) is None
