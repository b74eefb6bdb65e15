"""Groups by what they are for: product, region, goal, positioning (requirement E2).

A group is the unit: members of a group are alike, so each group counts once. Association: who opens
groups for a region or an offer opens them at other times and fills them from other channels.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats as distributions

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL

MIN_GROUPS = 5  # of a kind: with fewer one group decides, and Student's t is at its widest
MIN_MEMBERS = 10  # of a group, as for stages


def group_dimensions(
    traits: pd.DataFrame, sums: pd.DataFrame, *, level: float = LEVEL, min_groups: int = MIN_GROUPS
) -> pd.DataFrame:
    """Return how active (or valuable) the groups of each kind are, against all other groups.

    Args:
        traits: `metrics.group_traits`: group_id and a column a dimension.
        sums: `metrics.group_activity` or `group_points`: group_id, people, total.
        level: Confidence level.
        min_groups: Groups of a kind below which nothing is said of it.

    Returns:
        Frame by dimension, the highest first: dimension, segment, groups (of ten or more people;
        smaller ones are left out), mean (of the groups'
        means), mean_low, mean_high (Student's t over groups), difference (from all groups of
        another kind), p (Welch's t), p_adjusted (Benjamini–Hochberg over all kinds), flagged,
        status.

    Raises:
        NotEnoughDataError: No dimension has two kinds of which one has enough groups.
    """
    guards.whole("min_groups", min_groups, low=2)
    enough = sums[sums["people"] >= MIN_MEMBERS]
    means = (enough["total"] / enough["people"]).to_numpy(dtype=float)
    own = enough[["group_id"]].assign(mean=means).merge(traits, on="group_id", how="left")
    rows: list[dict[str, object]] = []
    for name in (column for column in traits.columns if column != "group_id"):
        kind = own[name]
        if kind.nunique() >= 2:
            rows += [
                {"dimension": name, "segment": str(segment)}
                | _against(
                    own.loc[(kind == segment).to_numpy(dtype=bool, na_value=False), "mean"],
                    own.loc[(kind.notna() & (kind != segment)).to_numpy(dtype=bool), "mean"],
                    level,
                    min_groups,
                )
                for segment in sorted(kind.dropna().unique())
            ]
    frame = pd.DataFrame(rows)
    if frame.empty or not (frame["status"] == "ok").any():
        raise NotEnoughDataError(
            f"no two kinds of groups differ in product, region, goal or positioning with "
            f"{min_groups} groups of a kind.",
            fix="Fill in these columns of groups.",
        )
    frame["p_adjusted"] = stats.benjamini_hochberg(frame["p"].to_numpy(dtype=float))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    order = frame.assign(_few=frame["status"] != "ok", _mean=-frame["mean"])
    order = order.sort_values(["dimension", "_few", "_mean", "segment"], kind="stable")
    return order.drop(columns=["_few", "_mean"]).reset_index(drop=True)


def _against(mine: pd.Series, rest: pd.Series, level: float, least: int) -> dict[str, object]:
    k = len(mine)
    if k < least or len(rest) < least:
        none = dict.fromkeys(("mean", "mean_low", "mean_high", "difference", "p"), np.nan)
        return {"groups": k, **none, "status": "too_few"}
    reach = distributions.t.ppf(0.5 + level / 2, k - 1) * mine.std(ddof=1) / np.sqrt(k)
    test = distributions.ttest_ind(mine, rest, equal_var=False)
    return {
        "groups": k, "mean": mine.mean(), "mean_low": mine.mean() - reach,
        "mean_high": mine.mean() + reach, "difference": mine.mean() - rest.mean(),
        "p": float(test.pvalue), "status": "ok",
    }  # fmt: skip
