"""Months in a tier: what the trade says of them, and what the same data say corrected.

The claim "private-domain users keep the tier so many months longer than all users" compares a
group with a whole that holds it, and means of spells that still run with those that are over.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.buyer_lives import IN, OUT
from commlab.models.curves import fit_curves
from commlab.models.survival import restricted_mean
from commlab.stats import quantile

MONTH = 146_097 / 4_800  # days, the mean one of the calendar
SPAN = 360  # days: a year of tier, as most programmes grant it


def tier_months(
    spells: pd.DataFrame, span: int = SPAN, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return months held by those in a chat group, all and the others; the difference two ways.

    Args:
        spells: From `metrics.tier_spells`.
        span: Days within which months are counted; less where neither side was followed so long.
        level: Confidence level.
        min_people: Spells below which nothing is said.

    Returns:
        Frame of four rows, `segment`: "in", "out" (not overlapping), "naive" (mean months so far
        of those in a group less that of all: overlapping, censoring ignored) and "corrected"
        (restricted mean of "in" less that of "out"). Columns: people, value (months) with low and
        high, status; attrs["span"] (days really counted).

    Raises:
        NotEnoughDataError: One side has too few, or was not followed for a month.
    """
    guards.whole("span", span, low=1)
    rows = pd.DataFrame({"segment": spells["side"], "lower": spells["days"],
                         "upper": spells["days"] + spells["ended"].astype(int),
                         "observed": spells["ended"].astype(bool)})  # fmt: skip
    sizes = {side: int((spells["side"] == side).sum()) for side in (IN, OUT)}
    if min(sizes.values()) < min_people:
        raise NotEnoughDataError(f"{min(sizes.values())} spells on one side, {min_people} needed.")
    curves = fit_curves(rows, level=level, min_at_risk=min_people)
    if len(curves) < len(sizes):
        raise NotEnoughDataError("one side never had enough people in the tier at once.")
    span = min(span, *(int(curves[side].days[-1]) for side in (IN, OUT)))
    if span < MONTH:
        raise NotEnoughDataError(f"enough people were followed in the tier for {span} days only.")
    means = {side: restricted_mean(rows, span, segment=side, level=level, min_at_risk=min_people)
             for side in (IN, OUT)}  # fmt: skip
    z = quantile(level)
    table = [_row(side, sizes[side], means[side]) for side in (IN, OUT)]
    days = spells["days"].to_numpy(dtype=float)
    mine = (spells["side"] == IN).to_numpy()
    naive = days[mine].mean() - days.mean()
    # mean(in) − mean(all) = (1 − share in) × (mean(in) − mean(out)).
    error = (~mine).mean() * math.sqrt(days[mine].var(ddof=1) / mine.sum()
                                       + days[~mine].var(ddof=1) / (~mine).sum())  # fmt: skip
    table.append(_difference("naive", len(days), naive, z * error))
    gap = _number(means[IN].value) - _number(means[OUT].value)
    half = math.hypot(*((_number(e.high) - _number(e.low)) / 2 for e in means.values()))
    table.append(_difference("corrected", len(days), gap, half))
    frame = pd.DataFrame(table)
    frame.attrs["span"] = span
    return frame


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _row(side: str, n: int, est: Estimate) -> dict[str, object]:
    ends = [_number(x) / MONTH for x in (est.value, est.low, est.high)]
    return {"segment": side, "people": n, **dict(zip(("value", "low", "high"), ends, strict=True)),
            "status": est.status}  # fmt: skip


def _difference(name: str, n: int, value: float, half: float) -> dict[str, object]:
    return {"segment": name, "people": n, "value": value / MONTH, "low": (value - half) / MONTH,
            "high": (value + half) / MONTH,
            "status": "ok" if np.isfinite(value) else "refused"}  # fmt: skip
