"""What a customer of BG/NBD or MBG/NBD who is alive will buy: expectation, counts, discounted sum.

Given that he is alive at T, his rate is Gamma(r + x, alpha + T), his chance of leaving after a
purchase Beta(a, b + x + first), and from then on both models are BG/NBD with these parameters.
Arguments `shape`, `scale`, `a`, `stay` are those four numbers, arrays that broadcast.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import numpy.typing as npt
from scipy import linalg, special

from commlab.models._btyd_data import Array

NODES = 64  # Gauss–Legendre points: ten figures on these positive, smooth integrands
_BETA_NODES = 256
# Beyond z = .99 (a horizon of 99 times alpha + T) the series takes thousands of terms.
_NEAR = 0.99
# Outside these the terms of the series alternate or grow so much that digits are lost.
_SERIES_A = (-10.0, 200.0)
_BLOCK = 8_192
_BANDS = (0.0, 0.3, 0.6, 0.9, _NEAR)


def expected(shape: Array, scale: Array, a: Array, stay: Array, t: Array) -> Array:
    """Return E[X(t)] of BG/NBD with parameters (shape, scale, a, stay) (FHL 2005 eq. 9).

    Euler's transformation of the paper's 2F1 has numerators that do not grow with x, and with
    the factor a − 1 cancelled by hand it holds at a = 1 and at a + b < 1 too:
    E = C·(1 − (1−z)^(a−1))/(a−1) − (1−z)^(a−1)·Σ (A)_k (a)_(k−1) / ((C+1)_(k−1) k!)·z^k,
    z = t/(scale + t), C = a + stay − 1, A = C − shape, k = 1, 2, …
    """
    arrays = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (shape, scale, a, stay, t)))
    shape, scale, a, stay, t = (np.ravel(array) for array in arrays)
    out = np.empty(len(t))
    z = t / (scale + t)
    A = a + stay - 1 - shape
    series = (z <= _NEAR) & (_SERIES_A[0] <= A) & (_SERIES_A[1] >= A) & (a <= _SERIES_A[1])
    for low, high in itertools.pairwise(_BANDS):
        band = np.flatnonzero(series & (z <= high) & ((z > low) | (low == 0)))
        for start in range(0, len(band), _BLOCK):
            rows = band[start : start + _BLOCK]
            out[rows] = _series(shape[rows], a[rows], stay[rows], z[rows])
    near = np.flatnonzero(~series & (z <= _NEAR))
    if len(near):
        out[near] = _over_chances(shape[near], a[near], stay[near], t[near] / scale[near])
    rest = np.flatnonzero(z > _NEAR)
    for start in range(0, len(rest), _BLOCK // 16):
        rows = rest[start : start + _BLOCK // 16]
        args = (shape[rows], scale[rows], a[rows], stay[rows])
        out[rows] = discounted(*args, 0.0, t[rows])
    return out.reshape(arrays[0].shape)


def _over_chances(shape: Array, a: Array, stay: Array, ratio: Array) -> Array:
    """Return the mean over p ~ Beta(a, stay) of (1 − (1 + p·ratio)^−shape)/p, E[X(t) | p].

    Smooth in p up to −1/ratio: with `ratio` below 99 the rule's 256 points give ten figures.
    """
    out = np.empty(len(shape))
    pairs, place = np.unique(np.column_stack([a, stay]), axis=0, return_inverse=True)
    order = np.argsort(np.ravel(place), kind="stable")
    ends = np.cumsum(np.bincount(np.ravel(place), minlength=len(pairs)))
    for (one_a, one_stay), rows in zip(pairs, np.split(order, ends[:-1]), strict=True):
        p, weight = beta_rule(float(one_a), float(one_stay))
        p = np.maximum(p, 1e-300)  # at 0 the limit is shape·ratio, which this gives
        falls = -np.expm1(-shape[rows, None] * np.log1p(np.multiply.outer(ratio[rows], p)))
        out[rows] = falls @ (weight / p)
    return out


def _series(shape: Array, a: Array, stay: Array, z: Array) -> Array:
    C = a + stay - 1
    A = C - shape
    log_rest = np.log1p(-z)
    less = a - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        g = np.where(np.abs(less) < 1e-12, -log_rest, -np.expm1(less * log_rest) / less)
    term = A * z
    total = term.copy()
    k = 1
    while k < 100_000:
        term = term * ((A + k) * (a + (k - 1)) / ((C + k) * (k + 1)) * z)
        total += term
        k += 1
        # Terms shrink at least like z once k passes |A|: what is left is a geometric tail.
        if k > 12 and np.abs(term).max(initial=0.0) <= 1e-15 * max(np.abs(total).max(), 1e-300):
            break
    return np.asarray(C * g - np.exp(less * log_rest) * total)


def rate(shape: Array, a: Array, stay: Array, v: Array) -> Array:
    """Return the expected purchases per unit of v = log(1 + s/scale) at time s.

    (shape)·e^v·E[(1 + p(e^v − 1))^−(shape+1)], p ~ Beta(a, stay); by Pfaff's transformation
    shape·e^(−(a−1)v)·2F1(a + stay − shape − 1, a; a + stay; 1 − e^−v).
    """
    shape, a, stay, v = np.broadcast_arrays(shape, a, stay, v)
    A = a + stay - 1 - shape
    plain = (_SERIES_A[0] <= A) & (_SERIES_A[1] >= A) & (a <= _SERIES_A[1])
    out = np.empty(shape.shape)
    z = -np.expm1(-v[plain])
    out[plain] = (
        shape[plain]
        * np.exp(-(a[plain] - 1) * v[plain])
        * special.hyp2f1(A[plain], a[plain], a[plain] + stay[plain], z)
    )
    if not plain.all():
        hard = ~plain
        pairs, place = np.unique(
            np.column_stack([a[hard], stay[hard]]), axis=0, return_inverse=True
        )
        values = np.empty(int(hard.sum()))
        for number, (one_a, one_stay) in enumerate(pairs):
            mine = np.ravel(place) == number
            p, weight = beta_rule(float(one_a), float(one_stay))
            k, w = shape[hard][mine], v[hard][mine]
            logs = np.log1p(np.multiply.outer(np.expm1(w), p))
            values[mine] = k * (np.exp(w[:, None] - (k[:, None] + 1) * logs) @ weight)
        out[hard] = values
    return out


@functools.lru_cache(maxsize=4096)
def beta_rule(a: float, b: float) -> tuple[Array, Array]:
    """Return points and weights of Gauss quadrature for the mean over Beta(a, b).

    Golub & Welsch 1969 on the recurrence of Jacobi polynomials: weights sum to 1, whatever a, b.
    """
    k = np.arange(_BETA_NODES, dtype=float)
    p, q = b - 1, a - 1  # exponents of (1 − y) and (1 + y) on [−1, 1]
    total = 2 * k + p + q
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (q * q - p * p) / (total * (total + 2))
    middle[0] = (q - p) / (p + q + 2)
    j = k[1:]
    s = 2 * j + p + q
    with np.errstate(invalid="ignore", divide="ignore"):
        off = 4 * j * (j + p) * (j + q) * (j + p + q) / (s * s * (s + 1) * (s - 1))
    off[0] = 4 * (1 + p) * (1 + q) / ((2 + p + q) ** 2 * (3 + p + q))
    points, vectors = linalg.eigh_tridiagonal(middle, np.sqrt(off))
    return np.clip((1 + points) / 2, 0.0, 1.0), vectors[0] ** 2


def discounted(
    shape: Array, scale: Array, a: Array, stay: Array, discount: float, t: npt.ArrayLike
) -> Array:
    """Return ∫₀ᵗ e^(−discount·s)·(expected purchases at s) ds by quadrature in log(1 + s/scale).

    Args:
        shape: Shape (n,).
        scale: Shape (n,).
        a: Shape (n,) or a number.
        stay: Shape (n,) or a number.
        discount: Continuous rate for a unit of time, >= 0.
        t: End; may be infinite when discount > 0.
    """
    shape, scale, a, stay, end = np.broadcast_arrays(
        *(np.asarray(value, dtype=float) for value in (shape, scale, a, stay, t))
    )
    if discount > 0:
        end = np.minimum(end, 40 / discount)  # e^−40 of the start is left beyond
    length = np.log1p(end / scale)
    points, weights = np.polynomial.legendre.leggauss(NODES)
    out = np.zeros(shape.shape)
    # Steep falls (many purchases, far horizons) get panels of their own.
    panels = 4
    for panel in range(panels):
        v = length[..., None] * ((panel + (points + 1) / 2) / panels)
        fall = np.exp(-discount * scale[..., None] * np.expm1(v))
        height = rate(shape[..., None], a[..., None], stay[..., None], v)
        out += (fall * height) @ weights * length / (2 * panels)
    return out


def pmf(shape: Array, scale: Array, a: Array, stay: Array, t: float, n: Array) -> Array:
    """Return P(X(t) = n) of BG/NBD with these parameters (FHL 2005 eq. 8), broadcast.

    The bracket of eq. 8 is the chance of at least n purchases without dropout, an incomplete
    beta function.
    """
    share = t / (scale + t)
    log_nb = (
        special.gammaln(shape + n) - special.gammaln(shape) - special.gammaln(n + 1)
        + shape * np.log1p(-share) + special.xlogy(n, share)
    )  # fmt: skip
    kept = special.betaln(a, stay + n) - special.betaln(a, stay)
    some = n > 0
    safe = np.where(some, n, 1.0)
    left = special.betaln(a + 1, stay + safe - 1) - special.betaln(a, stay)
    gone = np.exp(left) * special.betainc(safe, shape, share)
    return np.asarray(np.exp(kept + log_nb) + np.where(some, gone, 0.0))


def draw(
    shape: Array, scale: Array, a: Array, stay: Array, t: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return one draw of purchases within t for each element: min(Poisson, Geometric)."""
    bought = rng.poisson(rng.gamma(shape, 1 / scale) * t)
    # A chance of 1e-12 a purchase never ends a life; 0 the generator refuses.
    leave = np.maximum(rng.beta(a, stay), 1e-12)
    return np.asarray(np.minimum(bought, rng.geometric(leave)))
