"""Who members are: sums by sex, age, region, channel, tier and spending, for comparison."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError
from commlab.metrics import activity as activities, cohorts, periods
from commlab.metrics.layers import YEAR
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DIMENSIONS = ("gender", "age", "region", "channel", "tier")
WINDOW = 90  # days in which a sign of life counts as being retained: a quarter
MEASURES = ("retained", "net")
# Ten-year bands as consumer surveys in China have them; the ends are open.
AGES = ((0, 24, "-24"), (25, 34, "25-34"), (35, 44, "35-44"), (45, 54, "45-54"), (55, 110, "55+"))
_KEYS = ("segment", "stratum", "cluster")
NONE = "none"  # tier of members who hold none


def profile_dimensions(ds: Dataset) -> tuple[str, ...]:
    """Return what the workspace knows of its members: those of `DIMENSIONS` that it holds.

    Args:
        ds: The dataset.
    """
    held = ds.columns("members") if ds.has("members") else frozenset()
    column = {"age": "birth_year"}
    found = [name for name in DIMENSIONS if column.get(name, name) in held]
    return tuple(found + (["tier"] if ds.has("tiers") else []))


def profile_measures(ds: Dataset) -> tuple[str, ...]:
    """Return which of `MEASURES` the workspace can show.

    Args:
        ds: The dataset.
    """
    found = []
    try:
        activities.sources(ds)
        found.append("retained")
    except MissingTableError:
        pass
    return tuple(found + (["net"] if ds.has("orders") else []))


def profile_counts(ds: Dataset, dimension: str) -> pd.DataFrame:
    """Return all members by one dimension, with their share of the net revenue of a year.

    Args:
        ds: The dataset.
        dimension: One of `profile_dimensions`.

    Returns:
        Frame, largest first, "unknown" last: segment, people, share (of members), share_value
        (of members' net revenue of the last 365 days; missing without orders). Full counts, so
        without intervals.
    """
    people = _segments(ds, dimension)
    rows = people.mutate(value=ibis.literal(0, "int64"))
    if ds.has("orders"):
        spent = _spent(ds)
        rows = people.left_join(spent, people.member_id == spent.known)
        rows = rows.select("segment", value=rows.value.fill_null(0))
    counts = rows.group_by("segment").agg(people=rows.count(), value=rows.value.sum())
    frame = ds.frame(counts, ["segment"])
    frame["share"] = frame["people"] / frame["people"].sum()
    total = frame.pop("value").astype(float)
    frame["share_value"] = total / total.sum() if total.sum() > 0 else float("nan")
    order = frame.assign(last=frame["segment"].eq(cohorts.UNKNOWN), size=-frame["people"])
    order = order.sort_values(["last", "size", "segment"], kind="stable")
    return frame.loc[order.index].reset_index(drop=True)


def profile_sums(
    ds: Dataset, dimension: str, measure: str, window_days: int = WINDOW
) -> pd.DataFrame:
    """Return what members of each segment did lately, summed as `models.ranked_segments` takes it.

    Only members who joined before the window: the others had no time. Their month of joining is
    the stratum, so a segment of old members is compared with old members.

    Args:
        ds: The dataset.
        dimension: One of `profile_dimensions`.
        measure: "retained" (a message, order, check-in or click in the window) or "net" (net
            revenue of the window, refunds counted with their order; currency units).
        window_days: Days up to `as_of`.

    Returns:
        Frame sorted by segment, stratum and cluster: segment, stratum ("2026-03"), cluster (first
        chat group joined, missing without one), n, total and square.

    Raises:
        ArgumentError: Unknown dimension or measure.
        MissingTableError: The workspace lacks a table that they need.
    """
    guards.one_of("measure", measure, MEASURES)
    first = ds.as_of - dt.timedelta(days=window_days - 1)
    start = ibis.literal(dt.datetime.combine(first, dt.time()), "timestamp(6)")
    people = _segments(ds, dimension)
    known = cohorts.members(ds, cluster=ds.has("memberships"))
    known = known.filter(known.anchor < start)
    month = periods.month_name(periods.number(known.anchor, "month"))
    cluster = known.cluster if ds.has("memberships") else ibis.null("string")
    known = known.select(own="member_id", stratum=month, cluster=cluster)
    rows = people.inner_join(known, people.member_id == known.own)
    rows = rows.select("member_id", *_KEYS)
    if measure == "net":
        day = periods.number_of(first, "day")
        value = occasions(ds)
        value = (
            value.filter(value.day >= day).group_by("member_id").agg(value=lambda t: t.net.sum())
        )
    else:
        value = activities.events(ds, since=first)
        value = value.filter(value["at"] >= start).select("member_id").distinct()
        value = value.mutate(value=ibis.literal(1, "int64"))
    value = value.select(acting="member_id", value=value.value.cast("float64"))
    every = rows.left_join(value, rows.member_id == value.acting)
    every = every.select(*_KEYS, value=every.value.fill_null(0.0))
    sums = every.group_by(*_KEYS).agg(
        n=every.count(), total=every.value.sum(), square=(every.value * every.value).sum()
    )
    frame = ds.frame(sums, list(_KEYS))
    if measure == "net":
        unit = ds.money(1.0)
        frame = frame.assign(total=frame["total"] * unit, square=frame["square"] * unit**2)
    return frame


def _spent(ds: Dataset) -> ir.Table:
    days = occasions(ds)
    days = days.filter(days.day > periods.number_of(ds.as_of, "day") - YEAR)
    return days.group_by(known="member_id").agg(value=days.net.sum().cast("int64"))


def _segments(ds: Dataset, dimension: str) -> ir.Table:
    """Return `member_id`, `segment` of every member."""
    guards.one_of("dimension", dimension, profile_dimensions(ds) or ("none here",))
    people = ds.people()
    if dimension == "tier":
        held = tiers_held(ds).select(holder="member_id", tier="state")
        rows = people.select("member_id").left_join(held, people.member_id == held.holder)
        return rows.select("member_id", segment=rows.tier.fill_null(NONE))
    if dimension == "age":
        # By the year alone, as known: in that year people have this age for half of it on average.
        age = ibis.literal(ds.as_of.year, "int64") - people.birth_year
        bands = [((age >= low) & (age <= high), name) for low, high, name in AGES]
        segment = ibis.cases(*bands, else_=cohorts.UNKNOWN)
        return people.select("member_id", segment=segment.fill_null(cohorts.UNKNOWN))
    return people.select("member_id", segment=people[dimension].fill_null(cohorts.UNKNOWN))


def tiers_held(ds: Dataset) -> ir.Table:
    """Return the tier that each member held on `as_of`: `member_id`, `state`.

    Of several on that day the one that began last counts (ties: the first by name).

    Args:
        ds: The dataset, with tiers.
    """
    rows = ds.table("tiers").anti_join(ds.staff_ids(), "member_id")
    midnight = ibis.literal(ds.end - dt.timedelta(days=1), "timestamp(6)")
    rows = rows.filter(rows.valid_to.isnull() | (rows.valid_to >= midnight))
    edge = rows.group_by("member_id").agg(begun=rows.valid_from.max())
    last = rows.inner_join(edge, ["member_id", rows.valid_from == edge.begun])
    return last.group_by("member_id").agg(state=last.tier.min())
