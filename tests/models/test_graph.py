"""The reply graph against figures worked out by hand and by linear algebra."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import NotEnoughDataError


def edges(*pairs: str) -> pd.DataFrame:
    return pd.DataFrame([tuple(pair) for pair in pairs], columns=["source", "target"])


def test_pagerank_solves_its_equation() -> None:
    rng = np.random.default_rng(1)
    pairs = {(int(a), int(b)) for a, b in rng.integers(0, 30, (120, 2)) if a != b}
    frame = pd.DataFrame(sorted(pairs), columns=["source", "target"]).astype(str)
    got = cl.models.pagerank(frame)
    names = list(got.index)
    n = len(names)
    links = np.zeros((n, n))
    for row in frame.itertuples():
        links[names.index(row.source), names.index(row.target)] = 1
    out = links.sum(axis=1)
    move = np.where(out[:, None] > 0, links / np.maximum(out, 1)[:, None], 1 / n)
    # Brin & Page 1998 as a linear system: r = (1 − d)/n + d Mᵀ r.
    truth = np.linalg.solve(np.eye(n) - 0.85 * move.T, np.full(n, 0.15 / n))
    assert got.to_numpy() == pytest.approx(truth / truth.sum(), abs=1e-6)
    assert got.sum() == pytest.approx(1)


def test_degrees_count_persons_not_messages() -> None:
    frame = edges("ab", "cb", "ba", "bb").assign(messages=[99, 1, 1, 5])
    got = cl.models.graph_scores(frame).set_index("member_id")
    assert got["in_degree"].to_dict() == {"a": 1, "b": 2, "c": 0}
    assert got["out_degree"].to_dict() == {"a": 1, "b": 1, "c": 1}


def test_a_bridge_between_two_circles_brokers() -> None:
    left, right = "abcde", "vwxyz"
    pairs = [a + b for side in (left, right) for a in side for b in side if a != b]
    frame = edges(*pairs, *(f"{a}m" for a in "abc"), *(f"{a}m" for a in "vwx"))
    got = cl.models.graph_scores(frame).set_index("member_id")
    # m has three neighbours in each circle and belongs to one: 1 − (1/2)² − (1/2)².
    assert got.loc["m", "brokerage"] == pytest.approx(0.5)
    assert got["brokerage"].idxmax() == "m"
    assert got.loc["d", "brokerage"] == 0


def test_expertise_is_the_papers() -> None:
    # Zhang, Ackerman & Adamic 2007: z = (a − q)/√(a + q); 16 answers and 9 questions: 7/5.
    assert cl.models.expertise_z([16, 0, 4], [9, 25, 0]).tolist() == [1.4, -5.0, 2.0]


def test_stability_is_one_for_a_star_and_less_for_noise() -> None:
    star = pd.DataFrame({"source": [f"s{n}" for n in range(99)], "target": "hub"})
    got = cl.models.rank_stability(star, 0.01, draws=20)
    assert (got.value, got.n) == (1, 100)
    rng = np.random.default_rng(0)
    pairs = {(int(a), int(b)) for a, b in rng.integers(0, 200, (600, 2)) if a != b}
    noise = pd.DataFrame(sorted(pairs), columns=["source", "target"]).astype(str)
    assert cl.models.rank_stability(noise, 0.01, draws=20).value < 0.9


def test_no_edges_is_said() -> None:
    with pytest.raises(NotEnoughDataError, match="nobody answers"):
        cl.models.graph_scores(edges())
