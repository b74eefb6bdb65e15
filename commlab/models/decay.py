"""How activity fades as a group ages, in weeks with and without newcomers: half-lives.

Messages of group g in week t follow

    E[y] = exp(a_g + log members + b1 · (weeks with inflow so far) + b2 · (weeks without so far)
               + c · log members + d · festival)

so a group's own level drops out and each kind of week halves activity after log 2 / −b weeks. It is
fitted by Poisson quasi-likelihood conditional on each group's total (Hausman, Hall & Griliches
1984, Econometrica 52), consistent whatever the distribution of the counts as long as the mean is
right (Wooldridge 1999, Journal of Econometrics 90). Groups are clusters: the variance leaves out
one group at a time (one Newton step each), which errs on the wide side with few of them, and the
quantile is Student's with groups − 1 degrees of freedom.

It is association: a group that gets newcomers is looked after in other ways too.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import guards
from commlab.config import Festival
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models.groupdeath import dead_weeks
from commlab.text import Words, word

Array = npt.NDArray[np.float64]
MIN_GROUPS = 8  # clusters; with fewer the variance that leaves one out is a guess
MIN_WEEKS = 6  # of a group: a slope within it needs more than its start
# Newcomers of a week as a share of members, from which the week counts as one with inflow: fewer
# than one in fifty is less than what leaves (own choice).
INFLOW = 0.02
_STEPS, _TINY = 50, 1e-9


@dataclasses.dataclass(frozen=True)
class Decay:
    """What the fit says.

    Attributes:
        coefficients: Frame: term, value, low, high, p (of log activity a week, or a unit).
        half_life: Estimates in weeks: "with_inflow", "without_inflow"; refused where activity does
            not fade, or the interval holds no fading at all.
        ends: Ends of the intervals of the half-lives, infinite where fading may be none at all.
        size: Elasticity of messages a member to the number of members (0: none).
        groups: Groups used.
        weeks: Group weeks used.
    """

    coefficients: pd.DataFrame
    half_life: dict[str, Estimate]
    ends: dict[str, tuple[float, float]]
    size: Estimate
    groups: int
    weeks: int

    def told(self, name: str) -> Estimate | Words:
        """Return a half-life as a sentence says it; where it may have no end, how long at least.

        Args:
            name: "with_inflow" or "without_inflow".
        """
        low, high = self.ends[name]
        if 0 < low < math.inf == high:
            return word("grouphealth.part.decay.at_least", weeks=round(low))
        return self.half_life[name]

    def to_frame(self) -> pd.DataFrame:
        """Return the coefficients."""
        return self.coefficients.copy()


def decay_rows(
    weeks: pd.DataFrame,
    *,
    festivals: Sequence[Festival] = (),
    inflow: float = INFLOW,
) -> pd.DataFrame:
    """Return the group weeks that the fit uses.

    Only weeks that are known, before the first death and the closing of the group: death has causes
    of its own. The opening week, which is cut short, is left out.

    Args:
        weeks: `metrics.group_weeks`.
        festivals: Festivals that touch the weeks.
        inflow: Newcomers a member from which a week counts as one with inflow.

    Returns:
        Frame: group_id, week, messages, members, with_inflow and without_inflow (weeks of each
        kind since the second week), festival (0 or 1).
    """
    rows = dead_weeks(weeks)
    gone = rows["dead"].fillna(False).astype(bool).groupby(rows["group_id"]).cummax()
    use = (rows["status"] == "ok") & ~rows["closed"] & ~gone & (rows["age"] >= 1)
    rows = rows[use & (rows["members"] > 0) & rows["joined"].notna()]
    fresh = (rows["joined"] / rows["members"] >= inflow).astype(float)
    group = rows["group_id"]
    festive = np.zeros(len(rows))
    for item in festivals:
        ends = rows["week"] + pd.Timedelta(days=6)
        touched = (rows["week"].dt.date <= item.ends_on) & (ends.dt.date >= item.starts_on)
        festive[touched.to_numpy()] = 1.0
    return pd.DataFrame(
        {
            "group_id": group,
            "week": rows["week"],
            "messages": rows["messages"],
            "members": rows["members"],
            "with_inflow": fresh.groupby(group).cumsum(),
            "without_inflow": (1 - fresh).groupby(group).cumsum(),
            "festival": festive,
        }
    ).reset_index(drop=True)


def fit_decay(rows: pd.DataFrame, *, level: float = LEVEL, min_groups: int = MIN_GROUPS) -> Decay:
    """Fit the fading of activity.

    Args:
        rows: From `decay_rows`.
        level: Confidence level.
        min_groups: Groups needed, each with six weeks at least and a message.

    Raises:
        NotEnoughDataError: Too few groups, or nothing varies within them.
    """
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    sums = rows.groupby("group_id")["messages"].agg(["size", "sum"])
    good = sums.index[(sums["size"] >= MIN_WEEKS) & (sums["sum"] > 0)]
    rows = rows[rows["group_id"].isin(good)]
    if len(good) < min_groups:
        raise NotEnoughDataError(
            f"{len(good)} groups have {MIN_WEEKS} weeks with members and messages: {min_groups} "
            "are needed to tell how groups fade.",
        )
    size = np.log(rows["members"].to_numpy(dtype=float))
    design = {name: rows[name].to_numpy(dtype=float) for name in ("with_inflow", "without_inflow")}
    design |= {"size": size, "festival": rows["festival"].to_numpy(dtype=float)}
    group, _ = pd.factorize(rows["group_id"])
    varying = {name: x for name, x in design.items() if _varies(x, group)}
    x = np.column_stack(list(varying.values()))
    y = rows["messages"].to_numpy(dtype=float)
    beta, variance = _conditional_poisson(y, x, size, group)
    t = float(distributions.t.ppf(0.5 + level / 2, len(good) - 1))
    error = np.sqrt(np.diag(variance))
    table = pd.DataFrame(
        {
            "term": list(varying), "value": beta, "low": beta - t * error, "high": beta + t * error,
            "p": 2 * distributions.t.sf(np.abs(beta) / error, len(good) - 1),
        }
    )  # fmt: skip
    lives = {
        name: _half_life(table, name, len(good), level)
        for name in ("with_inflow", "without_inflow")
    }
    ends = {name: _ends(table, name) for name in lives}
    return Decay(table, lives, ends, _size(table, len(good), level), len(good), len(rows))


def _varies(x: Array, group: npt.NDArray[np.int64]) -> bool:
    middle = np.bincount(group, x) / np.bincount(group)
    return bool(np.abs(x - middle[group]).max() > _TINY)


def _conditional_poisson(
    y: Array, x: Array, offset: Array, group: npt.NDArray[np.int64]
) -> tuple[Array, Array]:
    """Return coefficients and their variance, groups left out one at a time."""
    k, groups = x.shape[1], int(group.max()) + 1
    total = np.bincount(group, y, minlength=groups)
    beta: Array = np.zeros(k)

    def parts(at: Array) -> tuple[Array, Array]:
        """Score and information by group at a value of the coefficients."""
        linear = offset + x @ at
        top = np.full(groups, -np.inf)
        np.maximum.at(top, group, linear)
        weight = np.exp(linear - top[group])
        share = weight / np.bincount(group, weight, minlength=groups)[group]
        mean = np.column_stack([np.bincount(group, share * x[:, j]) for j in range(k)])
        centred = x - mean[group]
        residual = y - total[group] * share
        columns = [np.bincount(group, residual * x[:, j]) for j in range(k)]
        score: Array = np.column_stack(columns).astype(float)
        cross = centred[:, :, None] * centred[:, None, :] * (total[group] * share)[:, None, None]
        information = np.zeros((groups, k, k))
        np.add.at(information, group, cross)
        return score, information

    for _ in range(_STEPS):
        score, information = parts(beta)
        hessian = information.sum(axis=0)
        if np.linalg.cond(hessian) > 1e12:
            raise NotEnoughDataError("age, inflow and size move together: they cannot be parted.")
        step = np.linalg.solve(hessian, score.sum(axis=0))
        scale = min(1.0, 1.0 / max(np.abs(step * x.std(axis=0)).max(), 1e-12))
        beta = beta + scale * step
        if np.abs(step).max() < 1e-10:
            break
    score, information = parts(beta)
    hessian = information.sum(axis=0)
    away = np.stack(
        [np.linalg.solve(hessian - information[g], -score[g]) for g in range(groups)]
    )  # one Newton step from the fit to that without group g
    spread = away - away.mean(axis=0)
    return beta, (groups - 1) / groups * spread.T @ spread


def _ends(table: pd.DataFrame, name: str) -> tuple[float, float]:
    row = table[table["term"] == name]
    if row.empty:
        return 0.0, math.inf
    slopes = (float(row["low"].iloc[0]), float(row["high"].iloc[0]))
    low, high = (math.log(2) / -slope if slope < 0 else math.inf for slope in slopes)
    return low, high


def _half_life(table: pd.DataFrame, name: str, groups: int, level: float) -> Estimate:
    row = table[table["term"] == name]
    if row.empty:
        return Estimate.refused("grouphealth.part.decay.no_weeks", unit="weeks", n=groups)
    value, low, high = (float(row[part].iloc[0]) for part in ("value", "low", "high"))
    if value >= 0:
        return Estimate.refused("grouphealth.part.decay.no_fading", unit="weeks", n=groups)
    half = np.log(2)
    if high >= 0:
        # Half of the interval is no fading at all: a number alone would claim what is not known.
        return Estimate.refused("grouphealth.part.decay.no_end", unit="weeks", n=groups)
    return Estimate(
        value=half / -value, low=half / -low, high=half / -high, n=groups, unit="weeks",
        level=level, method="conditional Poisson, groups as clusters",
    )  # fmt: skip


def _size(table: pd.DataFrame, groups: int, level: float) -> Estimate:
    row = table[table["term"] == "size"]
    if row.empty:
        return Estimate.refused("the size of groups does not vary.", unit="ratio", n=groups)
    value, low, high = (float(row[part].iloc[0]) for part in ("value", "low", "high"))
    return Estimate(
        value=value, low=low, high=high, n=groups, unit="ratio", level=level,
        method="conditional Poisson, groups as clusters",
    )  # fmt: skip
