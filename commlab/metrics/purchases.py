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
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WEEK = 7
_EPOCH = dt.date(1970, 1, 1)


@dataclasses.dataclass(frozen=True)
class PurchaseHistory:
    """Customers as known at a cutoff, and what they bought in the horizon after it.

    Attributes:
        cutoff: The last day that was known.
        horizon: Weeks after it.
        customers: Frame, a row for all who are alike: frequency, recency, T (weeks), `last`
            (repeat occasions in the horizon before the cutoff), `holdout` (occasions in the
            horizon after it), weight.
        weekly: Frame: `week` (whole weeks from the cutoff, negative before it), `actual` (repeat
            occasions of these customers from the beginning to the end of that week).
    """

    cutoff: dt.date
    horizon: float
    customers: pd.DataFrame
    weekly: pd.DataFrame


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
    ds: Dataset, cutoffs: Sequence[dt.date], horizon_weeks: int = 13
) -> tuple[PurchaseHistory, ...]:
    """Return customers as known at each cutoff, with what they bought after it.

    Before the cutoff orders and refunds count as they were known then; after it as they are
    known now.

    Args:
        ds: The dataset, with orders.
        cutoffs: Days, each the last one that was known, at least the horizon before `as_of`.
        horizon_weeks: Weeks after the cutoff.

    Raises:
        ArgumentError: A horizon is not over at `as_of`.
    """
    guards.whole("horizon_weeks", horizon_weeks, low=1)
    latest = ds.as_of - dt.timedelta(weeks=horizon_weeks)
    found = []
    for day in cutoffs:
        guards.in_range("days after the cutoff", (latest - day).days, low=0)
        found.append(_one(ds, ds.at(day), day, horizon_weeks))
    return tuple(found)


def _one(ds: Dataset, then: Dataset, day: dt.date, weeks: int) -> PurchaseHistory:
    cut, span = (day - _EPOCH).days, weeks * WEEK
    before = occasions(then)
    people = before.group_by("member_id").agg(
        frequency=before.count() - 1,
        first=before.day.min(),
        final=before.day.max(),
        recent=(before.day > cut - span).sum(),
    )
    after = occasions(ds)
    after = after.filter((after.day > cut) & (after.day <= cut + span))
    later = after.group_by(buyer="member_id").agg(holdout=after.count())
    rows = people.left_join(later, people.member_id == later.buyer)
    new = (rows["first"] > cut - span).cast("int64")
    rows = rows.select(
        frequency=rows.frequency.cast("int64"),
        recency=(rows.final - rows["first"]).cast("int64"),
        T=(ibis.literal(cut, "int64") - rows["first"]).cast("int64"),
        last=(rows.recent.fill_null(0) - new).cast("int64"),
        holdout=rows.holdout.fill_null(0).cast("int64"),
    )
    key = ["frequency", "recency", "T", "last", "holdout"]
    frame = ds.frame(rows.group_by(key).agg(weight=rows.count()), key)
    frame = frame.assign(recency=frame["recency"] / WEEK, T=frame["T"] / WEEK)
    frame.attrs["time_unit"] = "W"
    return PurchaseHistory(day, float(weeks), frame, _weekly(ds, people, before, after, cut))


def _weekly(
    ds: Dataset, people: ir.Table, before: ir.Table, after: ir.Table, cut: int
) -> pd.DataFrame:
    """Return the repeat occasions of customers of the cutoff, cumulated by week."""
    firsts = people.select("member_id", "first")
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
