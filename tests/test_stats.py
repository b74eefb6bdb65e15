"""Intervals and tests against scipy, published examples and planted truths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as sps

from commlab import errors, stats


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 30), (1, 30), (15, 30), (30, 30), (44, 1000)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_equals_scipy(k, n, level):
    low, high = stats.wilson(k, n, level=level)
    truth = sps.binomtest(k, n).proportion_ci(level, method="wilson")
    assert float(low) == pytest.approx(truth.low, abs=1e-12)
    assert float(high) == pytest.approx(truth.high, abs=1e-12)


def test_wilson_with_design_effect_is_wilson_of_the_effective_sample():
    assert np.allclose(stats.wilson(40, 200, deff=4.0), stats.wilson(10, 50), rtol=1e-12)
    assert np.isnan(stats.wilson(0, 0)).all()


def test_mean_interval_equals_scipy():
    sample = np.array([1.0, 5.0, 2.5, 8.0, 3.0])
    mean, low, high = stats.mean_interval(5, sample.sum(), (sample**2).sum(), level=0.9)
    truth = sps.ttest_1samp(sample, 0).confidence_interval(0.9)
    assert (mean, low, high) == pytest.approx((sample.mean(), truth.low, truth.high))
    assert np.isnan(stats.mean_interval(1, 3.0, 9.0)[1])


def test_ratio_interval_with_equal_sizes_is_the_interval_of_a_mean():
    sample = np.array([1.0, 5.0, 2.5, 8.0, 3.0])
    sums = (5, sample.sum(), 5.0, (sample**2).sum(), 5.0, sample.sum())
    assert stats.ratio_interval(*sums) == pytest.approx(
        stats.mean_interval(5, sample.sum(), (sample**2).sum())
    )


def test_ratio_interval_covers_the_planted_ratio():
    rng = np.random.default_rng(7)
    worlds, people = 1000, 200
    x = rng.gamma(2, 10, (worlds, people))
    y = x * 0.4 + rng.normal(0, 5, (worlds, people))
    _, low, high = stats.ratio_interval(
        people, y.sum(1), x.sum(1), (y * y).sum(1), (x * x).sum(1), (x * y).sum(1)
    )
    covered = int(((low <= 0.4) & (high >= 0.4)).sum())
    assert 926 <= covered <= 971  # 99.9 % range of Binomial(1000, .95)


def test_design_effect_by_hand():
    # Twenty clusters of 25: 1 + 24 · 0.1.
    assert stats.design_effect(20 * 25**2, 20 * 25, 0.1) == pytest.approx(3.4)
    assert stats.design_effect(0, 0, 0.5) == 1


def test_bca_covers_the_mean_of_skewed_money_and_is_repeatable():
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        sample = rng.lognormal(0, 0.5, 80)
        low, high = stats.bca_interval(sample, draws=600, seed=1)
        covered += low <= np.exp(0.125) <= high
    assert 179 <= covered <= 198  # 99.9 % range of Binomial(200, .95)
    assert stats.bca_interval(sample, seed=5) == stats.bca_interval(sample, seed=5)
    assert stats.bca_interval([2.0, 2.0]) == (2.0, 2.0)


def test_two_proportions_equal_the_uncorrected_chi_square():
    chi = sps.chi2_contingency([[45, 55], [30, 70]], correction=False)
    assert stats.two_proportion_p(45, 100, 30, 100) == pytest.approx(chi.pvalue)
    assert stats.two_proportion_p(0, 10, 0, 10) == 1


def test_benjamini_hochberg_on_the_example_of_the_paper():
    # Benjamini & Hochberg 1995, section 3.1: 15 comparisons, four rejected at .05.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
         0.4262, 0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    adjusted = stats.benjamini_hochberg(p)
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)
    with_gap = stats.benjamini_hochberg([0.01, np.nan, 0.04])
    assert np.isnan(with_gap[1])
    assert with_gap[2] == pytest.approx(0.04)


def test_levels_out_of_range_are_refused():
    with pytest.raises(errors.ArgumentError, match=r"level == 1.0, must be < 1"):
        stats.wilson(1, 2, level=1.0)


def test_ratio_interval_on_the_log_scale():
    y, x = np.array([1.0, 2, 4, 3]), np.array([2.0, 3, 5, 4])
    sums = (4, y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum())
    ratio, low, _ = stats.ratio_interval(*sums)
    same, log_low, log_high = stats.ratio_interval(*sums, log=True)
    assert same == ratio
    assert log_low * log_high == pytest.approx(float(ratio) ** 2)
    assert np.log(ratio / log_low) == pytest.approx(float((ratio - low) / ratio))
    # The log of a ratio that is not positive does not exist: there the plain interval stands.
    back = (4, -y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), -(x * y).sum())
    assert [float(v) for v in stats.ratio_interval(*back, log=True)] == pytest.approx(
        [float(v) for v in stats.ratio_interval(*back)]
    )


def test_the_log_scale_is_left_where_a_ratio_is_not_clear_of_zero():
    # Net revenue that nearly cancels: 20 people up, 20 down, and one unit over.
    y = np.r_[np.full(20, 1.0), np.full(20, -1.0), 0.02]
    x = np.full(41, 4.0)
    sums = (41, y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum())
    plain = [float(v) for v in stats.ratio_interval(*sums)]
    assert plain[1] < 0 < plain[0]
    assert [float(v) for v in stats.ratio_interval(*sums, log=True)] == plain


def test_the_log_scale_never_overflows():
    with np.errstate(over="raise"):
        _, low, high = stats.ratio_interval(1.2, 30.0, 10.0, 800.0, 90.0, 250.0, log=True)
    assert np.isfinite([low, high]).all()
