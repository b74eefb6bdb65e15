"""Buyers of known law: purchases in continuous time, straight in numpy.

Nothing here comes from `commlab`: a rate for each person, a chance or a moment of leaving, and
purchase after purchase until the end of the holdout.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def frame(x: np.ndarray, tx: np.ndarray, T: np.ndarray, holdout: np.ndarray) -> pd.DataFrame:
    """Return buyers as the models take them, with what they bought afterwards, in weeks."""
    out = pd.DataFrame({"frequency": x, "recency": tx, "T": T, "holdout": holdout})
    out.attrs["time_unit"] = "W"
    return out


def ages(rng: np.random.Generator, n: int, low: int, high: int) -> np.ndarray:
    """Return weeks since the first purchase, whole, so that one-timers share rows."""
    return rng.integers(low, high + 1, n).astype(float)


def leave_after_purchase(
    rng: np.random.Generator, rate: np.ndarray, leave: np.ndarray, T: np.ndarray, horizon: float,
    *, first: bool,
) -> pd.DataFrame:  # fmt: skip
    """Return buyers who toss after each repeat purchase, and with `first` after the first too."""
    n = len(T)
    t, x, tx, holdout = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.flatnonzero(rng.random(n) >= leave) if first else np.arange(n)
    while len(here):
        t[here] += rng.exponential(size=len(here)) / rate[here]
        seen, ahead = t[here] <= T[here], (t[here] > T[here]) & (t[here] <= T[here] + horizon)
        x[here[seen]] += 1
        tx[here[seen]] = t[here[seen]]
        holdout[here[ahead]] += 1
        here = here[seen | ahead]
        here = here[rng.random(len(here)) >= leave[here]]
    return frame(x, tx, T, holdout)


def leave_any_time(
    rng: np.random.Generator, rate: np.ndarray, until: np.ndarray, T: np.ndarray, horizon: float
) -> pd.DataFrame:
    """Return buyers who leave at a moment of their own."""
    n = len(T)
    t, x, tx, holdout = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.arange(n)
    while len(here):
        t[here] += rng.exponential(size=len(here)) / rate[here]
        here = here[t[here] <= np.minimum(until[here], T[here] + horizon)]
        seen = t[here] <= T[here]
        x[here[seen]] += 1
        tx[here[seen]] = t[here[seen]]
        holdout[here[~seen]] += 1
    return frame(x, tx, T, holdout)
