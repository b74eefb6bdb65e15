"""Tiers with how long each is held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.survival import restricted_mean

MONTH = 146_097 / 4_800  # days, the mean one of the Gregorian calendar
HORIZONS = (365, 180, 90)  # days: a year where all tiers were followed so long, else less


def held_tiers(
    holders: pd.DataFrame,
    spans: pd.DataFrame,
    *,
    horizons: Sequence[int] = HORIZONS,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return tiers with the mean months that each is held within a horizon.

    Months held within the first days (restricted mean of the Kaplan–Meier curve), so that members
    who still hold a tier count for what they have seen of it. One horizon for all, or they could
    not be compared: the first for which every tier with enough spells has a figure, else the last.
    Where no spell has ended, the export holds the tiers of today alone: those who lost theirs are
    not in it, and nothing is said of months.

    Args:
        holders: From `metrics.tier_holders`.
        spans: From `metrics.tier_spans`.
        horizons: Days, the longest first.
        level: Confidence level.
        min_at_risk: Spells below which nothing is said.

    Returns:
        `holders` with value, low and high (months held; missing where too few were followed so
        long) and horizon (days).
    """
    if not spans["observed"].any():
        return holders.assign(value=np.nan, low=np.nan, high=np.nan, horizon=horizons[-1])
    sizes = spans.groupby("segment")["n"].sum().reindex(holders["segment"]).fillna(0)
    wanted = (sizes >= min_at_risk).to_numpy()
    for days in horizons:
        table = pd.DataFrame(
            [_held(spans[spans["segment"] == tier], days, level, min_at_risk)
             for tier in holders["segment"]], columns=["value", "low", "high"],
        )  # fmt: skip
        if table.loc[wanted, "value"].notna().all():
            break
    return holders.assign(**table, horizon=days)


def _held(own: pd.DataFrame, days: int, level: float, least: int) -> tuple[float, float, float]:
    if own.empty:  # members without a tier hold none for no time
        return np.nan, np.nan, np.nan
    try:
        held = restricted_mean(own, days, level=level, min_at_risk=least)
    except NotEnoughDataError:
        return np.nan, np.nan, np.nan
    if held.value is None or held.low is None or held.high is None:
        return np.nan, np.nan, np.nan
    return held.value / MONTH, held.low / MONTH, held.high / MONTH
