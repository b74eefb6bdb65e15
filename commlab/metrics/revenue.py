"""Revenue retention: net revenue of a cohort k periods later over that of its joining period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.config import MIN_EVENTS
from commlab.estimate import LEVEL
from commlab.metrics import activity as activities, cohorts, periods as calendar
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def net_rows(ds: Dataset) -> ir.Table:
    """Return payments and refunds of known buyers: `member_id`, `paid_at`, `at`, `net`.

    A refund counts when it was made, or with its order where its time is not known, so that a
    month that is over keeps its figure. `net` is in minor units, negative for refunds.
    """
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull())
    paid = orders.select("member_id", "paid_at", at="paid_at", net="amount")
    refunds = orders.filter(orders.refund_amount != 0)
    refunds = refunds.select(
        "member_id",
        "paid_at",
        at=ibis.coalesce(refunds.refunded_at, refunds.paid_at),
        net=-refunds.refund_amount,
    )
    return ibis.union(paid, refunds)


def revenue_retention(
    ds: Dataset,
    anchor: str = "joined",
    cohort: str = "month",
    *,
    split: str | None = None,
    periods: int | None = None,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return net revenue of each cohort by period, over its net revenue in period 0.

    Orders paid before the anchor do not count, nor do their refunds.

    Args:
        ds: The dataset.
        anchor: See `retention`.
        cohort: "month" or "week".
        split: See `retention`.
        periods: Last period to show; default all.
        level: Confidence level.
        min_at_risk: People below which a ratio is "too few"; default from the settings.

    Returns:
        Frame sorted by segment, cohort and period: `segment` (only with `split`), `cohort`
        (first day), `period`, `size`, `at_risk` (members of the cohort), `buyers` (members with
        positive net spend in the period), `revenue`, `base` (currency units, net of refunds;
        those of period k and of period 0), `rate` (may exceed 1), `low`, `high` (delta method
        over members, on the log scale where it is clear of 0; Student's quantile), `status`:
        as for `retention`, "too_few" also with fewer than 5 buyers in either period (the delta
        method needs some), and "no_base" where period 0 brought no positive net revenue. Money
        is missing where the period is not over or not covered by the orders ("before_data",
        "after_data").

    Raises:
        ArgumentError: An argument is outside what is listed.
        MissingTableError: There are no orders, or what the anchor or split needs is missing.
    """
    guards.one_of("anchor", anchor, cohorts.ANCHORS)
    guards.one_of("cohort", cohort, cohorts.UNITS)
    if periods is not None:
        guards.whole("periods", periods)
    smallest = minimum(ds, min_at_risk)
    week_start = ds.settings.week_start
    people = cohorts.members(ds, anchor, split)
    if split is None:
        people = people.mutate(segment=ibis.literal(""))
    people = people.mutate(cohort=calendar.number(people.anchor, cohort, week_start))
    people = people.select("member_id", "segment", "cohort", "anchor")
    keys = ["segment", "cohort"]
    sizes = people.group_by(keys).agg(size=people.count())
    frame = ds.frame(_sums(ds, people, cohort), [*keys, "k"])
    return _table(ds, ds.frame(sizes, keys), frame, cohort, split, periods, level, smallest)


def _sums(ds: Dataset, people: ir.Table, unit: str) -> ir.Table:
    """Return per segment, cohort and k the sums over members that the ratio needs."""
    rows = net_rows(ds).inner_join(people, "member_id")
    rows = rows.filter(rows.paid_at >= rows.anchor)
    rows = rows.mutate(k=calendar.number(rows["at"], unit, ds.settings.week_start) - rows.cohort)
    rows = rows.group_by("member_id", "segment", "cohort", "k").agg(net=rows.net.sum())
    own = ibis.window(group_by="member_id")
    base = ibis.ifelse(rows.k == 0, rows.net, 0).sum().over(own)
    # Squares of minor units overflow whole numbers: from here on it is float64.
    rows = rows.mutate(y=rows.net.cast("float64"), x=base.cast("float64"))
    return rows.group_by("segment", "cohort", "k").agg(
        net=rows.net.sum(),
        buyers=(rows.net > 0).sum(),
        yy=(rows.y * rows.y).sum(),
        xy=(rows.x * rows.y).sum(),
    )


def _table(
    ds: Dataset,
    sizes: pd.DataFrame,
    sums: pd.DataFrame,
    unit: str,
    split: str | None,
    horizon: int | None,
    level: float,
    smallest: int,
) -> pd.DataFrame:
    week_start = ds.settings.week_start
    current = calendar.number_of(ds.as_of, unit, week_start)
    born = sizes["cohort"].to_numpy(dtype=np.int64)
    width = int(current - born.min()) + 1 if len(born) else 0
    width = width if horizon is None else min(width, horizon + 1)
    place = pd.MultiIndex.from_frame(sizes[["segment", "cohort"]])
    row = place.get_indexer(pd.MultiIndex.from_frame(sums[["segment", "cohort"]]))
    k = sums["k"].to_numpy(dtype=np.int64)
    seen = k < width
    matrix = {}
    for name in ("net", "buyers", "yy", "xy"):
        matrix[name] = np.zeros((len(sizes), width))
        matrix[name][row[seen], k[seen]] = sums[name].to_numpy(dtype=float)[seen]
    size = np.repeat(sizes["size"].to_numpy(dtype=np.int64), width)
    number = np.tile(np.arange(width, dtype=np.int64), len(sizes))
    begins = np.repeat(born, width) + number
    net, buyers, yy, xy = (matrix[name].ravel() for name in ("net", "buyers", "yy", "xy"))
    base, payers, xx = (
        np.repeat(matrix[name][:, 0], width) if width else np.zeros(0)
        for name in ("net", "buyers", "yy")
    )
    rate, low, high = stats.ratio_interval(size, net, base, yy, xx, xy, level=level, log=True)
    status = np.full(len(begins), "ok", dtype=object)
    status[(size < smallest) | (np.minimum(buyers, payers) < MIN_EVENTS)] = "too_few"
    status[base <= 0] = "no_base"
    status[begins > calendar.last_complete(ds.as_of, unit, week_start)] = "open"
    if len(born):
        seen_from, seen_until = activities.covered(ds, "order", unit, int(born.min()))
        status[begins > (np.inf if seen_until is None else seen_until)] = "after_data"
        missing = np.inf if seen_from is None else seen_from
        status[begins < missing] = "before_data"
        # A base that was not seen is no base.
        status[(np.repeat(born, width) < missing) & (status == "ok")] = "no_base"
    known = ~np.isin(status, ["open", "before_data", "after_data"])
    shown = status == "ok"
    at_risk = pd.array(size, dtype="Int64")
    counted = pd.array(buyers.astype(np.int64), dtype="Int64")
    at_risk[~known] = pd.NA
    counted[~known] = pd.NA
    columns: dict[str, Any] = {
        "segment": np.repeat(sizes["segment"].to_numpy(dtype=object), width),
        "cohort": calendar.starts(np.repeat(born, width), unit, week_start),
        "period": number,
        "size": size,
        "at_risk": at_risk,
        "buyers": counted,
        "revenue": np.where(known, ds.money(1.0) * net, np.nan),
        "base": np.where(known, ds.money(1.0) * base, np.nan),
        "rate": np.where(shown, rate, np.nan),
        "low": np.where(shown, low, np.nan),
        "high": np.where(shown, high, np.nan),
        "status": status,
    }
    if split is None:
        del columns["segment"]
    return pd.DataFrame(columns)[begins <= current].reset_index(drop=True)
