"""Whether people have changed since the churn model learnt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import stats
from commlab.errors import ArgumentError
from commlab.models.churn import features_of

Array = npt.NDArray[np.float64]

_BINS = 10  # of the stability index: tenths of what was learnt from


def feature_drift(learnt: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return how the features moved between what was learnt from and those who are scored.

    The population stability index over tenths of the earlier values, those missing in a bin of
    their own. If nothing moved, PSI · nm / (n + m) is chi-squared with bins − 1 degrees of
    freedom (Yurdakul 2018, Statistical Properties of Population Stability Index); p-values are
    corrected for the number of features. People in both make it careful.

    Args:
        learnt: Rows that were trained on.
        now: Rows that are scored.

    Returns:
        Frame, the largest first: feature, psi, p_adjusted, state ("stable", "moved": beyond
        chance and at least 0.1, "strong": at least 0.25, the usual marks), people (scored).

    Raises:
        ArgumentError: A feature of the first is missing in the second.
    """
    names = features_of(learnt)
    missing = [name for name in names if name not in now]
    if missing:
        raise ArgumentError(f"the scored rows lack the features {', '.join(missing)}.")
    n, m = len(learnt), len(now)
    found = []
    for name in names:
        index, bins = _stability(learnt[name].to_numpy(float), now[name].to_numpy(float))
        p = distributions.chi2.sf(index * n * m / (n + m), bins - 1) if bins > 1 else np.nan
        found.append((name, index, float(p), m))
    frame = pd.DataFrame(found, columns=["feature", "psi", "p", "people"])
    frame["p_adjusted"] = stats.benjamini_hochberg(frame["p"])
    beyond = (frame["p_adjusted"] < 0.05).to_numpy()
    states = np.where(frame["psi"] >= 0.25, "strong", np.where(frame["psi"] >= 0.1, "moved", ""))
    frame["state"] = np.where(beyond & (states != ""), states, "stable")
    frame = frame.sort_values(["psi", "feature"], ascending=[False, True])
    return frame[["feature", "psi", "p_adjusted", "state", "people"]].reset_index(drop=True)


def _stability(before: Array, after: Array) -> tuple[float, int]:
    """Return the population stability index and the number of bins it has."""
    known = before[~np.isnan(before)]
    inner = np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]) if len(known) else np.array([])
    edges = np.unique(inner)

    def shares(values: Array) -> Array:
        code = np.searchsorted(edges, values, side="left")
        code[np.isnan(values)] = len(edges) + 1
        return np.bincount(code, minlength=len(edges) + 2).astype(float)

    old, new = shares(before), shares(after)
    used = (old + new) > 0
    # Half a person in an empty bin keeps the logarithm finite.
    p, q = (np.maximum(x[used], 0.5) / x.sum() for x in (old, new))
    return float(((q - p) * np.log(q / p)).sum()), int(used.sum())
