"""What customers bought before and after earlier days, for backtests of purchase models."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics import cohorts
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WEEK = 7
_EPOCH = dt.date(1970, 1, 1)
# What does not change while somebody is a customer: fit for static covariates.
SEGMENTS = ("channel", "region")


@dataclasses.dataclass(frozen=True)
class PurchaseHistory:
    """Customers as known at a cutoff, and what they bought in the horizon after it.

    Attributes:
        cutoff: The last day that was known.
        horizon: Weeks after it.
        customers: Frame, a row for all who are alike: frequency, recency, T (weeks), `last`
            (repeat occasions in the horizon before the cutoff), `holdout` (occasions in the
            horizon after it), weight, and a column for each of `covariates`.
        weekly: Frame: `week` (whole weeks from the cutoff, negative before it), `actual` (repeat
            occasions of these customers from the beginning to the end of that week).
        covariates: Columns of `customers` that tell segments apart.
    """

    cutoff: dt.date
    horizon: float
    customers: pd.DataFrame
    weekly: pd.DataFrame
    covariates: tuple[str, ...] = ()


def static_segments(ds: Dataset) -> tuple[str, ...]:
    """Return which of channel and region the workspace knows of its members."""
    return tuple(name for name in SEGMENTS if name in cohorts.available_splits(ds))


def purchase_cutoffs(
    ds: Dataset, horizon_weeks: int = 13, *, every_weeks: int = 6, most: int = 4
) -> tuple[dt.date, ...]:
    """Return days on which to ask what would have been predicted, the latest first.

    Args:
        ds: The dataset, with orders.
        horizon_weeks: Weeks that must have passed since.
        every_weeks: Weeks between cutoffs.
        most: At most so many.

    Raises:
        NotEnoughDataError: No cutoff has twice as many weeks of orders before it as after it.
    """
    for name, value in (
        ("horizon_weeks", horizon_weeks), ("every_weeks", every_weeks), ("most", most)
    ):  # fmt: skip
        guards.whole(name, value, low=1)
    orders = ds.table("orders")
    first = ds.frame(orders.agg(first=orders.paid_at.min()))["first"].iloc[0]
    days = [
        ds.as_of - dt.timedelta(weeks=horizon_weeks + every_weeks * place) for place in range(most)
    ]
    # With less a customer's rate rests on the season in which he came.
    needed = 2 * horizon_weeks * WEEK
    kept = tuple(day for day in days if not pd.isna(first) and (day - first.date()).days >= needed)
    if not kept:
        raise NotEnoughDataError(
            f"the orders began less than {3 * horizon_weeks} weeks before {ds.as_of.isoformat()}: "
            f"predictions over {horizon_weeks} weeks cannot be tested.",
            fix="Use a shorter horizon.",
        )
    return kept


def purchase_history(
    ds: Dataset, cutoffs: Sequence[dt.date], horizon_weeks: int = 13, by: Sequence[str] = ()
) -> tuple[PurchaseHistory, ...]:
    """Return customers as known at each cutoff, with what they bought after it.

    Before the cutoff orders and refunds count as they were known then; after it as they are
    known now.

    Args:
        ds: The dataset, with orders.
        cutoffs: Days, each the last one that was known, at least the horizon before `as_of`.
        horizon_weeks: Weeks after the cutoff.
        by: What tells segments apart besides, as known then (`static_segments`): a column each.

    Raises:
        ArgumentError: A horizon is not over at `as_of`.
    """
    guards.whole("horizon_weeks", horizon_weeks, low=1)
    latest = ds.as_of - dt.timedelta(weeks=horizon_weeks)
    found = []
    for day in cutoffs:
        guards.in_range("days after the cutoff", (latest - day).days, low=0)
        found.append(_one(ds, ds.at(day), day, horizon_weeks, tuple(by)))
    return tuple(found)


def present_customers(ds: Dataset, horizon_weeks: int = 13, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the customers of `as_of` as `PurchaseHistory.customers` has them, without a future.

    Args:
        ds: The dataset, with orders.
        horizon_weeks: Weeks up to `as_of` over which `last` counts.
        by: See `purchase_history`.

    Returns:
        Frame, a row for all who are alike: frequency, recency, T (weeks), last, weight, and a
        column for each of `by`.
    """
    guards.whole("horizon_weeks", horizon_weeks, low=1)
    rows = _with_segments(ds, _people(ds, ds.as_of, horizon_weeks), by)
    return _alike(ds, rows, ["frequency", "recency", "T", "last", *by])


def _one(
    ds: Dataset, then: Dataset, day: dt.date, weeks: int, by: tuple[str, ...]
) -> PurchaseHistory:
    cut = (day - _EPOCH).days
    before, after = occasions(then), occasions(ds)
    after = after.filter((after.day > cut) & (after.day <= cut + weeks * WEEK))
    later = after.group_by(buyer="member_id").agg(holdout=after.count())
    people = _people(then, day, weeks)
    rows = people.left_join(later, people.member_id == later.buyer).drop("buyer")
    rows = rows.mutate(holdout=rows.holdout.fill_null(0).cast("int64"))
    key = ["frequency", "recency", "T", "last", "holdout", *by]
    frame = _alike(ds, _with_segments(then, rows, by), key)
    firsts = people.select("member_id", "first")
    return PurchaseHistory(day, float(weeks), frame, _weekly(ds, firsts, before, after, cut), by)


def _people(ds: Dataset, day: dt.date, weeks: int) -> ir.Table:
    """Return each customer of a day: frequency, recency, T, last in days and occasions, first."""
    cut, span = (day - _EPOCH).days, weeks * WEEK
    before = occasions(ds)
    people = before.group_by("member_id").agg(
        frequency=before.count() - 1,
        first=before.day.min(),
        final=before.day.max(),
        recent=(before.day > cut - span).sum(),
    )
    new = (people["first"] > cut - span).cast("int64")
    return people.select(
        "member_id",
        "first",
        frequency=people.frequency.cast("int64"),
        recency=(people.final - people["first"]).cast("int64"),
        T=(ibis.literal(cut, "int64") - people["first"]).cast("int64"),
        last=(people.recent.fill_null(0) - new).cast("int64"),
    )


def _with_segments(ds: Dataset, people: ir.Table, by: Sequence[str]) -> ir.Table:
    for name in by:
        known = cohorts.members(ds, split=name).select(known_id="member_id", segment="segment")
        people = people.left_join(known, people.member_id == known.known_id).drop("known_id")
        people = people.mutate(**{name: people.segment.fill_null(cohorts.UNKNOWN)}).drop("segment")
    return people


def _alike(ds: Dataset, rows: ir.Table, key: list[str]) -> pd.DataFrame:
    frame = ds.frame(rows.group_by(key).agg(weight=rows.count()), key)
    frame = frame.assign(recency=frame["recency"] / WEEK, T=frame["T"] / WEEK)
    frame.attrs["time_unit"] = "W"
    return frame


def _weekly(
    ds: Dataset, firsts: ir.Table, before: ir.Table, after: ir.Table, cut: int
) -> pd.DataFrame:
    """Return the repeat occasions of customers of the cutoff, cumulated by week."""
    rows = ibis.union(before.select("member_id", "day"), after.select("member_id", "day"))
    rows = rows.inner_join(firsts, "member_id")
    rows = rows.filter(rows.day > rows["first"])
    counts = ds.frame(rows.group_by("day").agg(n=rows.count()), ["day"])
    # Week 0 ends with the cutoff; a day belongs to the week at whose end it is known.
    week = np.ceil((counts["day"].to_numpy(dtype=float) - cut) / WEEK).astype(int)
    if not len(week):
        return pd.DataFrame({"week": pd.Series(dtype=int), "actual": pd.Series(dtype=int)})
    number = counts["n"].to_numpy(dtype=np.int64)
    first = int(min(week.min(), 0))
    last = int(max(week.max(), 0))
    total = np.bincount(week - first, weights=number, minlength=last - first + 1)
    return pd.DataFrame(
        {"week": np.arange(first, last + 1), "actual": np.cumsum(total).astype(np.int64)}
    )
