"""From counts to a table of rates: arguments checked, cells masked, intervals put on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import ArgumentError
from commlab.metrics import activity as activities, cells, cohorts

if TYPE_CHECKING:
    from commlab.dataset import Dataset

KINDS = ("on", "unbounded", "bracket")
# The joining period, the next, then widening: a bracket is about as long as it is away.
BRACKETS = {
    "month": ((0, 0), (1, 1), (2, 3), (4, 6), (7, 12)),
    "week": ((0, 0), (1, 1), (2, 4), (5, 8), (9, 13), (14, 26)),
}


def count(
    ds: Dataset,
    anchor: str,
    cohort: str,
    activity: str,
    kind: str,
    brackets: Sequence[tuple[int, int]] | None,
    split: str | None,
    periods: int | None,
) -> cells.Cells:
    """Return the counts behind a retention table, its arguments checked."""
    guards.one_of("anchor", anchor, cohorts.ANCHORS)
    guards.one_of("cohort", cohort, cohorts.UNITS)
    guards.one_of("activity", activity, activities.ACTIVITIES)
    guards.one_of("kind", kind, KINDS)
    if periods is not None:
        guards.whole("periods", periods)
    spans: tuple[tuple[int, int], ...] = ()
    if kind == "bracket":
        spans = _brackets(BRACKETS[cohort] if brackets is None else brackets)
        spans = tuple(span for span in spans if periods is None or span[1] <= periods)
    elif brackets is not None:
        raise ArgumentError(
            f"brackets go with kind == 'bracket', not with {kind!r}.", fix="Leave one of them out."
        )
    return cells.count(
        ds,
        anchor=anchor,
        cohort=cohort,
        activity=activity,
        kind=kind,
        brackets=spans,
        split=split,
        horizon=periods,
    )


def _brackets(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    whole = tuple((int(low), int(high)) for low, high in spans)
    past = -1
    for low, high in whole:
        if not past < low <= high:
            raise ArgumentError(
                f"brackets == {spans!r}, must be (first, last) pairs that rise and do not overlap.",
                fix="E.g. [(0, 0), (1, 1), (2, 3)].",
            )
        past = high
    if not whole:
        raise ArgumentError("brackets is empty.", fix="E.g. [(0, 0), (1, 1), (2, 3)].")
    return whole


def minimum(ds: Dataset, min_at_risk: int | None) -> int:
    """Return the people below which a rate is "too few"."""
    chosen = ds.settings.min_at_risk if min_at_risk is None else min_at_risk
    return guards.whole("min_at_risk", chosen, low=1)


def period_columns(counts: cells.Cells, columns: Any, kind: str) -> dict[str, Any]:
    """Return the columns that name the period of each row of a table."""
    if kind != "bracket":
        return {"period": counts.first[columns]}
    pairs = zip(counts.first.tolist(), counts.last.tolist(), strict=True)
    labels = np.array([f"{a}–{b}" if a < b else f"{a}" for a, b in pairs], dtype=object)
    return {
        "period": counts.first[columns],
        "last": counts.last[columns],
        "label": labels[columns],
    }


def frame(
    *, at_risk: Any, active: Any, deff: Any, known: Any, status: Any, level: float, minimum: int
) -> pd.DataFrame:
    """Return counts, rates, intervals and status, one row a cell, in row-major order."""
    at_risk, active, deff = np.ravel(at_risk), np.ravel(active), np.ravel(deff)
    known, status = np.ravel(known), np.ravel(status).copy()
    few = known & (at_risk < minimum)
    status[few] = "too_few"
    shown = known & ~few
    low, high = stats.wilson(active, at_risk, level=level, deff=deff)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = active / at_risk
    unknown = pd.array(np.where(known, at_risk, 0), dtype="Int64")
    counted = pd.array(np.where(known, active, 0), dtype="Int64")
    unknown[~known] = pd.NA
    counted[~known] = pd.NA
    return pd.DataFrame(
        {
            "at_risk": unknown,
            "active": counted,
            "rate": np.where(shown, rate, np.nan),
            "low": np.where(shown, low, np.nan),
            "high": np.where(shown, high, np.nan),
            "status": status,
            "deff": deff,
            "n_effective": np.where(known, at_risk / deff, np.nan),
        }
    )
