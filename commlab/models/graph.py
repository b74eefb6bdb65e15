"""Who stands where in the reply graph: PageRank, in-degree, expertise and brokerage.

An edge is there or not, however often one person answers another: two friends who talk all day are
one edge each way, so that noise between few does not look like reach.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate

Array = npt.NDArray[np.float64]
DAMPING = 0.85  # Brin & Page 1998
STEPS = 100  # at most: .85 ** 100 is 1e-7; the library stops after ten
EDGE_COLUMNS = ("source", "target")


def graph_scores(edges: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return the place of each member in the graph of who addresses whom.

    Args:
        edges: A row for each ordered pair: source and target (`metrics.reply_edges`).
        seed: Seed of the clustering.

    Returns:
        Frame sorted by member_id: member_id, in_degree (different persons who addressed the
        member), out_degree, pagerank (sums to 1; Brin & Page 1998), cluster (Louvain, on edges
        without direction), brokerage (participation coefficient: 1 − Σ of the squared shares of
        a member's neighbours by cluster, 0 when all are in one; Guimerà & Amaral 2005).

    Raises:
        NotEnoughDataError: There are no edges.
    """
    adjacency, names = _adjacency(edges)
    from sknetwork.clustering import Louvain
    from sknetwork.ranking import PageRank

    both = ((adjacency + adjacency.T) > 0).astype(float).tocsr()
    cluster = Louvain(random_state=seed).fit_predict(both)
    return pd.DataFrame(
        {
            "member_id": names,
            "in_degree": np.asarray(adjacency.sum(axis=0)).ravel().astype(np.int64),
            "out_degree": np.asarray(adjacency.sum(axis=1)).ravel().astype(np.int64),
            "pagerank": PageRank(damping_factor=DAMPING, n_iter=STEPS).fit_predict(adjacency),
            "cluster": cluster,
            "brokerage": _participation(both, cluster),
        }
    )


def pagerank(edges: pd.DataFrame) -> pd.Series:
    """Return PageRank by member_id; see `graph_scores`."""
    from sknetwork.ranking import PageRank

    adjacency, names = _adjacency(edges)
    return pd.Series(
        PageRank(damping_factor=DAMPING, n_iter=STEPS).fit_predict(adjacency),
        index=pd.Index(names, name="member_id"),
    )


def rank_stability(
    edges: pd.DataFrame,
    share: float = 0.01,
    *,
    dropped: float = 0.3,
    draws: int = 50,
    seed: int = 0,
) -> Estimate:
    """Return the share of the top by PageRank that stays when messages are lost at random.

    Args:
        edges: See `graph_scores`; with a column `messages`, an edge is lost only when all its
            messages are.
        share: Share of members at the top.
        dropped: Share of messages lost.
        draws: Times.
        seed: Seed.

    Returns:
        Mean share that stays; its interval holds the middle 95 % of the draws, its n all members of
        the graph.
    """
    guards.in_range("share", share, low=0, high=1, open_low=True)
    guards.in_range("dropped", dropped, low=0, high=1, open_low=True, open_high=True)
    guards.whole("draws", draws, low=2)
    score = pagerank(edges)
    count = max(1, round(len(score) * share))
    best = set(score.nlargest(count).index)
    messages = edges["messages"].to_numpy() if "messages" in edges else np.ones(len(edges))
    rng = np.random.default_rng(seed)
    kept = []
    for _ in range(draws):
        left = edges[rng.random(len(edges)) >= dropped**messages]
        again = pagerank(left) if len(left) else score.iloc[:0]
        kept.append(len(best & set(again.nlargest(count).index)) / count)
    low, high = np.quantile(kept, [0.025, 0.975])
    return Estimate(
        value=float(np.mean(kept)), low=float(low), high=float(high), n=len(score), unit="share",
        method="range over draws",
    )  # fmt: skip


def expertise_z(answers: npt.ArrayLike, questions: npt.ArrayLike) -> Array:
    """Return by how many standard errors someone answers rather than asks.

    z = (a − q) / √(a + q), 0 where there is neither (Zhang, Ackerman & Adamic 2007, Expertise
    networks in online communities, WWW '07, sec. 4.2).

    Example:
        >>> expertise_z([9, 0, 0], [0, 4, 0]).tolist()
        [3.0, -2.0, 0.0]
    """
    a, q = np.asarray(answers, dtype=float), np.asarray(questions, dtype=float)
    return (a - q) / np.sqrt(np.maximum(a + q, 1.0))


def _adjacency(edges: pd.DataFrame) -> tuple[sparse.csr_matrix, npt.NDArray[np.object_]]:
    if edges.empty:
        raise NotEnoughDataError(
            "nobody answers or mentions anybody in the window.",
            fix="Use a longer window, or an export with a reply field or quoted text.",
        )
    ends = np.concatenate([edges["source"].to_numpy(object), edges["target"].to_numpy(object)])
    names, place = np.unique(ends.astype(str), return_inverse=True)
    n = len(edges)
    matrix = sparse.csr_matrix((np.ones(n), (place[:n], place[n:])), shape=(len(names), len(names)))
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    return (matrix > 0).astype(float).tocsr(), names


def _participation(both: sparse.csr_matrix, cluster: npt.NDArray[np.int64]) -> Array:
    members = sparse.csr_matrix((np.ones(len(cluster)), (np.arange(len(cluster)), cluster)))
    by_cluster = both @ members
    degree = np.asarray(by_cluster.sum(axis=1)).ravel()
    squares = np.asarray(by_cluster.multiply(by_cluster).sum(axis=1)).ravel()
    return np.where(degree > 0, 1 - squares / np.maximum(degree, 1) ** 2, 0.0)
