"""The difference of a random assignment in segments that were chosen before looking."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd

from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError, StatisticalWarning
from commlab.estimate import LEVEL
from commlab.metrics.outcomes import Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import SIZE
from commlab.models.experiment import chosen_metrics
from commlab.stats import benjamini_hochberg


def by_segment(
    outcomes: Outcomes,
    column: str,
    metric: str = "orders",
    *,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> tuple[pd.DataFrame, float]:
    """Return the difference in each segment, and whether segments differ beyond chance.

    Args:
        outcomes: Outcomes that carry `column` (see `campaign_outcomes`).
        column: The segments, chosen before looking.
        metric: The metric.
        level: Confidence level.
        min_people: People an arm below which a segment is "too_few".

    Returns:
        Frame by segment and arm: segment, arm, control, treated, difference, low, high, p,
        p_adjusted, n_control, n_treated, status; and the p-value of one and the same effect in
        all segments (Cochran's Q; NaN with fewer than two), the smallest over the arms times
        their number.
    """
    if column not in outcomes.segments:
        raise ArgumentError(
            f"column == {column!r}, the outcomes do not carry it.",
            fix=f"Use campaign_outcomes(ds, campaign_id, segments=({column!r},)).",
        )
    (metric,) = chosen_metrics(outcomes, [metric])
    several = outcomes.clustered
    table = outcomes.table.filter(outcomes.table[column].notnull())
    table = table.mutate(segment=table[column].cast("string"))
    names, rows, tests = _segments(table), [], []
    for arm in outcomes.arms:
        found = []
        for name in names:
            part = table.filter(table.segment == name)
            row = _segment(outcomes, part, metric, arm, several, level, min_people)
            rows.append({"segment": name, "arm": arm, **row})
            found.append(rows[-1])
        usable = [row for row in found if row["status"] == "ok"]
        if len(usable) > 1:
            tests.append(_cochran(usable))
    frame = pd.DataFrame(rows)
    frame["p_adjusted"] = benjamini_hochberg(frame["p"].to_numpy(dtype=float))
    p = min(1.0, min(tests) * len(tests)) if tests else math.nan
    return frame.drop(columns="error"), p


def _segments(table: Any) -> list[str]:
    frame = table.select("segment").distinct().order_by("segment").to_pandas()
    if len(frame) > 30:
        warnings.warn(
            f"{len(frame)} segments: so many were hardly chosen before looking.",
            StatisticalWarning,
            stacklevel=3,
        )
    return [str(name) for name in frame["segment"]]


def _segment(
    outcomes: Outcomes,
    part: Any,
    metric: str,
    arm: str,
    several: bool,
    level: float,
    min_people: int,
) -> dict[str, Any]:
    columns = [metric, SIZE]
    rows = aggregates.by_unit(part, [metric]) if several else part.select("arm", *columns)
    found = aggregates.read(rows, columns)
    blank = {"control": math.nan, "treated": math.nan, "difference": math.nan, "low": math.nan,
             "high": math.nan, "p": math.nan, "error": math.nan}  # fmt: skip
    arms = [found.get(outcomes.control), found.get(arm)]
    sizes = [round(a.count() * a.mean(SIZE)) if a is not None else 0 for a in arms]
    out: dict[str, Any] = {"n_control": sizes[0], "n_treated": sizes[1], "status": "too_few"}
    if min(sizes) < min_people:
        return blank | out
    gap = aggregates.contrast(arms[0], arms[1], metric, several=several, level=level)
    if gap is None:
        return blank | out
    return {name: getattr(gap, name) for name in blank} | out | {"status": "ok"}


def _cochran(rows: list[dict[str, Any]]) -> float:
    from scipy import stats

    gap = np.array([row["difference"] for row in rows])
    weight = 1 / np.array([row["error"] for row in rows]) ** 2
    middle = float(weight @ gap / weight.sum())
    return float(stats.chi2.sf(float(weight @ (gap - middle) ** 2), len(rows) - 1))
