"""One row a group, and the few figures that a manager reads first."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models.grouplife import LifeRules

MIN_GROUPS = 5  # clusters; with fewer the spread between groups is a guess


def known_weeks(weeks: pd.DataFrame) -> pd.DataFrame:
    """Return the group weeks that are known and before a closing."""
    return weeks[(weeks["status"] == "ok") & ~weeks["closed"]]


def group_overview(
    weeks: pd.DataFrame,
    found: pd.DataFrame,
    *frames: pd.DataFrame | None,
    window: int = 4,
) -> pd.DataFrame:
    """Return the latest weeks of each group in one row.

    Args:
        weeks: `metrics.group_weeks`.
        found: `models.group_deaths`.
        *frames: Further frames with group_id, one row a group, whose columns are put beside; None
            is what the data could not carry.
        window: Weeks that are averaged.

    Returns:
        Frame by group: group_id, state, age, members (last known week), joined (of the window, a
        member), active_share, per_active, staff_share, ad_share, net_revenue (a week), means of
        the last `window` known weeks; and what `frames` add. With `place` those come first that
        need somebody.
    """
    rows = known_weeks(weeks).sort_values(["group_id", "week"])
    last = rows.groupby("group_id").tail(window).groupby("group_id")
    names = ["active_share", "per_active", "staff_share", "ad_share", "net_revenue"]
    table = found[["group_id", "state", "age"]].set_index("group_id")
    table["members"] = rows.groupby("group_id")["members"].last()
    table["newcomer_share"] = last["joined"].sum() / table["members"].where(table["members"] > 0)
    table = table.join(last[names].mean()).reset_index()
    for frame in (item for item in frames if item is not None):
        table = table.merge(frame, on="group_id", how="left", validate="one_to_one")
    if "place" in table:
        order = table["place"].map(PLACES.index)
        table = table.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)
    return table


def group_count(found: pd.DataFrame, state: str) -> Estimate:
    """Return how many groups are in a state of `models.group_deaths`: a full count."""
    return Estimate.count(int((found["state"] == state).sum()), unit="groups", n=len(found))


def group_active_share(
    weeks: pd.DataFrame, back: int = 0, *, level: float = LEVEL, min_groups: int = MIN_GROUPS
) -> Estimate:
    """Return the share of members of open groups who wrote in a week, groups as clusters.

    Args:
        weeks: `metrics.group_weeks`.
        back: 0 for the last complete week, 1 for the one before.
        level: Confidence level.
        min_groups: Groups needed.

    Raises:
        NotEnoughDataError: There is no such week, or the members of groups are not known.
    """
    rows = known_weeks(weeks)
    rows = rows[rows["members"].fillna(0) > 0]
    starts = np.sort(rows["week"].unique())
    if len(starts) <= back:
        raise NotEnoughDataError("no complete week in which the members of groups are known.")
    part = rows[rows["week"] == starts[-1 - back]]
    x, y = part["members"].to_numpy(dtype=float), part["active"].to_numpy(dtype=float)
    if len(part) < min_groups:
        return Estimate.too_few(len(part), unit="share", minimum=min_groups)
    value, low, high = stats.ratio_interval(
        len(part), y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum(), level=level
    )
    return Estimate(
        value=float(value), low=max(float(low), 0.0), high=min(float(high), 1.0), n=int(x.sum()),
        unit="share", level=level, method="ratio, groups as clusters",
    )  # fmt: skip


def group_staffing(weeks: pd.DataFrame, classed: pd.DataFrame, *, window: int = 4) -> pd.DataFrame:
    """Return what each class of groups gets of staff, and what its members pay.

    Args:
        weeks: `metrics.group_weeks`.
        classed: `models.group_classes`: group_id, class, p_class.
        window: Weeks that are averaged.

    Returns:
        Frame by class: class, groups, members_mean (of a group), staff_messages (a group and week),
        atmosphere (accounts a group and week; missing where not known), net_revenue (a group and
        week), sure (groups that belong to the class with a probability of 0.8 at least).
    """
    rows = known_weeks(weeks).sort_values(["group_id", "week"])
    means = rows.groupby("group_id").tail(window).groupby("group_id")[
        ["members", "staff_messages", "atmosphere", "net_revenue"]
    ].mean()  # fmt: skip
    both = classed.merge(means.reset_index(), on="group_id", how="left")
    both["sure"] = both["p_class"] >= 0.8
    by = both.groupby("class", sort=False)
    table = by[["members", "staff_messages", "atmosphere", "net_revenue"]].mean()
    table = table.rename(columns={"members": "members_mean"})
    table.insert(0, "groups", by.size())
    table["sure"] = by["sure"].sum()
    order = [name for name in ("S", "A", "B", "C") if name in table.index]
    return table.loc[order].reset_index()


# Those first that need somebody.
PLACES = ("dead", "closing", "watch", "cleaning", "trial", "golden", "closed", "")


def group_places(
    found: pd.DataFrame, now: pd.DataFrame, rules: LifeRules, as_of: dt.date
) -> pd.DataFrame:
    """Return where each group stands: dead, or its state on the path.

    A dead group needs no watch: it is to be closed as soon as its members have been invited.

    Args:
        found: `models.group_deaths`.
        now: `GroupLife.now`.
        rules: Days of notice and until closing.
        as_of: Last day of the data.

    Returns:
        Frame, those first that need somebody: group_id, place, since, notice_on, closing_on.
    """
    table = now[["group_id", "state", "since", "notice_on", "closing_on"]]
    table = table.rename(columns={"state": "place"})
    dead = set(found.loc[found["state"] == "dead", "group_id"])
    gone = table["group_id"].isin(dead)
    table.loc[gone, "place"] = "dead"
    closing = pd.Timestamp(as_of) + pd.Timedelta(days=rules.closing_days)
    table.loc[gone, "closing_on"] = closing
    table.loc[gone, "notice_on"] = closing - pd.Timedelta(days=rules.notice_days)
    order = table["place"].map({name: place for place, name in enumerate(PLACES)})
    table = table.iloc[np.argsort(order.to_numpy(), kind="stable")]
    return table.reset_index(drop=True)


def group_needs(place: pd.DataFrame, weeks: pd.DataFrame) -> dict[str, int]:
    """Return how many groups need what: "dead", "closing", "watch", "neglect"; none is left out.

    Args:
        place: From `group_places`.
        weeks: `metrics.group_weeks`.
    """
    counts = {name: int((place["place"] == name).sum()) for name in ("dead", "closing", "watch")}
    rows = known_weeks(weeks).sort_values(["group_id", "week"])
    rows = rows[rows["staff_messages"].notna()]
    lives = place.loc[~place["place"].isin(["dead", "closed"]), "group_id"]
    heard = rows[rows["group_id"].isin(lives)].groupby("group_id").tail(2)
    heard = heard.groupby("group_id")["staff_messages"].agg(["size", "sum"])
    counts["neglect"] = int(((heard["size"] == 2) & (heard["sum"] == 0)).sum())
    return {name: count for name, count in counts.items() if count}
