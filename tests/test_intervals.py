"""Intervals of counts, medians and clustered rates, in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from commlab import intervals

WORLDS = 2000


@pytest.mark.parametrize("shape", [np.inf, 0.5])
def test_counts_are_covered_as_promised(shape):
    rng = np.random.default_rng(11)
    n, mean = 400, 0.1
    own = mean if np.isinf(shape) else rng.gamma(shape, mean / shape, (WORLDS, n))
    drawn = rng.poisson(own, (WORLDS, n))
    _, low, high = intervals.count_interval(n, drawn.sum(axis=1), (drawn**2).sum(axis=1))
    hits = int(((low <= mean) & (mean <= high)).sum())
    # At least as promised: a dispersion below 1 is not used, so Poisson counts are held more often.
    assert hits >= scipy_stats.binom.ppf(0.0005, WORLDS, 0.95)
    assert hits < 0.98 * WORLDS


def test_no_events_have_an_upper_end():
    mean, low, high = intervals.count_interval(100, 0, 0)
    assert (float(mean), float(low)) == (0.0, 0.0)
    assert float(high) == pytest.approx(1.959964**2 / 100, rel=1e-5)
    assert np.isnan(intervals.count_interval(1, 1, 1)[1])


def test_medians_are_covered_as_promised():
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(WORLDS):
        values, counts = np.unique(rng.exponential(1.0, 61), return_counts=True)
        _, low, high = intervals.median_interval(values, counts)
        hits += low <= np.log(2) <= high
    assert hits >= scipy_stats.binom.ppf(0.0005, WORLDS, 0.95)


def test_clusters_of_one_have_no_effect():
    y = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype=float)
    found = intervals.clustered_effect(8, y.sum(), 8, (y * y).sum(), 8, y.sum())
    assert float(found) == pytest.approx(8 / 7)  # of a sample variance
    assert float(intervals.clustered_effect(1, 1, 1, 1, 1, 1)) == 1.0
