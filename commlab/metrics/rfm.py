"""Frequency, recency, age and spend of buyers, counted in the engine.

A purchase occasion is one local day on which a customer's net spend was positive: orders of one
day count once, an order refunded in full does not count. (`retention` counts activity instead: a
paid order is one, refunded or not.)
"""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import DataWarning

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Days of a unit; a month is the mean one of the Gregorian calendar (146,097 days in 4,800 months).
TIME_UNITS = {"D": 1.0, "W": 7.0, "M": 146_097 / 4_800}

# Day and net share one int64: days fit until the year 2149, and nobody spends 1.4 × 10¹² in one.
_NET_BELOW = 2**47


def occasions(ds: Dataset) -> ir.Table:
    """Return the days with positive net spend of known buyers: `member_id`, `day`, `net`.

    `day` is numbered from 1970-01-01 and drawn in the workspace's zone, `net` is in minor units.
    Refunds count with their order, those known at `as_of` only. Staff are left out.

    Args:
        ds: The dataset, with orders.
    """
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull()).anti_join(ds.staff_ids(), "member_id")
    day = orders.paid_at.cast("date").epoch_days().cast("int64")
    orders = orders.select("member_id", day=day, net=orders.amount - orders.refund_amount)
    days = orders.group_by("member_id", "day").agg(net=orders.net.sum())
    return days.filter(days.net > 0)


def _people(ds: Dataset, until: dt.date | None) -> ir.Table:
    """Return per buyer: member_id, frequency, recency_days, T_days, repeat spend (minor units)."""
    last = ((until or ds.as_of) - dt.date(1970, 1, 1)).days
    days = occasions(ds)
    days = days.filter(days.day <= last)
    people = days.group_by("member_id").agg(
        frequency=days.count() - 1,
        first=days.day.min(),
        final=days.day.max(),
        total=days.net.sum(),
        # Ibis writes `argmin` as an ordered FIRST, which sorts: the least pair takes half as long.
        opened=(days.day * _NET_BELOW + days.net).min(),
    )
    return people.select(
        "member_id",
        frequency=people.frequency.cast("int64"),
        recency_days=(people.final - people["first"]).cast("int64"),
        T_days=(ibis.literal(last, "int64") - people["first"]).cast("int64"),
        spend=(people.total - (people.opened - people["first"] * _NET_BELOW)).cast("int64"),
    )


def rfm_summary(
    ds: Dataset, time_unit: str = "W", *, until: str | dt.date | None = None
) -> pd.DataFrame:
    """Return what buy-till-you-die models need to know of each buyer.

    Args:
        ds: The dataset, with orders. Staff are left out.
        time_unit: "D", "W" (7 days) or "M" (30.4 days): the unit of `recency` and `T`. Occasions
            are merged by day whatever the unit.
        until: Count as if the data ended with this day (for backtests); default `ds.as_of`.
            Refunds known at `ds.as_of` count: for what was known then, open the dataset at it.

    Returns:
        Frame sorted by member_id: member_id, frequency (occasions after the first), recency
        (from the first to the last), T (from the first to the end), monetary_value (mean net
        spend of the occasions after the first, in currency units; 0 without any). The unit
        stands in `attrs["time_unit"]`.

    Raises:
        MissingTableError: There are no orders.
    """
    unit = TIME_UNITS[guards.one_of("time_unit", time_unit, tuple(TIME_UNITS))]
    frame = ds.frame(_people(ds, guards.date("until", until)), ["member_id"])
    _warn_refunded(ds, len(frame))
    count = frame["frequency"].to_numpy()
    spend = frame["spend"].to_numpy(dtype=float) / (count + (count == 0))
    out = pd.DataFrame(
        {
            "member_id": frame["member_id"],
            "frequency": frame["frequency"],
            "recency": frame["recency_days"] / unit,
            "T": frame["T_days"] / unit,
            "monetary_value": ds.money(1.0) * spend,
        }
    )
    out.attrs["time_unit"] = time_unit
    return out


def rfm_groups(
    ds: Dataset, time_unit: str = "W", *, until: str | dt.date | None = None
) -> tuple[pd.DataFrame, ir.Table]:
    """Return the distinct customers with counts, and who is which, still in the engine.

    A driver that scores the distinct rows can join the scores back in the engine, so that it
    never holds a row for each of 100 million members.

    Args:
        ds: See `rfm_summary`.
        time_unit: See `rfm_summary`.
        until: See `rfm_summary`.

    Returns:
        Frame: frequency, recency, T, weight (customers), and the whole numbers recency_days and
        T_days, which with frequency are the key; and an expression: member_id, frequency,
        recency_days, T_days.
    """
    unit = TIME_UNITS[guards.one_of("time_unit", time_unit, tuple(TIME_UNITS))]
    people = _people(ds, guards.date("until", until))
    key = ["frequency", "recency_days", "T_days"]
    frame = ds.frame(people.group_by(key).agg(weight=people.count()), key)
    frame["recency"], frame["T"] = frame["recency_days"] / unit, frame["T_days"] / unit
    frame.attrs["time_unit"] = time_unit
    return frame[["frequency", "recency", "T", "weight", *key[1:]]], people.select(
        "member_id", *key
    )


def _warn_refunded(ds: Dataset, kept: int) -> None:
    if kept:
        return
    orders = ds.table("orders")
    rows = int(ds.engine.execute(orders.count()))
    warnings.warn(
        f"none of {rows:,} orders is of a known buyer with positive net spend: all are refunded, "
        "free of charge or without member_id.",
        DataWarning,
        stacklevel=3,
    )
