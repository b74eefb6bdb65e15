"""The latest figures that a frame has in full, as estimates for headline cards."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate


def active_members(flow: pd.DataFrame) -> tuple[Estimate, Estimate | None]:
    """Return active members of the last complete period, and of the one before.

    Args:
        flow: What `lifecycle` returned.

    Returns:
        Two full counts (no interval: everybody is counted); the second None where the period
        before is not known.

    Raises:
        NotEnoughDataError: No period is over and known.
    """
    known = _known(flow)
    active = [int(count) for count in known["active"].tail(2)]
    counts = [Estimate.count(count, unit="members") for count in reversed(active)]
    return counts[0], counts[1] if len(counts) > 1 else None


def latest_two(table: pd.DataFrame, period: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two latest cohorts that completed a period, by segment, the earlier one first.

    Args:
        table: What `retention` returned with `split`.
        period: Periods after joining.

    Returns:
        Two frames with `segment`, `at_risk`, `active`, as `commlab.models.decompose` takes them.

    Raises:
        ArgumentError: The table has no segments.
        NotEnoughDataError: Fewer than two cohorts completed the period.
    """
    guards.whole("period", period)
    if "segment" not in table:
        raise ArgumentError(
            "table has no segments.", fix="Pass what retention(…, split=…) returned."
        )
    over = table[(table["period"] == period) & table["status"].isin(["ok", "too_few"])]
    cohorts = sorted(over["cohort"].unique())[-2:]
    if len(cohorts) < 2:
        raise NotEnoughDataError(f"{len(cohorts)} cohort has completed period {period}, not two.")
    before, after = (
        over.loc[over["cohort"] == cohort, ["segment", "at_risk", "active"]]
        .astype({"at_risk": "int64", "active": "int64"})
        .reset_index(drop=True)
        for cohort in cohorts
    )
    return before, after


def loss_within(loss: pd.DataFrame, days: int) -> Estimate:
    """Return the share of all added friends who deleted within a window.

    Args:
        loss: What `friend_loss` returned without a split.
        days: One of its windows.

    Raises:
        ArgumentError: The frame has several segments or lacks the window.
    """
    row = loss[loss["days"] == days]
    if len(row) != 1:
        raise ArgumentError(
            f"days == {days}: the frame has {len(row)} such rows, must be one.",
            fix="Pass what friend_loss(ds, split=None) returned.",
        )
    found = row.iloc[0]
    if found["status"] != "ok":
        return Estimate.refused("common.status.too_few", unit="share", n=int(found["friends"]))
    return Estimate(
        value=float(found["rate"]),
        low=float(found["low"]),
        high=float(found["high"]),
        level=LEVEL,
        n=int(found["friends"]),
        unit="share",
        method="Wilson" if found["deff"] == 1 else f"Wilson, design effect {found['deff']:.2f}",
    )


def span(starts: pd.Series, as_of: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first day of the earliest period and the last day read.

    Args:
        starts: First days of periods.
        as_of: Last day read.
    """
    if not len(starts):
        raise NotEnoughDataError("there are no periods.")
    return pd.Timestamp(starts.min()).date(), as_of


def _known(flow: pd.DataFrame) -> pd.DataFrame:
    known = flow[(flow["status"] == "ok") & flow["active"].notna()]
    if known.empty:
        raise NotEnoughDataError("no period is over and covered by the data.")
    return known
