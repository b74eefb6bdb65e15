"""The Pareto/NBD likelihood as a sum of two positive terms, with derivatives.

L = Γ(r+x) α^r β^s / Γ(r) · { (α+T)^−(r+x) (β+T)^−s + ∫ s (α+y)^−(r+x) (β+y)^−(s+1) dy }, y from
t_x to T: alive at T, or left at y (Schmittlein, Morrison & Colombo 1987; Fader & Hardie 2005, A
note on deriving the Pareto/NBD model). Published forms turn the integral into a
difference of hypergeometric functions, which loses digits where t_x is near T, where α is near β
and where x is large. Here it is Gauss–Legendre quadrature in log(min(α, β) + y).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from commlab.models._betageo import Params, softplus
from commlab.models._btyd_data import Array, Customers

PARAMETERS = ("r", "alpha", "s", "beta")
NODES = 64
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)
_DEEP = 40.0  # beyond a fall by e^−40 nothing is left to add
_BLOCK = 1_024  # rows times nodes of some fifteen arrays stay in the cache


def starts(customers: Customers) -> list[Array]:
    """Return points to start from."""
    bought = float((customers.weight * customers.frequency).sum())
    rate = bought / float((customers.weight * customers.T).sum())
    return [
        np.log([r, r / (rate * faster), s, s * life])
        for r in (0.2, 1.0, 5.0)
        for faster in (1.0, 3.0)
        for s in (0.3, 1.0)
        for life in (0.5, 3.0)
    ]


def _nodes(
    alpha: Array, beta: Array, power: Array, s: Array, tx: Array, T: Array
) -> tuple[Array, Array]:
    """Return y and the logarithm of its quadrature weight, a last axis of nodes."""
    near = np.minimum(alpha, beta)
    from_ = near + tx
    length = np.log1p((T - tx) / from_)  # whose digits last where silence is a moment
    # The integrand falls at least as fast as at its start, as (near + y)/(far + y) grows.
    fall = power * from_ / (alpha + tx) + (s + 1) * from_ / (beta + tx) - 1
    length = np.where(fall * length > _DEEP, _DEEP / np.maximum(fall, 1e-300), length)
    u = length[..., None] * ((_POINTS + 1) / 2)
    y = tx[..., None] + from_[..., None] * np.expm1(u)
    with np.errstate(divide="ignore"):
        weight = np.log(length * from_ / 2)
    return y, u + weight[..., None] + np.log(_WEIGHTS)


def log_terms(
    params: Params, x: npt.ArrayLike, tx: npt.ArrayLike, T: npt.ArrayLike
) -> tuple[Array, Array]:
    """Return the logarithms of the two terms in braces: alive at T, left before."""
    arrays = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (*params, x, tx, T)))
    r, alpha, s, beta, x, tx, T = (np.ravel(array) for array in arrays)
    alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
    left = np.full(len(x), -np.inf)
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        power, one_s = r[rows] + x[rows], s[rows]
        y, weight = _nodes(alpha[rows], beta[rows], power, one_s, tx[rows], T[rows])
        logs = (
            weight
            - power[:, None] * np.log(alpha[rows, None] + y)
            - (one_s + 1)[:, None] * np.log(beta[rows, None] + y)
        )
        some = T[rows] > tx[rows]
        left[rows] = np.where(some, np.log(one_s) + _log_sum(logs, some), -np.inf)
    return alive.reshape(arrays[0].shape), left.reshape(arrays[0].shape)


def _log_sum(logs: Array, some: npt.NDArray[np.bool_]) -> Array:
    top = np.where(some, logs.max(axis=-1), 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(axis=-1)))


def log_odds_dead(params: Params, x: npt.ArrayLike, tx: npt.ArrayLike, T: npt.ArrayLike) -> Array:
    """Return the log odds that the customer has left by T."""
    alive, left = log_terms(params, x, tx, T)
    return np.asarray(left - alive)


def log_likelihood(params: Params, x: npt.ArrayLike, tx: npt.ArrayLike, T: npt.ArrayLike) -> Array:
    """Return the log-likelihood of each customer."""
    r, alpha, s, beta = (np.asarray(value, dtype=float) for value in params)
    alive, left = log_terms(params, x, tx, T)
    counts = np.asarray(x, dtype=float)
    rates = special.gammaln(r + counts) - special.gammaln(r) + r * np.log(alpha)
    return np.asarray(rates + s * np.log(beta) + alive + softplus(left - alive))


def likelihood(
    point: Array, customers: Customers, *, derivatives: bool
) -> tuple[float, Array, Array]:
    """Return the log-likelihood of all customers with derivatives in log parameters.

    With the moment of leaving y as the missing datum (T: not yet), the gradient is the mean over
    it of the complete-data gradient, the second derivatives are the mean of the complete-data
    ones plus the variance of that gradient (Louis 1982).
    """
    params = np.exp(point)
    value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
    if not derivatives:
        rows = log_likelihood(params, customers.frequency, customers.recency, customers.T)
        return float((rows * customers.weight).sum()), gradient, hessian
    for start in range(0, len(customers), _BLOCK):
        block = customers.take(np.arange(start, min(start + _BLOCK, len(customers))))
        more, slope, curve = _derivatives(params, block)
        value, gradient, hessian = value + more, gradient + slope, hessian + curve
    gradient = params * gradient
    return value, gradient, hessian * np.outer(params, params) + np.diag(gradient)


def _derivatives(params: Array, customers: Customers) -> tuple[float, Array, Array]:
    r, alpha, s, beta = (float(value) for value in params)
    x, tx, T, weight = customers.frequency, customers.recency, customers.T, customers.weight
    full = np.full(len(x), 1.0)
    power = r + x
    y, log_weight = _nodes(alpha * full, beta * full, power, s * full, tx, T)
    # The last node is the customer who is alive: y = T, and s in place of s + 1.
    y = np.concatenate([y, T[:, None]], axis=1)
    log_a, log_b = np.log(alpha + y), np.log(beta + y)
    leaves = np.ones(NODES + 1)
    leaves[-1] = 0.0
    logs = -power[:, None] * log_a - (s + leaves) * log_b
    logs[:, :-1] += log_weight + np.log(s)
    top = logs.max(axis=1)
    logs -= top[:, None]
    share = np.exp(logs, out=logs)
    total = share.sum(axis=1)
    share /= total[:, None]
    value = weight @ (
        top + np.log(total) + special.gammaln(r + x) - special.gammaln(r)
        + r * np.log(alpha) + s * np.log(beta)
    )  # fmt: skip
    by_a, by_b = 1 / (alpha + y), 1 / (beta + y)
    g = (-log_a, -power[:, None] * by_a, leaves / s - log_b, -(s + leaves) * by_b)
    mean = [np.einsum("ij,ij->i", share, one) for one in g]
    weighted = weight[:, None] * share
    curve = np.zeros((4, 4))
    for i in range(4):
        part = weighted * g[i]
        for j in range(i, 4):
            both = np.einsum("ij,ij->", part, g[j]) - (weight * mean[i]) @ mean[j]
            curve[i, j] = curve[j, i] = both

    def total_of(*factors: Array) -> float:
        return float(np.einsum(",".join(["ij"] * (len(factors) + 1)) + "->", weighted, *factors))

    n = weight.sum()
    trigamma = special.polygamma
    curve[0, 0] += (weight * (trigamma(1, r + x) - trigamma(1, r))).sum()
    cross = n / alpha - total_of(by_a)
    curve[0, 1] += cross
    curve[1, 0] += cross
    curve[1, 1] -= total_of(g[1], by_a) + n * r / alpha**2
    curve[2, 2] -= float((weighted @ (leaves / s**2)).sum())
    cross = n / beta - total_of(by_b)
    curve[2, 3] += cross
    curve[3, 2] += cross
    curve[3, 3] -= total_of(g[3], by_b) + n * s / beta**2
    slope = np.array([(weight * one).sum() for one in mean])
    slope += [
        (weight * (special.digamma(r + x) - special.digamma(r))).sum() + n * np.log(alpha),
        n * r / alpha,
        n * np.log(beta),
        n * s / beta,
    ]
    return float(value), slope, curve
