"""Means of segments drawn towards the whole: nearer the truth, and inside their intervals."""

from __future__ import annotations

import numpy as np
import pytest

import commlab as cl
from commlab.errors import NotEnoughDataError

SIZES = np.array([40, 40, 60, 60, 90, 120, 200, 300, 500, 800])


def world(seed: int, between: float):
    rng = np.random.default_rng(seed)
    true = rng.normal(100, between, len(SIZES))
    values = np.concatenate([rng.normal(mean, 80, n) for mean, n in zip(true, SIZES, strict=True)])
    return true, values, np.repeat([f"s{k}" for k in range(len(SIZES))], SIZES)


def test_shrunk_means_are_nearer_the_truth_and_cover_it() -> None:
    plain = drawn = inside = 0.0
    for seed in range(200):
        true, values, labels = world(seed, 8)
        found = cl.models.shrunk_means(values, labels).sort_values("segment")
        plain += ((found["mean"] - true) ** 2).sum()
        drawn += ((found["value"] - true) ** 2).sum()
        inside += ((found["low"] <= true) & (true <= found["high"])).mean()
    assert drawn < 0.8 * plain
    assert 0.93 <= inside / 200 <= 0.985


def test_equal_segments_are_called_different_no_more_than_promised() -> None:
    worlds = [cl.models.shrunk_means(*world(seed, 0)[1:]) for seed in range(300)]
    share = np.mean([found["flagged"].any() for found in worlds])
    assert share <= 0.05 + 3.3 * (0.05 * 0.95 / 300) ** 0.5  # 99.9 % of chance


def test_a_planted_difference_is_found() -> None:
    _, values, labels = world(1, 0)
    values = values + np.where(labels == "s9", 40, 0)
    found = cl.models.shrunk_means(values, labels)
    assert found["segment"].iloc[0] == "s9"
    assert found.set_index("segment")["flagged"]["s9"]


def test_too_few_are_not_shown() -> None:
    _, values, labels = world(1, 0)
    labels = np.where(np.arange(len(labels)) < 3, "tiny", labels)
    row = cl.models.shrunk_means(values, labels).iloc[-1]
    assert (row["segment"], row["status"]) == ("tiny", "too_few")
    assert np.isnan(row[["mean", "value", "low", "high", "p"]].astype(float)).all()
    with pytest.raises(NotEnoughDataError, match="two are the least"):
        cl.models.shrunk_means(values[:100], ["one"] * 100)
