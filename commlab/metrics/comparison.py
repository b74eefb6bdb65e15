"""Where retention is low: each segment (or cohort) against the rest, corrected for how many."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from commlab import guards, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL

_BY = ("segment", "cohort")


def compare_retention(
    frame: pd.DataFrame,
    by: str = "segment",
    *,
    period: int | None = None,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return how each segment or cohort differs from all others at the same period.

    Segments are compared within cohorts: the rest is weighted to the segment's own cohorts
    (direct standardisation), so a channel that recruited in a good month gets no credit for the
    month. Cohorts are compared within segments in the same way, where the frame has segments.

    Args:
        frame: What `retention` returned.
        by: "segment" or "cohort".
        period: One period (for brackets, the first); default each period of the frame.
        level: Confidence level.
        min_at_risk: People on either side below which nothing is said.

    Returns:
        Frame with `by`, `period`, `at_risk`, `active`, `rate`, `rest_at_risk`, `rest_rate` (of
        the rest, at the same mix), `difference`, `low`, `high` (variance as in Agresti & Caffo
        2000, n divided by the design effect), `p` (pooled score test; for one stratum
        `stats.two_proportion_p`), `p_adjusted` (Benjamini–Hochberg over all rows that have a p),
        `lost` (members kept less than if the segment had kept like the rest; negative: kept
        more), `status` ("ok" or "too_few"). Sorted by period, most lost first. Cells without
        counterpart in the rest are left out of both sides. Chat groups with members on both
        sides are not credited, so the test is rather too careful than too bold.

    Raises:
        ArgumentError: The frame lacks a column, or `by` is unknown.
    """
    guards.one_of("by", by, _BY)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    needed = [by, "cohort", "period", "at_risk", "active", "deff", "status"]
    lacking = [name for name in needed if name not in frame]
    if lacking:
        raise ArgumentError(
            f"frame lacks {', '.join(lacking)}.", fix="Pass what retention(…, split=…) returned."
        )
    known = frame[frame["status"].isin(["ok", "too_few"])]
    if period is not None:
        known = known[known["period"] == guards.whole("period", period)]
    other = "cohort" if by == "segment" else "segment"
    stratum = ["period", *([other] if other in frame else [])]
    cell = known[[by, *stratum]].copy()
    cell["n"] = known["at_risk"].astype(float)
    cell["k"] = known["active"].astype(float)
    cell["spread"] = cell["n"] * known["deff"].astype(float)
    whole = cell.groupby(stratum)[["n", "k", "spread"]].transform("sum")
    rest = whole - cell[["n", "k", "spread"]]
    paired = ((cell["n"] > 0) & (rest["n"] > 0)).to_numpy()
    cell, rest, whole = cell[paired], rest[paired], whole[paired]
    return _summary(cell, rest, whole, by, level, min_at_risk)


def _summary(
    cell: pd.DataFrame,
    rest: pd.DataFrame,
    whole: pd.DataFrame,
    by: str,
    level: float,
    min_at_risk: int,
) -> pd.DataFrame:
    def variance(counts: pd.DataFrame) -> pd.Series:
        # One success and one failure more: rates of 0 and 1 are not known without error.
        rate = (counts["k"] + 1) / (counts["n"] + 2)
        return rate * (1 - rate) * counts["spread"] / counts["n"] ** 2

    pooled = whole["k"] / whole["n"]
    inverse = cell["spread"] / cell["n"] ** 2 + rest["spread"] / rest["n"] ** 2
    work = pd.DataFrame(
        {
            by: cell[by],
            "period": cell["period"],
            "at_risk": cell["n"],
            "active": cell["k"],
            "rest_at_risk": rest["n"],
            "expected": cell["n"] * rest["k"] / rest["n"],
            "error": cell["n"] ** 2 * (variance(cell) + variance(rest)),
            "null": cell["n"] ** 2 * pooled * (1 - pooled) * inverse,
        }
    )
    sums = work.groupby([by, "period"], sort=True).sum().reset_index()
    size = sums["at_risk"]
    table = sums[[by, "period"]].copy()
    table["at_risk"] = size.astype("int64")
    table["active"] = sums["active"].astype("int64")
    table["rest_at_risk"] = sums["rest_at_risk"].astype("int64")
    gap = (sums["active"] - sums["expected"]) / size
    half = float(stats.quantile(level)) * np.sqrt(sums["error"]) / size
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(sums["null"] > 0, gap * size / np.sqrt(sums["null"]), 0.0)
    few = (size < min_at_risk) | (sums["rest_at_risk"] < min_at_risk)
    figures = {
        "rate": sums["active"] / size,
        "rest_rate": sums["expected"] / size,
        "difference": gap,
        "low": np.maximum(gap - half, -1),
        "high": np.minimum(gap + half, 1),
        "p": pd.Series(2 * special.ndtr(-np.abs(z)), index=sums.index),
        "lost": -gap * size,
    }
    for name, values in figures.items():
        table[name] = values.where(~few)
    table["p_adjusted"] = stats.benjamini_hochberg(table["p"].to_numpy(dtype=float))
    table["status"] = np.where(few, "too_few", "ok")
    names = [by, "period", "at_risk", "active", "rate", "rest_at_risk", "rest_rate", "difference",
             "low", "high", "p", "p_adjusted", "lost", "status"]  # fmt: skip
    ranked = table.sort_values(["period", "lost", by], ascending=[True, False, True])
    return ranked[names].reset_index(drop=True)
