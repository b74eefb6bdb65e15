"""Acquisition, activation, retention, revenue and referral by month of joining (AARRR)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import MissingTableError
from commlab.estimate import LEVEL
from commlab.metrics.newcomers import newcomer_outcomes
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

STEPS = ("activated_7", "retained_30", "bought_90", "brought_30")


def aarrr(ds: Dataset, *, level: float = LEVEL, min_at_risk: int | None = None) -> pd.DataFrame:
    """Return by month of joining how many were activated, stayed, bought and brought others.

    Every step is a share of those who joined and whose span is over, not of those who took the
    step before: a member who buys without a word in the group is not lost.

    Args:
        ds: The dataset, with members.
        level: Confidence level.
        min_at_risk: Members below which a rate is "too few"; default from the settings.

    Returns:
        Frame by cohort and step: cohort ("2026-03"), step ("activated_7", "retained_30",
        "bought_90", "brought_30", those for which there are tables), at_risk, active, rate, low,
        high (Wilson), status.

    Raises:
        MissingTableError: No members, or none of the tables.
    """
    smallest = minimum(ds, min_at_risk)
    everybody = ds.people().select("member_id", segment=ibis.literal("all"))
    parts = []
    for step in STEPS:
        try:
            sums = newcomer_outcomes(ds, step, segments=everybody, strata=("month",))
        except MissingTableError:
            continue  # the page names the tables that it lacks
        parts.append(sums.assign(step=step))
    if not parts:
        raise MissingTableError("nothing shows what became of members.", where=ds.name)
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.rename(columns={"stratum": "cohort", "n": "at_risk", "total": "active"})
    n, k = frame["at_risk"].to_numpy(dtype=float), frame["active"].to_numpy(dtype=float)
    low, high = stats.wilson(k, n, level=level)
    enough = n >= smallest
    for name, values in (("rate", k / n), ("low", low), ("high", high)):
        frame[name] = np.where(enough, values, np.nan)
    frame["active"] = frame["active"].astype("int64")
    frame["status"] = np.where(enough, "ok", "too_few")
    order = frame["step"].map(STEPS.index)
    frame = frame.assign(_order=order).sort_values(["cohort", "_order"], kind="stable")
    return frame[["cohort", "step", "at_risk", "active", "rate", "low", "high", "status"]]
