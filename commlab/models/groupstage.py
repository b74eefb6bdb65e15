"""Stages of groups: golden or silver, by rank and by an absolute line, and whether chance made it.

A rule by rank always finds a bottom fifth, also among groups that do not differ at all. So beside
the stage stands whether the group's mean lies below that of all others by more than chance, after
correction for the number of groups (Benjamini–Hochberg), and the mean drawn towards the whole.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats as distributions

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models.shrinkage import shrunk_sums

RULES = ("value", "activity", "line")
BOTTOM = 0.20  # the trade's rule: the lowest fifth of communities is silver
# Of the weeks that members were there they wrote in one of ten: in a group of fifty five voices a
# week. Own choice, there is no published norm; set it by the groups that the brand calls good.
LINE = 0.10
MIN_MEMBERS = 10  # chat groups are small: means of fewer say nothing, above it shrinkage holds
CLASSES = ("S", "A", "B", "C")
_TOPS = (0.2, 0.5)  # S: the best fifth, as C is the lowest; A and B: halves of what is between


def bottom(values: npt.ArrayLike, share: float) -> npt.NDArray[np.bool_]:
    """Return which values are among the lowest `share`; ties that do not fit stay outside.

    Values that are alike cannot be told apart: where more tie for the lowest places than there
    are places, none of them is low. NaN is never low and does not count.

    Example:
        >>> bottom([1, 2, 3, 4, 5], 0.2).tolist()
        [True, False, False, False, False]
        >>> bottom([0, 0, 3, 4, 5], 0.2).tolist()
        [False, False, False, False, False]
    """
    guards.in_range("share", share, low=0, high=1, open_low=True, open_high=True)
    series = pd.Series(np.asarray(values, dtype=float))
    rank = series.rank(method="max")
    # A place that is whole up to rounding counts: 0.15 × 20 is 3, not 2.999.
    places = np.floor(share * series.count() + 1e-9)
    return np.asarray(rank <= places)


def group_stages(
    sums: pd.DataFrame,
    *,
    share: float = BOTTOM,
    line: float = LINE,
    level: float = LEVEL,
    min_members: int = MIN_MEMBERS,
) -> pd.DataFrame:
    """Return the stage of each group by rank and by the line, and whether it differs from others.

    Args:
        sums: group_id, people, total, square (`metrics.group_activity` or `group_points`).
        share: Share of the groups that the rule by rank calls silver.
        line: Mean below which a group is silver whatever the others are.
        level: Confidence level.
        min_members: Groups of fewer members are "too_few" and take no rank.

    Returns:
        Frame, highest first: group_id, people, mean, mean_low, mean_high, value, low, high (drawn
        towards the whole), difference (mean less that of all others), p, p_adjusted, rank_stage
        and line_stage ("golden", "silver"), verdict ("below", "above": beyond chance, "chance":
        not told apart from the others), status.

    Raises:
        NotEnoughDataError: Fewer than two groups have enough members.
    """
    table = shrunk_sums(
        sums["group_id"], sums["people"], sums["total"], sums["square"], level=level,
        min_people=min_members, extra_variance=_floor(sums),
    )  # fmt: skip
    table = table.rename(columns={"segment": "group_id", "buyers": "people"})
    enough = (table["status"] == "ok").to_numpy()
    _compare(table, sums, level)
    low = bottom(table["mean"].where(enough), share)
    for name, silver in (("rank_stage", low), ("line_stage", (table["mean"] < line).to_numpy())):
        table[name] = np.where(enough, np.where(silver, "silver", "golden"), "")
    way = np.where(table["difference"] < 0, "below", "above")
    table["verdict"] = np.where(enough, np.where(table["flagged"], way, "chance"), "")
    return table.drop(columns=["weight"])


def _within(sums: pd.DataFrame) -> tuple[pd.Series, float]:
    """Return the squares within each group, and the variance of members within groups."""
    n, total, square = (sums[name].astype(float) for name in ("people", "total", "square"))
    within = (square - total**2 / n.clip(lower=1)).clip(lower=0)
    return within, float(within.sum() / max((n - 1).clip(lower=0).sum(), 1))


def _compare(table: pd.DataFrame, sums: pd.DataFrame, level: float) -> None:
    """Put p-values of the difference from all others, and Student's intervals of the means.

    The variance of the comparison is that within all groups together: a group that is low by
    chance has little spread of its own, and would seem to be low for certain.
    """
    _, pooled = _within(sums)
    n = table["people"].to_numpy(dtype=float)
    error = np.sqrt(pooled * (1 / n + 1 / np.maximum(n.sum() - n, 1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * special.ndtr(-np.abs(table["difference"].to_numpy(dtype=float)) / error)
    table["p"] = p
    table["p_adjusted"] = stats.benjamini_hochberg(p)
    table["flagged"] = (table["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    student = distributions.t.ppf(0.5 + level / 2, np.maximum(n - 1, 1)) / stats.quantile(level)
    for end in ("mean_low", "mean_high"):
        table[end] = table["mean"] + (table[end] - table["mean"]) * student


def _floor(sums: pd.DataFrame) -> pd.Series:
    """Return a variance for groups whose members are all alike: that of members in other groups.

    Where all are silent the sample has no spread, yet its mean is not known without error.
    """
    within, pooled = _within(sums)
    n, square = sums["people"].astype(float), sums["square"].astype(float)
    alike = within <= 1e-9 * square.clip(lower=1e-9)
    floor = np.where(alike, pooled / n.clip(lower=1), 0.0)
    return pd.Series(floor, index=sums["group_id"].astype(str))


def told_apart(table: pd.DataFrame) -> Estimate:
    """Return how many silver groups lie below the others beyond chance; `n` counts all groups.

    Args:
        table: From `group_stages`.

    Returns:
        A count; refused where no group is silver.
    """
    counts = stage_counts(table)
    if not counts["silver"]:
        return Estimate.refused("grouphealth.part.stages.none", unit="groups")
    return Estimate.count(counts["sure"], unit="groups", n=len(table))


def stage_counts(table: pd.DataFrame) -> dict[str, int]:
    """Return how many groups are silver by rank, and how many of these lie below beyond chance."""
    silver = table["rank_stage"] == "silver"
    return {
        "silver": int(silver.sum()), "sure": int((silver & (table["verdict"] == "below")).sum()),
    }  # fmt: skip


def group_classes(
    table: pd.DataFrame,
    *,
    share: float = BOTTOM,
    draws: int = 4000,
    seed: int = 0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return groups in classes S, A, B, C with the probability that each belongs there.

    C is the lowest `share` (the silver ones), S the best fifth, A and B are between. Ranks are of
    the means drawn towards the whole; the probability is the share of draws from their intervals
    (normal, independent) in which the group falls into its class.

    Args:
        table: From `group_stages`.
        share: Share of groups in class C.
        draws: Draws of the means.
        seed: Seed of the draws.
        level: Level of the intervals in `table`.

    Returns:
        Frame: group_id, class, p_class; groups with too few members are left out.

    Raises:
        NotEnoughDataError: Fewer than five groups: a fifth is less than one.
    """
    rows = table[table["status"] == "ok"].reset_index(drop=True)
    k = len(rows)
    if k < 5:
        raise NotEnoughDataError(f"{k} groups have enough members, classes need 5.")
    error = ((rows["high"] - rows["low"]) / (2 * stats.quantile(level))).to_numpy()
    drawn = rows["value"].to_numpy() + error * np.random.default_rng(seed).standard_normal(
        (draws, k)
    )
    tops = [round(k * top) for top in _TOPS] + [k - int(np.floor(share * k + 1e-9))]

    def place(order: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        rank = np.argsort(np.argsort(-order, axis=-1, kind="stable"), axis=-1, kind="stable")
        return np.searchsorted(tops, rank, side="right")

    mine = place(rows["value"].to_numpy()[None, :])[0]
    held = (place(drawn) == mine).mean(axis=0)
    return pd.DataFrame(
        {"group_id": rows["group_id"], "class": np.array(CLASSES)[mine], "p_class": held}
    )


def weekly_stages(
    weeks: pd.DataFrame,
    values: pd.DataFrame | None = None,
    *,
    share: float = BOTTOM,
    line: float = LINE,
    window: int = 4,
    min_members: int = MIN_MEMBERS,
) -> pd.DataFrame:
    """Return the stage of each group in each week of its life, as known at the end of the week.

    Args:
        weeks: `metrics.group_weeks`.
        values: group_id, week, people, mean, high (`metrics.weekly_values`); None: by activity.
        share: See `stages`.
        line: Active share below which a group is silver by the absolute line.
        window: Weeks over which activity is averaged.
        min_members: Groups of fewer members take no rank that week.

    Returns:
        The rows of `weeks` with mean (of the rule's figure), count (members of high value, or
        active members where there are no values), silver (by rank), line_silver; missing where
        the week is not known or the group is closed.
    """
    rows = weeks.sort_values(["group_id", "week"], ignore_index=True)
    known = (rows["status"] == "ok") & ~rows["closed"]
    activity = rows["active_share"].where(known)
    rolled = activity.groupby(rows["group_id"]).rolling(window, min_periods=1).mean().to_numpy()
    smooth = pd.Series(rolled, index=rows.index).where(known)
    enough = known & (rows["members"].isna() | (rows["members"] >= min_members))
    if values is None:
        mean, count = smooth, rows["active"].where(known)
    else:
        told = rows[["group_id", "week"]].merge(
            values, on=["group_id", "week"], how="left", validate="one_to_one"
        )
        mean, count = told["mean"].where(known), told["high"].where(known)
    ranked = mean.where(enough)
    low = ranked.groupby(rows["week"]).transform(lambda x: bottom(x, share))
    silver = low.astype("boolean").mask(ranked.isna())
    return rows.assign(
        mean=mean, count=count, ranked=ranked.notna(), silver=silver,
        line_silver=(smooth < line).astype("boolean").mask(smooth.isna()),
    )  # fmt: skip


def golden_time(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how long each group has been golden: what the trade aims at.

    Args:
        rows: From `weekly_stages`.

    Returns:
        Frame: group_id, weeks (with a stage), golden_weeks, golden_share, line_weeks (weeks above
        the absolute line).
    """
    told = rows[rows["silver"].notna()]
    line = rows[rows["line_silver"].notna()]
    found = pd.DataFrame(
        {
            "weeks": told.groupby("group_id").size(),
            "golden_weeks": (~told["silver"].astype(bool)).groupby(told["group_id"]).sum(),
            "line_weeks": (~line["line_silver"].astype(bool)).groupby(line["group_id"]).sum(),
        }
    )
    found["golden_share"] = found["golden_weeks"] / found["weeks"]
    names = ["weeks", "golden_weeks", "golden_share", "line_weeks"]
    return found[names].rename_axis("group_id").reset_index()
