"""The hazard of a group's death against the three causes, week by week (Cox).

Time is the age of the group; it enters at the first week that is known (delayed entry) and leaves
when it falls silent for good, is closed, or the data end. Every group is one subject with at most
one event, so the partial likelihood holds one term a death and needs no clusters. Covariates of a
week are those of the weeks before it: what follows the silence cannot have caused it.

Association: staff may neglect groups that already bore them.
"""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pandas as pd

from commlab.config import DEATH_DAYS
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.deathcauses import HARD_SHARE, MIN_POSTS
from commlab.stats import benjamini_hochberg

LAG = 2  # weeks whose signs are read
UNDECIDED = math.ceil(DEATH_DAYS / 7)  # weeks at the end in which a death is not known yet
CAUSES = ("neglect", "ads_only", "imprecise")
EVENTS_A_TERM = 5  # Vittinghoff & McCulloch 2007: from five events a variable Cox holds up
# A trace of a ridge, which steadies the search; at 0.05 it would draw a ratio of 15 down to 10.
PENALTY = 1e-4


@dataclasses.dataclass(frozen=True)
class GroupHazard:
    """Hazard ratios of the causes.

    Attributes:
        ratios: Frame: cause, ratio, low, high, p, p_adjusted, groups (that ever showed it), deaths
            (of these), status ("ok", "too_few").
        deaths: Deaths.
        groups: Groups.
    """

    ratios: pd.DataFrame
    deaths: int
    groups: int

    def to_frame(self) -> pd.DataFrame:
        """Return the ratios."""
        return self.ratios.copy()


def hazard_rows(
    weeks: pd.DataFrame, found: pd.DataFrame, focus: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one row a group and week at risk, with the signs shown by the weeks before.

    Args:
        weeks: `metrics.group_weeks`.
        found: `models.group_deaths`.
        focus: `models.group_focus`, or None.

    A death is dated back to the last week with a message of a member, so it is known only once the
    days without one have passed: of a group that has not died the last two weeks known are left
    out, in which no death could be seen. A group in which no member ever wrote dies in the first
    week that can show signs.

    Returns:
        Frame: group_id, start, stop (age in weeks), died, neglect (no staff message in the two
        weeks before), ads_only (their hard advertising at least nine in ten), imprecise (0 or 1).
    """
    rows = weeks[(weeks["status"] == "ok") & ~weeks["closed"]].sort_values(["group_id", "week"])
    ends = found.set_index("group_id")
    by = rows.groupby("group_id")["week"]
    died = rows["group_id"].map(ends["died"]).notna()
    first_seen = by.transform(lambda week: week.iloc[min(LAG, len(week) - 1)])
    last = rows["group_id"].map(ends["last_active"]).fillna(first_seen)
    last = last.clip(lower=first_seen).where(died)
    undecided = by.transform("max") - UNDECIDED * pd.Timedelta(days=7)
    rows = rows[(died & (rows["week"] <= last)) | (~died & (rows["week"] <= undecided))]
    last = last.loc[rows.index]
    group = rows["group_id"]

    def two_before(values: pd.Series) -> pd.Series:
        before = values.groupby(group).shift(1)
        return before.groupby(group).rolling(2, min_periods=2).sum().droplevel(0)

    posts = two_before(rows["staff_messages"])
    hard = two_before(rows["staff_hard_share"].fillna(0) * rows["staff_messages"])
    share = (hard / posts.where(posts >= MIN_POSTS)).fillna(0)
    table = pd.DataFrame(
        {
            "group_id": group,
            "start": rows["age"].astype(float),
            "stop": rows["age"] + 1.0,
            "died": (rows["week"] == last).to_numpy(),
            "neglect": (posts == 0).astype(float),
            "ads_only": (share >= HARD_SHARE).astype(float),
            "imprecise": 0.0,
        }
    )
    if focus is not None:
        sign = focus.set_index("group_id")["imprecise"].astype(float)
        table["imprecise"] = group.map(sign).fillna(0.0).to_numpy()
    # The first two weeks have nothing before them.
    return table[posts.notna().to_numpy()].reset_index(drop=True)


def group_hazard(
    rows: pd.DataFrame, *, level: float = LEVEL, events_a_term: int = EVENTS_A_TERM
) -> GroupHazard:
    """Fit the hazard of death.

    Args:
        rows: From `hazard_rows`.
        level: Confidence level.
        events_a_term: Deaths needed for each cause that varies.

    Raises:
        NotEnoughDataError: Too few deaths.
    """
    from lifelines import CoxTimeVaryingFitter
    from lifelines.exceptions import ConvergenceError

    deaths, groups = int(rows["died"].sum()), int(rows["group_id"].nunique())
    varying = [name for name in CAUSES if rows[name].min() < rows[name].max()]
    if not varying:
        raise NotEnoughDataError("no group shows any of the three causes.")
    least = events_a_term * len(varying)
    if deaths < least:
        raise NotEnoughDataError(
            f"{deaths} of {groups} groups died: {least} deaths are needed to weigh "
            f"{len(varying)} causes against each other.",
        )
    fitter = CoxTimeVaryingFitter(alpha=1 - level, penalizer=PENALTY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines warns of low variance: the error below says so
        try:
            fitter.fit(
                _spells(rows, varying), id_col="group_id", event_col="died", start_col="start",
                stop_col="stop", fit_options={"step_size": 0.3},  # a whole step overshoots
            )  # fmt: skip
        except ConvergenceError:
            raise NotEnoughDataError(
                "a cause parts dead groups from living ones completely: its ratio has no end.",
            ) from None
    summary = fitter.summary
    found: list[tuple[object, ...]] = []
    for name in CAUSES:
        shown = rows[rows[name] > 0]
        counts = (shown["group_id"].nunique(), int(shown["died"].sum()))
        if name not in varying:
            found.append((name, np.nan, np.nan, np.nan, np.nan, *counts, "too_few"))
            continue
        row = summary.loc[name]
        ends = [row[column] for column in summary.columns if column.startswith("exp(coef) ")]
        found.append((name, float(row["exp(coef)"]), *map(float, ends), float(row["p"]), *counts,
                      "ok"))  # fmt: skip
    names = ["cause", "ratio", "low", "high", "p", "groups", "deaths", "status"]
    table = pd.DataFrame(found, columns=names)
    table.insert(5, "p_adjusted", benjamini_hochberg(table["p"].to_numpy(dtype=float)))
    return GroupHazard(table, deaths, groups)


def _spells(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Put weeks of a group that follow each other with the same signs together: the same fit."""
    rows = rows.sort_values(["group_id", "start"])
    same = rows["group_id"].eq(rows["group_id"].shift()) & rows["start"].eq(rows["stop"].shift())
    for name in names:
        same &= rows[name].eq(rows[name].shift())
    keys = ["group_id", (~same).cumsum().rename("spell")]
    found = {"start": "min", "stop": "max", "died": "max"} | dict.fromkeys(names, "first")
    return rows.groupby(keys, sort=False).agg(found).reset_index().drop(columns="spell")
