"""Likelihood of the shifted-beta-geometric model and its maximum, for many data sets at once.

The search runs in u = log(alpha / beta) and v = log(alpha + beta): alpha and beta themselves lie
along a ridge (only their ratio is well known where people differ little), u and v do not.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
# alpha + beta from 0.001 (people leave at once or never) to a million (all are alike): further
# out survival over hundreds of periods no longer changes in the fourth digit.
V_BOUNDS = (float(np.log(1e-3)), float(np.log(1e6)))
U_BOUND = 30.0
_GRID = 241
_MAX_STEPS = 200


@dataclasses.dataclass(frozen=True)
class Maximum:
    """Maxima, one for each line of data.

    Attributes:
        u: log(alpha / beta), shape (lines,).
        v: log(alpha + beta), shape (lines,).
        log_likelihood: At the maximum, shape (lines,).
        converged: Whether the gradient vanishes there or v is on its bound, shape (lines,).
    """

    u: Array
    v: Array
    log_likelihood: Array
    converged: npt.NDArray[np.bool_]


def to_parameters(u: npt.ArrayLike, v: npt.ArrayLike) -> tuple[Array, Array]:
    """Return alpha and beta."""
    scale = np.exp(np.asarray(v, dtype=float))
    share = np.asarray(u, dtype=float)
    return scale * special.expit(share), scale * special.expit(-share)


def log_likelihood(u: Array, v: Array, lost: Array, kept: Array, age: Array) -> Array:
    """Return Σ lost·log(1 − r) + kept·log r, r = (beta + age − 1) / (alpha + beta + age − 1).

    Args:
        u: Shape (lines,).
        v: Shape (lines,).
        lost: Left in each period, shape (lines, periods).
        kept: Stayed on, shape (lines, periods).
        age: Number of each period from 1, shape (periods,).
    """
    alpha, beta = to_parameters(u, v)
    a, b = alpha[..., None], beta[..., None]
    total = lost + kept
    terms = lost * np.log(a) + kept * np.log(b + age - 1) - total * np.log(a + b + age - 1)
    return np.asarray(terms.sum(axis=-1))


def hessian(alpha: float, beta: float, lost: Array, kept: Array, age: Array) -> Array:
    """Return the second derivatives in alpha and beta, shape (2, 2)."""
    both = ((lost + kept) / (alpha + beta + age - 1) ** 2).sum()
    return np.array(
        [
            [both - lost.sum() / alpha**2, both],
            [both, both - (kept / (beta + age - 1) ** 2).sum()],
        ]
    )


def _derivatives(
    u: Array, v: Array, lost: Array, kept: Array, age: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradient and second derivatives in u and v, each of shape (lines,)."""
    alpha, beta = to_parameters(u, v)
    share = special.expit(u)
    down, side = beta[:, None] + age - 1, (alpha + beta)[:, None] + age - 1
    total = lost + kept
    both1, both2 = (total / side).sum(axis=1), (total / side**2).sum(axis=1)
    gone = lost.sum(axis=1)
    ga, gb = gone / alpha - both1, (kept / down).sum(axis=1) - both1
    haa, hab, hbb = both2 - gone / alpha**2, both2, both2 - (kept / down**2).sum(axis=1)
    m = alpha * (1 - share)
    gu, gv = m * (ga - gb), alpha * ga + beta * gb
    huu = m**2 * (haa - 2 * hab + hbb) + m * (1 - 2 * share) * (ga - gb)
    huv = m * (alpha * (haa - hab) + beta * (hab - hbb)) + m * (ga - gb)
    hvv = alpha**2 * haa + 2 * alpha * beta * hab + beta**2 * hbb + gv
    return gu, gv, huu, huv, hvv


def best_u(v: Array, lost: Array, kept: Array, age: Array, *, halvings: int = 60) -> Array:
    """Return the u of highest likelihood for each v: one root, as log L is concave in the share."""
    scale = np.exp(v)[:, None]
    low, high = np.full(len(v), -U_BOUND), np.full(len(v), U_BOUND)
    for _ in range(halvings):
        middle = (low + high) / 2
        share, rest = special.expit(middle)[:, None], special.expit(-middle)[:, None]
        slope = lost / share - scale * kept / (scale * rest + age - 1)
        rising = slope.sum(axis=1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return (low + high) / 2


def maximise(lost: Array, kept: Array, age: Array) -> Maximum:
    """Find the maximum for each line of data, by damped Newton steps from a coarse search.

    Args:
        lost: Shape (lines, periods).
        kept: Shape (lines, periods).
        age: Shape (periods,).
    """
    lines = len(lost)
    u, v, best = np.zeros(lines), np.zeros(lines), np.full(lines, -np.inf)
    for start in np.linspace(*V_BOUNDS, 7):
        at = np.full(lines, start)
        candidate = best_u(at, lost, kept, age, halvings=20)  # near enough to start from
        value = log_likelihood(candidate, at, lost, kept, age)
        better = value > best
        u, v = np.where(better, candidate, u), np.where(better, at, v)
        best = np.where(better, value, best)
    damping = np.full(lines, 1e-3)
    size = np.maximum((lost + kept).sum(axis=1), 1.0)
    converged = np.zeros(lines, dtype=bool)
    for _ in range(_MAX_STEPS):
        gu, gv, huu, huv, hvv = _derivatives(u, v, lost, kept, age)
        # At a bound of v only u is free, unless the slope points back inside.
        stuck = ((v >= V_BOUNDS[1]) & (gv >= 0)) | ((v <= V_BOUNDS[0]) & (gv <= 0))
        gv, huv = np.where(stuck, 0.0, gv), np.where(stuck, 0.0, huv)
        hvv = np.where(stuck, -1.0, hvv)
        converged = np.maximum(np.abs(gu), np.abs(gv)) <= 1e-9 * size
        if converged.all():
            break
        p, r = np.abs(huu) * damping - huu, np.abs(hvv) * damping - hvv
        flat = 1e-12 * size
        p, r = np.maximum(p, flat), np.maximum(r, flat)
        determinant = p * r - huv**2
        cross = np.where(determinant > 1e-3 * p * r, huv, 0.0)
        determinant = p * r - cross**2
        du = np.clip((r * gu + cross * gv) / determinant, -2, 2)
        dv = np.clip((p * gv + cross * gu) / determinant, -2, 2)
        new_u = np.clip(u + du, -U_BOUND, U_BOUND)
        new_v = np.clip(v + dv, *V_BOUNDS)
        value = log_likelihood(new_u, new_v, lost, kept, age)
        better = (value >= best) & ~converged
        u, v = np.where(better, new_u, u), np.where(better, new_v, v)
        best = np.where(better, value, best)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-9, 1e12)
    return Maximum(u, v, best, converged)


def region(
    lost: Array, kept: Array, age: Array, threshold: float, point: tuple[float, float]
) -> tuple[Array, Array]:
    """Return points on the edge of the region where the log-likelihood is above `threshold`.

    For each v inside the region both ends of u; survival is monotone in u, so its extremes over
    the region are among these points (to the spacing of v, which is fine).

    Args:
        lost: Shape (periods,).
        kept: Shape (periods,).
        age: Shape (periods,).
        threshold: Log-likelihood of the edge.
        point: u and v of the maximum.
    """

    def height(v: Array) -> tuple[Array, Array]:
        peak = best_u(v, lost, kept, age)
        return peak, log_likelihood(peak, v, lost, kept, age)

    coarse = np.unique(np.append(np.linspace(*V_BOUNDS, _GRID), point[1]))
    inside = np.flatnonzero((height(coarse)[1] >= threshold) | (coarse == point[1]))
    first, last = coarse[max(inside[0] - 1, 0)], coarse[min(inside[-1] + 1, len(coarse) - 1)]
    v = np.unique(np.append(np.linspace(first, last, 2 * _GRID), point[1]))
    peak, value = height(v)
    keep = value >= threshold
    v, peak = v[keep], peak[keep]
    ends = []
    for side in (-U_BOUND, U_BOUND):
        near, far = peak.copy(), np.full(len(v), side)
        for _ in range(60):
            middle = (near + far) / 2
            above = log_likelihood(middle, v, lost, kept, age) >= threshold
            near, far = np.where(above, middle, near), np.where(above, far, middle)
        ends.append(near)
    return np.concatenate(ends), np.concatenate([v, v])
