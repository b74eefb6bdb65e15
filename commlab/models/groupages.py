"""How long groups live: Kaplan–Meier from opening to death, and the claim of three to six months.

Entry is delayed to the first week that is known (a group that died before it is not in the data);
closing and the end of the data are censoring: who closes a group ends its life, it did not die.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate

CLAIM = (13, 26)  # weeks: "three to six months", the life that the trade gives a group
MIN_GROUPS = 8  # below it the interval of a median spans everything
VERDICTS = ("longer", "shorter", "as_claimed", "open")


@dataclasses.dataclass(frozen=True)
class GroupAges:
    """How long groups live.

    Attributes:
        curve: week, groups (at risk), survival, low, high (log-log).
        median: Weeks until half have died; refused where fewer have.
        at_claim: Share alive at the beginning and end of the claim, in weeks 13 and 26.
        verdict: "longer": the median lies above six months for certain; "shorter": below three;
            "as_claimed": its interval lies between; "open": the data cannot tell.
        groups: Groups.
        deaths: Of these died.
    """

    curve: pd.DataFrame
    median: Estimate
    at_claim: dict[int, Estimate]
    verdict: str
    groups: int
    deaths: int


def group_ages(
    found: pd.DataFrame, *, level: float = LEVEL, min_groups: int = MIN_GROUPS
) -> GroupAges:
    """Return how long groups live, from `models.group_deaths`.

    Args:
        found: group_id, age, entry, age_at_death.
        level: Confidence level.
        min_groups: Groups needed.

    Raises:
        NotEnoughDataError: Fewer groups, or none died.
    """
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    rows = found[found["entry"].notna()]
    died = rows["age_at_death"].notna()
    # Ages count from 0 in the week of the opening: a group seen to the end of week 0 lived 1 week.
    end = rows["age_at_death"].fillna(rows["age"]) + 1.0
    entry = rows["entry"].clip(lower=0)
    informs = end > entry
    rows, died, end, entry = rows[informs], died[informs], end[informs], entry[informs]
    if len(rows) < min_groups:
        raise NotEnoughDataError(f"{len(rows)} groups are known: {min_groups} are needed.")
    if not died.any():
        raise NotEnoughDataError(f"none of {len(rows)} groups died: how long they live is open.")
    fitter = KaplanMeierFitter(alpha=1 - level).fit(end, died, entry=entry)
    ends = fitter.confidence_interval_
    days = fitter.survival_function_.index.to_numpy()
    groups = fitter.event_table["at_risk"].reindex(days).to_numpy()
    curve = pd.DataFrame(
        {
            "week": days,
            "groups": groups,
            "survival": fitter.survival_function_.iloc[:, 0].to_numpy(),
            "low": ends.iloc[:, 0].to_numpy(),
            "high": ends.iloc[:, 1].to_numpy(),
        }
    )
    middle = float(fitter.median_survival_time_)
    low, high = (float(x) for x in median_survival_times(ends).to_numpy().ravel())
    last = float(end.max())
    at = {week: _at(curve, week, last, len(rows), level) for week in CLAIM}
    median = _median(middle, low, high, len(rows), level)
    return GroupAges(curve, median, at, _verdict(low, high), len(rows), int(died.sum()))


def _median(middle: float, low: float, high: float, n: int, level: float) -> Estimate:
    method = "Kaplan-Meier"
    if not np.isfinite(middle):
        reason = "more than half of the groups are alive at the end of the data"
        reason += f": at least {low:.0f} weeks" if np.isfinite(low) else ""
        return Estimate.refused(reason, unit="weeks", n=n)
    if not np.isfinite(high):
        reason = f"no upper end: at least {low:.0f} weeks"
        return Estimate(value=middle, n=n, unit="weeks", level=level, method=method, reason=reason)
    return Estimate(value=middle, low=low, high=high, n=n, unit="weeks", level=level, method=method)


def _verdict(low: float, high: float) -> str:
    first, last = CLAIM
    if low > last:  # infinite too: the upper curve itself stays above a half
        return "longer"
    if high < first:
        return "shorter"
    return "as_claimed" if first <= low and high <= last else "open"


def _at(curve: pd.DataFrame, week: int, last: float, n: int, level: float) -> Estimate:
    if week > last:
        return Estimate.refused(f"no group is known for {week} weeks.", unit="share", n=n)
    row = curve[curve["week"] <= week].iloc[-1]
    value, low, high = (float(row[name]) for name in ("survival", "low", "high"))
    if np.isnan(low):
        low = high = value
    return Estimate(
        value=value, low=min(low, value), high=max(high, value), n=n, unit="share", level=level,
        method="Kaplan-Meier, log-log",
    )  # fmt: skip
