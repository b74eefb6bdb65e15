"""Where retention is low: segments by the members they lost beyond what the overall curve says.

A rate alone ranks small segments first and calls luck a finding. Here each segment's losses are
set against those expected if its members left as all do at the same age (indirect
standardisation; the difference is the numerator of the log-rank test, Mantel 1966), so that the
first row is where most members are to be won back, with an interval and a corrected p-value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import guards
from commlab.config import MIN_AT_RISK, MIN_EVENTS
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.risksets import check_rows, choose_step, risk_sets, to_grid
from commlab.stats import benjamini_hochberg, quantile

Array = npt.NDArray[np.float64]
COLUMNS = (
    "segment", "at_risk", "losses", "expected", "lost", "lost_low", "lost_high", "difference",
    "low", "high", "ratio", "p", "p_adjusted", "flagged", "status",
)  # fmt: skip


def lost_members(
    rows: pd.DataFrame,
    *,
    days: int | None = None,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
    min_events: int = MIN_EVENTS,
) -> pd.DataFrame:
    """Rank segments by losses beyond what the overall curve leads to expect.

    The variance is the hypergeometric one of the log-rank test or, where rows name clusters and
    the segment has two or more, the cluster-robust one if larger (a segment that is one cluster
    is judged as itself, not as a sample of clusters). A bracket over several cells counts in
    the cell of its middle.

    Args:
        rows: Rows of stays with `segment` (see `commlab.models.risksets`).
        days: Count only losses up to this age in days; default: all.
        level: Confidence level.
        min_at_risk: Segments of fewer stays are "too_few".
        min_events: So are segments with fewer expected losses.

    Returns:
        Frame by members lost, most first, those with too few last: segment, at_risk (stays),
        losses (that happened), expected (losses, had they left as all do), lost (losses −
        expected; negative: fewer) with lost_low and lost_high, difference (share kept minus
        share expected to be kept) with low and high, ratio (losses / expected), p, p_adjusted
        (Benjamini–Hochberg over the segments judged), flagged (p_adjusted below 1 − level),
        status ("ok" or "too_few", whose intervals, ratio and p are null).

    Raises:
        NotEnoughDataError: Fewer than two segments, or no losses.

    Example:
        >>> rows = pd.DataFrame({"segment": ["a", "a", "b", "b"], "lower": [4, 9, 4, 9],
        ...                      "upper": [5, 9, 5, 9], "observed": [True, False] * 2,
        ...                      "n": [60, 40, 40, 60]})
        >>> lost_members(rows)[["segment", "losses", "expected", "lost"]].to_numpy().tolist()
        [['a', 60.0, 50.0, 10.0], ['b', 40.0, 50.0, -10.0]]
    """
    stays = check_rows(rows)
    step = choose_step(stays)
    grid = to_grid(stays, step)
    if grid["segment"].nunique() < 2:
        raise NotEnoughDataError(
            f"{grid['segment'].nunique()} segment, two are the least to compare."
        )
    clustered = not bool(grid["cluster"].isna().any())
    clusters = pd.Index(grid["cluster"].unique()).sort_values() if clustered else None
    cells = int(grid["upper"].max())
    if days is not None:
        cells = min(cells, -(-guards.whole("days", days, low=1) // step))
    overall = risk_sets(grid, cells=cells, clusters=clusters)
    lost, at_risk = overall.total_lost, overall.total_at_risk
    if not lost.sum():
        raise NotEnoughDataError(f"nobody of {int(grid['n'].sum())} stays was lost.")
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.where(at_risk > 0, lost / at_risk, 0.0)
        spread = np.where(at_risk > 1, lost * (at_risk - lost) / (at_risk - 1), 0.0)
    sets = {
        str(name): risk_sets(part, cells=cells, clusters=clusters)
        for name, part in grid.groupby("segment", sort=True)
    }
    expected = {name: float((hazard * own.total_at_risk).sum()) for name, own in sets.items()}
    # What clusters add beyond their segments' own levels: a segment that is low everywhere is
    # not thereby uncertain.
    beyond = {
        name: own.lost - own.total_lost.sum() / max(expected[name], 1e-12) * hazard * own.at_risk
        for name, own in sets.items()
    }
    together = np.sum(list(beyond.values()), axis=0)
    sizes = grid.groupby("segment")["n"].sum()
    found = []
    for name, own in sets.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(at_risk > 0, own.total_at_risk / at_risk, 0.0)
        variance = float((spread * share * (1 - share)).sum())
        q, degrees = quantile(level), np.inf
        holding = int((own.at_risk.sum(axis=1) > 0).sum())
        if clustered and holding > 1:
            each = (beyond[name] - share * together).sum(axis=1)
            touched = int((overall.at_risk.sum(axis=1) > 0).sum())
            variance = max(variance, touched / (touched - 1) * float((each**2).sum()))
            degrees = holding - 1
            q = float(distributions.t.ppf(0.5 + level / 2, degrees))
        losses = float(own.total_lost.sum())
        found.append(_row(name, int(sizes[name]), losses, expected[name], variance, q, degrees))
    return _rank(pd.DataFrame(found), level, min_at_risk, min_events)


def _row(
    segment: str, n: int, losses: float, expected: float, variance: float, q: float, degrees: float
) -> dict[str, object]:
    lost, error = float(losses) - expected, variance**0.5
    judged = error > 0
    return {
        "segment": segment, "at_risk": n, "losses": float(losses), "expected": expected,
        "lost": lost, "lost_low": lost - q * error, "lost_high": lost + q * error,
        "difference": -lost / n, "low": -(lost + q * error) / n, "high": -(lost - q * error) / n,
        "ratio": float(losses) / expected if expected > 0 else np.nan,
        "p": float(2 * distributions.t.sf(abs(lost) / error, degrees)) if judged else np.nan,
    }  # fmt: skip


def _rank(frame: pd.DataFrame, level: float, min_at_risk: int, min_events: int) -> pd.DataFrame:
    enough = (frame["at_risk"] >= min_at_risk) & (frame["expected"] >= min_events)
    enough &= frame["p"].notna()
    for name in ("lost_low", "lost_high", "low", "high", "ratio", "p"):
        frame[name] = frame[name].where(enough)
    frame["p_adjusted"] = benjamini_hochberg(frame["p"].to_numpy(dtype=float))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    order = frame.assign(last=~enough, size=-frame["lost"])
    order = order.sort_values(["last", "size", "segment"], kind="stable")
    return frame.loc[order.index, list(COLUMNS)].reset_index(drop=True)
