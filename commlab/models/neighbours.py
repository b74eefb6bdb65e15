"""Chat groups behind an estimate: does one carry it, and does treatment reach neighbours?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import SIZE
from commlab.models.randomisation import FEW_CLUSTERS, wild_interval

Array = npt.NDArray[np.float64]
FEWEST_GROUPS = 6  # signs of fewer can be drawn in too few ways to tell anything at 5 %


def leave_one_out(outcomes: Outcomes, metric: str, arm: str) -> pd.DataFrame:
    """Return the difference of an arm without each chat group (or cluster) in turn.

    Where nobody was assigned it is the change against as many days right before, because the arms
    differ to begin with.

    Args:
        outcomes: Outcomes of a campaign.
        metric: The metric.
        arm: The arm.

    Returns:
        Frame: group, difference (without it; a person), change (against all), people (of the
        group); empty where there are fewer than three groups.
    """
    sums = _by_group(outcomes, arm, [metric, f"placebo_{metric}"])
    groups = sorted(set(sums["group"]) - {""})
    if len(groups) < 3:
        return pd.DataFrame({"group": [], "difference": [], "change": [], "people": []})
    sums["y"] = sums[metric]
    if outcomes.campaign.design == "observational":
        sums["y"] -= sums[f"placebo_{metric}"]
    wide = sums.pivot_table(index="group", columns="treated", values=["y", SIZE], aggfunc="sum",
                            fill_value=0.0)  # fmt: skip
    whole = wide.sum()
    rest = whole - wide.loc[groups]
    gap = rest["y"][True] / rest[SIZE][True] - rest["y"][False] / rest[SIZE][False]
    every = whole["y"][True] / whole[SIZE][True] - whole["y"][False] / whole[SIZE][False]
    return pd.DataFrame({
        "group": groups, "difference": gap.to_numpy(), "change": (gap - every).to_numpy(),
        "people": wide.loc[groups, SIZE].sum(axis=1).to_numpy(dtype=int),
    })  # fmt: skip


def spillover(
    outcomes: Outcomes, metric: str, arm: str, *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return how much more control people do whose whole chat group is treated, against none.

    Control people's mean by group on the share of treated among all who were assigned in it, and
    on the same metric in the days before, weighted by people, errors by group. Where people were
    assigned singly that share is chance, so a slope says that treatment reaches neighbours and
    that the difference of the arms is not the effect.

    Args:
        outcomes: Outcomes of a campaign in which people were assigned singly.
        metric: The metric.
        arm: The arm.
        level: Confidence level.
        seed: Seed of the wild bootstrap that serves fewer than 40 groups.
    """
    unit = UNITS[metric]
    if outcomes.campaign.design == "observational":
        return Estimate.refused("campaign.why.not_random", unit=unit)
    if outcomes.clustered:
        return Estimate.refused("campaign.why.same_arm", unit=unit)
    sums = _by_group(outcomes, arm, [metric, f"pre_{metric}"])
    sums = sums[sums["group"] != ""]
    control = sums[~sums["treated"]].set_index("group")
    size = sums.pivot_table(index="group", columns="treated", values=SIZE, aggfunc="sum",
                            fill_value=0.0).reindex(control.index)  # fmt: skip
    share = (size.get(True, 0.0) / size.sum(axis=1)).to_numpy(dtype=float)
    n, people = len(control), int(control[SIZE].sum())
    if n < FEWEST_GROUPS or not share.std():
        return Estimate.refused("campaign.why.few_groups", unit=unit, n=people)
    weight = control[SIZE].to_numpy(dtype=float)
    y, before = (control[name].to_numpy(dtype=float) / weight for name in (metric,
                 f"pre_{metric}"))  # fmt: skip
    X = (
        np.column_stack([np.ones(n), share, before])
        if before.std()
        else np.column_stack([np.ones(n), share])
    )
    return _slope(X, y, weight, unit, people, level, seed)


def _slope(
    X: Array, y: Array, weight: Array, unit: str, people: int, level: float, seed: int
) -> Estimate:
    n, k = X.shape
    bread = np.linalg.pinv(X.T @ (X * weight[:, None]))
    beta = bread @ (X.T @ (weight * y))
    rest = y - X @ beta
    leverage = np.einsum("ij,jk,ik->i", X * weight[:, None], bread, X)
    # Residuals raised as if each group had been left out (HC3): few groups fit themselves.
    rest = rest / np.maximum(1 - leverage, 1e-6)
    scores = (X * (weight * rest)[:, None]) @ bread[1]
    value = float(beta[1])
    if n < FEW_CLUSTERS:
        low, high, _ = wild_interval(scores, value, level=level, seed=seed)
    else:
        error = math.sqrt(float((scores**2).sum()))
        half = float(stats.t.ppf(0.5 + level / 2, n - k)) * error
        low, high = value - half, value + half
    return Estimate(value=value, low=low, high=high, level=level, n=people, unit=unit,
                    method=f"slope on the share treated in {n} groups")  # fmt: skip


def _by_group(outcomes: Outcomes, arm: str, columns: list[str]) -> pd.DataFrame:
    """Return sums over the people of each chat group (or cluster; "" where unknown) and arm."""
    table = outcomes.table.filter(outcomes.table.arm.isin([outcomes.control, arm]))
    if outcomes.campaign.design == "clustered":
        table = table.mutate(unit=table.unit)
    else:
        table = table.mutate(unit=table.home.fill_null(""))
    sums = aggregates.by_unit(table, columns).order_by(["unit", "arm"]).to_pandas()
    return sums.rename(columns={"unit": "group"}).assign(treated=sums["arm"] != outcomes.control)
