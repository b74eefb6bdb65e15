"""Segments against the overall curve: lifelines' log-rank test, planted gaps, true nulls."""

from __future__ import annotations

import lifelines.statistics
import numpy as np
import pandas as pd
import pytest

from commlab.errors import NotEnoughDataError
from commlab.models.segments import lost_members


def world(seed: int, hazards: dict[str, float], n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for name, hazard in hazards.items():
        life, follow = rng.geometric(hazard, n), rng.integers(20, 90, n)
        observed, end = life <= follow, np.minimum(life, follow)
        parts.append(pd.DataFrame({"segment": name, "lower": end - observed, "upper": end,
                                   "observed": observed}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("seed", range(4))
def test_two_segments_are_lifelines_log_rank_test(seed: int) -> None:
    rows = world(seed, {"a": 0.02, "b": 0.03})
    found = lost_members(rows).set_index("segment")
    a, b = (rows[rows["segment"] == name] for name in "ab")
    theirs = lifelines.statistics.logrank_test(a["upper"], b["upper"], a["observed"], b["observed"])
    assert found["p"].to_numpy() == pytest.approx([theirs.p_value] * 2, rel=1e-9)
    assert found["p_adjusted"].to_numpy() == pytest.approx(found["p"].to_numpy())
    # z of the interval is the root of lifelines' chi-squared.
    half = (found["lost_high"] - found["lost"]) / 1.959964
    assert (found["lost"] / half).to_numpy() ** 2 == pytest.approx(theirs.test_statistic, rel=1e-5)


def test_differences_add_up_to_nothing_and_rank_by_members() -> None:
    rows = world(9, {"good": 0.01, "bad": 0.04, "middle": 0.02, "tiny": 0.02})
    rows = rows[(rows["segment"] != "tiny") | (rows.index % 10 == 0)]
    before = rows.copy()
    found = lost_members(rows)
    pd.testing.assert_frame_equal(rows, before)
    assert found["lost"].sum() == pytest.approx(0, abs=1e-9)
    assert found["segment"].tolist()[:1] == ["bad"]
    assert found["segment"].tolist()[-1] == "tiny"
    tiny = found.set_index("segment").loc["tiny"]
    assert tiny["status"] == "too_few"
    assert tiny[["low", "high", "p", "p_adjusted"]].isna().all()
    assert not tiny["flagged"]
    judged = found[found["status"] == "ok"].set_index("segment")
    assert judged["flagged"].to_dict() == {"bad": True, "middle": False, "good": True}
    assert (judged["difference"] * judged["at_risk"]).to_numpy() == pytest.approx(-judged["lost"])


def test_days_cut_the_comparison() -> None:
    rows = pd.DataFrame({"segment": ["a", "a", "b", "b"], "lower": [4, 50, 40, 50],
                         "upper": [5, 50, 41, 50], "observed": [True, False] * 2,
                         "n": [60, 40, 60, 40]})  # fmt: skip
    found = lost_members(rows, days=30).set_index("segment")
    assert found.loc["a", ["losses", "expected", "lost"]].tolist() == [60, 30, 30]
    assert found.loc["b", "losses"] == 0


def test_one_segment_or_no_losses_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="two are the least"):
        lost_members(world(1, {"a": 0.02}))
    none = pd.DataFrame({"segment": ["a", "b"], "lower": 9, "upper": 9, "observed": False, "n": 50})
    with pytest.raises(NotEnoughDataError, match="100 stays"):
        lost_members(none)


def grouped(seed: int, gap: float = 0.0) -> pd.DataFrame:
    """40 groups of 30 with hazards of their own; channels mixed within groups."""
    rng = np.random.default_rng(seed)
    hazard = np.repeat(rng.gamma(1.5, 0.02, 40), 30)
    # Whole groups lean to a channel, as they do where a channel fills a group.
    lean = np.repeat(rng.beta(0.5, 0.5, 40), 30)
    channel = np.where(rng.random(1200) < lean, "a", "b")
    life = rng.geometric(np.clip(hazard * np.where(channel == "a", 1 + gap, 1), 1e-6, 1))
    observed, end = life <= 60, np.minimum(life, 60)
    return pd.DataFrame({"segment": channel, "cluster": np.repeat(np.arange(40), 30),
                         "lower": end - observed, "upper": end, "observed": observed})  # fmt: skip


@pytest.mark.slow
def test_no_difference_is_called_one_as_often_as_promised() -> None:
    clustered = naive = 0
    for seed in range(200):
        rows = grouped(seed)
        clustered += bool((lost_members(rows)["p"] < 0.05).any())
        naive += bool((lost_members(rows.drop(columns="cluster"))["p"] < 0.05).any())
    assert 2 <= clustered <= 21
    assert naive > 60  # taking members of one group as independent finds differences in a third


@pytest.mark.slow
def test_a_planted_gap_is_found() -> None:
    found = sum(
        lost_members(grouped(seed, gap=1.5)).iloc[0][["segment", "flagged"]].tolist() == ["a", True]
        for seed in range(50)
    )
    assert found >= 35
