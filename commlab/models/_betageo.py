"""What BG/NBD and MBG/NBD share: likelihood with derivatives, and what a customer will do.

The two differ in one toss: in BG/NBD (Fader, Hardie & Lee 2005) a customer may leave after each
repeat purchase, in MBG/NBD (Batislam, Denizel & Filiztekin 2007) after the first one too. Here
`first` is 0 for BG/NBD and 1 for MBG/NBD, and kappa = b + x + first − 1.

Parameters come as (r, alpha, a, b), numbers or arrays that broadcast with the customers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab.models._btyd_data import Array, Customers

PARAMETERS = ("r", "alpha", "a", "b")
Params = Sequence[npt.ArrayLike] | Array
# Rows worked on at once: the dozen arrays of a block stay in the cache, and OpenBLAS does not start
# threads for a dot product of fewer than 10,000 (they wait for each other longer than they work).
_BLOCK = 8_192


def starts(customers: Customers) -> list[Array]:
    """Return points to start from: the mean rate spread over people in several ways."""
    rate = _mean_rate(customers)
    return [
        np.log([r, r / (rate * faster), size * leave, size * (1 - leave)])
        for r in (0.2, 1.0, 5.0)
        for faster in (1.0, 3.0)
        for leave in (0.05, 0.3)
        for size in (0.7, 4.0)
    ]


def _mean_rate(customers: Customers) -> float:
    bought = float((customers.weight * customers.frequency).sum())
    return bought / float((customers.weight * customers.T).sum())


def log_odds_dead(
    params: Params,
    x: npt.ArrayLike,
    tx: npt.ArrayLike,
    T: npt.ArrayLike,
    first: int,
) -> Array:
    """Return the log odds that the customer has left by T; −inf for one-timers of BG/NBD."""
    r, alpha, a, b = (np.asarray(value, dtype=float) for value in params)
    x, tx, T = (np.asarray(value, dtype=float) for value in (x, tx, T))
    can_leave = x + first > 0
    kappa = np.where(can_leave, b + x + first - 1, 1.0)
    odds = np.log(a) - np.log(kappa) + (r + x) * np.log((alpha + T) / (alpha + tx))
    return np.where(can_leave, odds, -np.inf)


def log_likelihood(
    params: Params,
    x: npt.ArrayLike,
    tx: npt.ArrayLike,
    T: npt.ArrayLike,
    first: int,
) -> Array:
    """Return the log-likelihood of each customer (FHL 2005; Batislam et al. 2007)."""
    r, alpha, a, b = (np.asarray(value, dtype=float) for value in params)
    x, T = np.asarray(x, dtype=float), np.asarray(T, dtype=float)
    rates = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    tosses = _log_gamma_ratio(b, x + first) - _log_gamma_ratio(a + b, x + first)
    alive = rates + tosses - (r + x) * np.log(alpha + T)
    return np.asarray(alive + softplus(log_odds_dead(params, x, tx, T, first)))


def _log_gamma_ratio(base: Array | float, steps: Array) -> Array:
    """Return log Γ(base + steps) − log Γ(base)."""
    return np.asarray(special.gammaln(base + steps) - special.gammaln(base))


def softplus(z: Array) -> Array:
    """Return log(1 + e^z), which neither overflows nor loses small values."""
    return np.asarray(np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))))


class BetaGeometricLikelihood:
    """Log-likelihood of all customers with gradient and second derivatives.

    What depends on x alone (the gamma functions) is summed by x first, what one-timers of BG/NBD
    add by T; the rest is two logarithms and an exponential a row.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self._prepared: tuple[Customers, _Sums] | None = None

    def __call__(
        self, point: Array, customers: Customers, *, derivatives: bool
    ) -> tuple[float, Array, Array]:
        """Return value, gradient and second derivatives in the logarithms of the parameters."""
        if self._prepared is None or self._prepared[0] is not customers:
            self._prepared = (customers, _Sums(customers, self.first))
        sums = self._prepared[1]
        params = np.exp(point)
        value, slope, curve = sums.by_frequency(params, derivatives=derivatives)
        for start in range(0, len(sums.T), _BLOCK):
            rows = slice(start, start + _BLOCK)
            more, slopes, curves = _rows(params, sums, rows, derivatives=derivatives)
            value += more
            slope += slopes
            curve += curves
        # Chain rule into logarithms.
        gradient = params * slope
        return value, gradient, curve * np.outer(params, params) + np.diag(gradient)


class _Sums:
    """Customers laid out for the likelihood: totals by frequency, and rows that can have left."""

    def __init__(self, customers: Customers, first: int) -> None:
        self.first = first
        places, values = pd.factorize(customers.frequency)
        self.x_values = values
        self.x_weight = np.bincount(places, weights=customers.weight)
        can_leave = customers.frequency + first > 0
        stay = ~can_leave
        T_places, T_values = pd.factorize(customers.T[stay])
        self.only_T = T_values
        self.only_weight = np.bincount(T_places, weights=customers.weight[stay])
        self.place = places[can_leave]
        self.x = customers.frequency[can_leave]
        self.tx, self.T = customers.recency[can_leave], customers.T[can_leave]
        self.weight = customers.weight[can_leave]

    def by_frequency(self, params: Array, *, derivatives: bool) -> tuple[float, Array, Array]:
        """Return the terms in x alone, and those of customers who cannot have left."""
        r, alpha, a, b = (float(value) for value in params)
        x, weight = self.x_values, self.x_weight
        n, steps = float(weight.sum()), x + self.first
        value = float(weight @ (_log_gamma_ratio(r, x) + r * np.log(alpha)))
        value += float(weight @ (_log_gamma_ratio(b, steps) - _log_gamma_ratio(a + b, steps)))
        if not derivatives:  # polygammas cost more than all the rest
            value -= r * float(self.only_weight @ np.log(alpha + self.only_T))
            return value, np.zeros(4), np.zeros((4, 4))
        digamma, trigamma = special.digamma, lambda z: special.polygamma(1, z)
        both = weight @ (digamma(a + b) - digamma(a + b + steps))
        both2 = weight @ (trigamma(a + b) - trigamma(a + b + steps))
        slope = np.array(
            [
                weight @ (digamma(r + x) - digamma(r)) + n * np.log(alpha),
                n * r / alpha,
                both,
                both + weight @ (digamma(b + steps) - digamma(b)),
            ]
        )
        curve = np.zeros((4, 4))
        curve[0, 0] = weight @ (trigamma(r + x) - trigamma(r))
        curve[0, 1] = curve[1, 0] = n / alpha
        curve[1, 1] = -n * r / alpha**2
        curve[2, 2] = curve[2, 3] = curve[3, 2] = both2
        curve[3, 3] = both2 + weight @ (trigamma(b + steps) - trigamma(b))
        if len(self.only_T):
            logs, inverse = np.log(alpha + self.only_T), 1 / (alpha + self.only_T)
            total = float(self.only_weight @ logs)
            first, second = self.only_weight @ inverse, self.only_weight @ inverse**2
            value -= r * total
            slope[:2] -= [total, r * first]
            curve[0, 1] -= first
            curve[1, 0] -= first
            curve[1, 1] += r * second
        return value, slope, curve


def _rows(
    params: Array, sums: _Sums, rows: slice, *, derivatives: bool
) -> tuple[float, Array, Array]:
    """Return the terms of customers who may have left, a block of rows."""
    r, alpha, a, b = (float(value) for value in params)
    weight, place = sums.weight[rows], sums.place[rows]
    kappas = np.where(sums.x_values + sums.first > 0, b + sums.x_values + sums.first - 1, 1.0)
    at_T, at_tx = alpha + sums.T[rows], alpha + sums.tx[rows]
    shape = r + sums.x[rows]
    log_T = np.log(at_T)
    # dead / alive = exp(D), D = log a − log kappa + (r + x)·log((alpha + T)/(alpha + tx))
    spread = log_T - np.log(at_tx)
    D = shape * spread
    D += (np.log(a) - np.log(kappas))[place]
    small = np.exp(-np.abs(D))
    value = float(weight @ (np.maximum(D, 0.0) + np.log1p(small) - shape * log_T))
    slope, curve = np.zeros(4), np.zeros((4, 4))
    if not derivatives:
        return value, slope, curve
    dead = np.where(D > 0, 1.0, small) / (1.0 + small)
    w = weight * dead  # P(left by T), the weight of the slope of D
    v = w * (1.0 - dead)
    inverse_T, inverse_tx = 1 / at_T, 1 / at_tx
    gap = inverse_T - inverse_tx
    turn = shape * gap  # slope of D in alpha
    by_x = np.bincount(place, weights=w, minlength=len(kappas)) / kappas
    v_x = np.bincount(place, weights=v, minlength=len(kappas)) / kappas
    vs, vt = v * spread, v * turn
    total_v = float(v.sum())
    shaped = weight * shape
    slope[:] = (
        w @ spread - weight @ log_T,
        w @ turn - shaped @ inverse_T,
        float(w.sum()) / a,
        -by_x.sum(),
    )
    curve[0, 0] = vs @ spread
    curve[0, 1] = vs @ turn + w @ gap - weight @ inverse_T
    curve[0, 2] = vs.sum() / a
    curve[0, 3] = -(vs @ (1 / kappas)[place])
    curve[1, 1] = (
        vt @ turn - (w * turn) @ (inverse_T + inverse_tx) + shaped @ (inverse_T * inverse_T)
    )
    curve[1, 2] = vt.sum() / a
    curve[1, 3] = -(vt @ (1 / kappas)[place])
    curve[2, 2] = (total_v - float(w.sum())) / a**2
    curve[2, 3] = -v_x.sum() / a
    curve[3, 3] = ((v_x + by_x) / kappas).sum()
    lower = np.tril_indices(4, -1)
    curve[lower] = curve.T[lower]
    return value, slope, curve
