"""Means of segments at one mix of strata, by least squares over people, with groups heeded."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, special

Array = npt.NDArray[np.float64]
_EXPECTED = 5  # yes and no: with fewer a normal test calls luck a finding


@dataclasses.dataclass(frozen=True)
class Adjusted:
    """Adjusted means of segments; arrays of shape (segments,).

    Attributes:
        mean: At the mix of strata of all people.
        variance: Of `mean`.
        degrees: Degrees of freedom: those of the chat groups behind a segment, else infinite.
        difference: From the plain mean of all others.
        p: Two-sided p of no difference; missing where it cannot be judged.
    """

    mean: Array
    variance: Array
    degrees: Array
    difference: Array
    p: Array

    def quantiles(self, level: float) -> Array:
        """Return Student's quantile for each segment."""
        return _quantile(0.5 + level / 2, self.degrees)


def adjusted_means(rows: pd.DataFrame, segments: Sequence[str], *, shares: bool) -> Adjusted:
    """Return adjusted means, see `ranking.ranked_segments`.

    Args:
        rows: segment, stratum, n, total, square, and `cluster` where people of one are alike.
        segments: The segments, in order.
        shares: Whether the values are yes or no.
    """
    segment = pd.Categorical(rows["segment"], categories=pd.Index(segments)).codes.astype(int)
    stratum, strata = pd.factorize(rows["stratum"], sort=True)
    n, total, square = (rows[name].to_numpy(dtype=float) for name in ("n", "total", "square"))
    k, h = len(segments), len(strata)
    # Two entries a row; the first stratum is left out.
    place = np.arange(len(rows))
    later = stratum > 0
    design = sparse.csr_matrix(
        (
            np.ones(len(rows) + int(later.sum())),
            (np.r_[place, place[later]], np.r_[segment, k + stratum[later] - 1]),
        ),
        shape=(len(rows), k + h - 1),
    )
    gram = (design.T @ design.multiply(n[:, None])).toarray()
    inverse = np.linalg.pinv(gram)
    beta = inverse @ (design.T @ total)
    fitted = design @ beta
    # A segment's mean at the mix of all: its own coefficient plus that of the mix.
    share = np.bincount(stratum, weights=n, minlength=h) / n.sum()
    reach = np.hstack([np.eye(k), np.tile(share[1:], (k, 1))]) @ inverse
    mean = np.hstack([np.eye(k), np.tile(share[1:], (k, 1))]) @ beta
    cluster = _clusters(rows)
    meat = _meat(design, n, total, square, fitted, cluster)
    cross = reach @ meat @ reach.T
    variance = np.maximum(np.diag(cross), 0.0)
    people = np.bincount(segment, weights=n, minlength=k)
    null = [cross]
    judged = np.ones(k, dtype=bool)
    if shares:
        yes = np.bincount(segment, weights=total, minlength=k)
        rate = (yes + 2) / (people + 4)
        variance = np.maximum(variance, rate * (1 - rate) / (people + 4))
        usual = np.bincount(stratum, weights=total, minlength=h) / np.bincount(
            stratum, weights=n, minlength=h
        )
        spread = n * (usual * (1 - usual))[stratum]
        alone = reach @ (design.T @ design.multiply(spread[:, None])).toarray() @ reach.T
        # Of groups and of people alone the more careful: few groups say little of likeness.
        null = [alone] if cluster is None else [alone, cross]
        expected = np.bincount(segment, weights=n * usual[stratum], minlength=k)
        judged = np.minimum(expected, people - expected) >= _EXPECTED
    degrees = _degrees(segment, n, cluster, k)
    difference, p = _against_rest(mean, null, degrees)
    return Adjusted(mean, variance, degrees, difference, np.where(judged, p, np.nan))


def _clusters(rows: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    """Return the code of the chat group of each row, −1 without one; None where none is named."""
    if "cluster" not in rows or not rows["cluster"].notna().any():
        return None
    return np.asarray(pd.factorize(rows["cluster"], sort=True)[0], dtype=np.int64)


def _meat(
    design: sparse.csr_matrix, n: Array, total: Array, square: Array, fitted: Array,
    cluster: npt.NDArray[np.int64] | None,
) -> Array:  # fmt: skip
    """Return the middle of the sandwich: people one by one, those of a chat group together."""
    # Σ (y − fitted)² over the people of a cell.
    own = np.maximum(square - 2 * fitted * total + n * fitted**2, 0)
    free = n.sum() / max(n.sum() - design.shape[1], 1)
    if cluster is None:
        return free * (design.T @ design.multiply(own[:, None])).toarray()
    lone = cluster < 0
    meat = free * (design.T @ design.multiply((own * lone)[:, None])).toarray()
    score = sparse.csr_matrix(design.multiply(((total - n * fitted) * ~lone)[:, None]))
    groups = int(cluster.max()) + 1
    which = np.where(lone, 0, cluster)
    gather = sparse.csr_matrix(
        (np.ones(len(n)), (which, np.arange(len(n)))), shape=(groups, len(n))
    )
    scores = gather @ score
    return meat + groups / max(groups - 1, 1) * (scores.T @ scores).toarray()


def _degrees(
    segment: npt.NDArray[np.int_], n: Array, cluster: npt.NDArray[np.int64] | None, k: int
) -> Array:
    """Return Kish's effective number of chat groups behind each segment, less one."""
    if cluster is None:
        return np.full(k, np.inf)
    lone = cluster < 0
    frame = pd.DataFrame({"segment": segment, "cluster": cluster, "n": n})[~lone]
    sizes = frame.groupby(["segment", "cluster"])["n"].sum()
    square = (sizes**2).groupby("segment").sum().reindex(range(k), fill_value=0).to_numpy()
    square = square + np.bincount(segment[lone], weights=n[lone], minlength=k)
    people = np.bincount(segment, weights=n, minlength=k)
    return np.maximum(people**2 / np.maximum(square, 1) - 1, 1.0)


def _against_rest(mean: Array, crosses: list[Array], degrees: Array) -> tuple[Array, Array]:
    """Return each mean minus the plain mean of the others, and the two-sided p of none.

    The largest of the variances by several covariance matrices counts.
    """
    k = len(mean)
    contrast = np.eye(k) - (1 - np.eye(k)) / (k - 1)
    difference = contrast @ mean
    each = [np.diag(contrast @ cross @ contrast.T) for cross in crosses]
    variance = np.maximum(np.max(each, axis=0), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(difference) / np.sqrt(variance)
        normal = 2 * special.ndtr(-t)
        student = 2 * special.stdtr(np.where(np.isfinite(degrees), degrees, 1.0), -t)
    return difference, np.where(np.isfinite(degrees), student, normal)


def _quantile(share: float, degrees: Array) -> Array:
    student = special.stdtrit(np.where(np.isfinite(degrees), degrees, 1.0), share)
    return np.where(np.isfinite(degrees), student, special.ndtri(share))
