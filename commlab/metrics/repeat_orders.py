"""Second purchases, repurchase cycles by category, and who is due for one now."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats as distributions

from commlab import guards, stats
from commlab.estimate import LEVEL
from commlab.metrics.rates import minimum
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)
CYCLE_DAYS = 182  # half a year: longer cycles look like two separate purchases
DUE_COLUMNS = (
    "member_id", "adviser_id", "category", "last_bought_on", "due_on", "days_late", "cycle_days",
)  # fmt: skip


def second_orders(ds: Dataset) -> pd.DataFrame:
    """Return how long buyers took from the first to the second purchase occasion.

    Args:
        ds: The dataset, with orders.

    Returns:
        Rows of stays as `commlab.models.survival_curve` takes them, a buyer being "lost" when he
        buys again: lower, upper (days), observed, n.
    """
    days = occasions(ds)
    first = days.group_by("member_id").agg(first=days.day.min())
    later = days.inner_join(first, "member_id")
    later = later.filter(later.day > later["first"])
    second = later.group_by(buyer="member_id").agg(second=later.day.min())
    rows = first.left_join(second, first.member_id == second.buyer)
    last = (ds.as_of - _EPOCH).days
    rows = rows.select(
        observed=rows.second.notnull(),
        upper=ibis.coalesce(rows.second, ibis.literal(last, "int64")) - rows["first"],
    )
    frame = ds.frame(rows.group_by("observed", "upper").agg(n=rows.count()), ["upper", "observed"])
    # A second purchase on day k came in (k − 1, k]; who has not bought was followed to day k.
    lower = frame["upper"] - frame["observed"].astype(int)
    return frame.assign(lower=lower)[["lower", "upper", "observed", "n"]]


def _purchases(ds: Dataset) -> ir.Table:
    """Return the days on which each person bought a category: member_id, category, day."""
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull(), orders.amount > orders.refund_amount)
    orders = orders.anti_join(ds.staff_ids(), "member_id")
    orders = orders.select(
        "order_id", "member_id", day=orders.paid_at.cast("date").epoch_days().cast("int64")
    )
    items = ds.table("order_items").select("order_id", "category")
    items = items.filter(items.category.notnull())
    rows = items.inner_join(orders, "order_id")
    return rows.select("member_id", "category", "day").distinct()


def repurchase_cycles(
    ds: Dataset,
    window: int = CYCLE_DAYS,
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return for each category who buys it again, and after how long.

    Each buyer counts once, with the gap between the first and the second purchase of the
    category, and only where the whole window after the first one is over: then nothing is
    censored inside it, and the quantiles of those who came again are plain ones.

    Args:
        ds: The dataset, with orders and order_items.
        window: Days after a purchase in which the next one counts as a repurchase.
        level: Confidence level.
        min_at_risk: Buyers, and repurchasers, below which a row is "too_few"; default from the
            settings.

    Returns:
        Frame by buyers, most first: segment (the category), at_risk (buyers whose window is
        over), active (of them, those who bought it again within it), rate, low, high (Wilson),
        cycle, cycle_low, cycle_high (median days of those, from order statistics), cycle_25,
        cycle_75 (quartiles), status.

    Raises:
        MissingTableError: There are no orders or no order items.
    """
    guards.whole("window", window, low=1)
    smallest = minimum(ds, min_at_risk)
    days = _purchases(ds)
    keys = ["member_id", "category"]
    first = days.group_by(keys).agg(first=days.day.min())
    first = first.filter(first["first"] <= (ds.as_of - _EPOCH).days - window)
    later = days.inner_join(first, keys)
    later = later.filter(later.day > later["first"], later.day <= later["first"] + window)
    gaps = later.group_by(keys).agg(gap=(later.day - later["first"]).min())
    counted = gaps.group_by("category", "gap").agg(n=gaps.count())
    sizes = ds.frame(first.group_by("category").agg(at_risk=first.count()), ["category"])
    frame = ds.frame(counted, ["category", "gap"])
    rows = []
    for category, size in zip(sizes["category"], sizes["at_risk"], strict=True):
        own = frame[frame["category"] == category]
        gap = np.repeat(own["gap"].to_numpy(dtype=float), own["n"].to_numpy())
        low, high = stats.wilson(len(gap), int(size), level=level)
        enough = int(size) >= smallest
        row = {
            "segment": str(category), "at_risk": int(size), "active": len(gap),
            "rate": len(gap) / int(size) if enough else np.nan,
            "low": float(low) if enough else np.nan, "high": float(high) if enough else np.nan,
            "status": "ok" if enough else "too_few",
        }  # fmt: skip
        names = ("cycle", "cycle_low", "cycle_high", "cycle_25", "cycle_75")
        row |= dict(zip(names, _median(gap, level, smallest), strict=True))
        rows.append(row)
    columns = ["segment", "at_risk", "active", "rate", "low", "high", "cycle", "cycle_low",
               "cycle_high", "cycle_25", "cycle_75", "status"]  # fmt: skip
    out = pd.DataFrame(rows, columns=columns)
    return out.sort_values(["at_risk", "segment"], ascending=[False, True]).reset_index(drop=True)


def _median(gap: np.ndarray, level: float, smallest: int) -> tuple[float, ...]:
    """Return the median with its interval by ranks (binomial), and the quartiles."""
    if len(gap) < smallest:
        return (np.nan,) * 5
    n = len(gap)
    rank = int(distributions.binom.ppf((1 - level) / 2, n, 0.5))
    low, high = gap[max(rank - 1, 0)], gap[min(n - rank, n - 1)]
    quarter, middle, upper = np.quantile(gap, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high), float(quarter), float(upper)


def due_members(ds: Dataset, cycles: pd.DataFrame, within: int = 14) -> pd.DataFrame:
    """Return who is due to buy a category again: a median cycle after the last purchase.

    Args:
        ds: The dataset, with orders and order_items.
        cycles: From `repurchase_cycles`; categories without a cycle are left out.
        within: Days before or after `as_of` in which the due day falls.

    Returns:
        Frame with real ids, for `private/` only, one row a member and category, those whose due
        day is nearest first: member_id, adviser_id, category, last_bought_on, due_on (last
        purchase plus the median cycle), days_late (negative: still to come), cycle_days.
    """
    guards.whole("within", within)
    known = cycles[cycles["cycle"].notna()].set_index("segment")
    if known.empty:
        return pd.DataFrame(columns=list(DUE_COLUMNS))
    last = (ds.as_of - _EPOCH).days
    days = _purchases(ds)
    final = days.group_by("member_id", "category").agg(final=days.day.max())
    near = [
        round(float(known["cycle"].min())) - within,
        round(float(known["cycle"].max())) + within,
    ]
    final = final.filter((last - final.final).between(*near))
    people = ds.people().select("member_id", "adviser_id")
    rows = ds.frame(final.inner_join(people, "member_id"), ["member_id", "category"])
    rows = rows[rows["category"].isin(known.index)]
    cycle = rows["category"].map(known["cycle"]).astype(float).round().astype(int)
    epoch = pd.Timestamp(_EPOCH)
    out = rows.assign(
        last_bought_on=(epoch + pd.to_timedelta(rows["final"], unit="D")).dt.date,
        due_on=(epoch + pd.to_timedelta(rows["final"] + cycle, unit="D")).dt.date,
        days_late=last - rows["final"] - cycle,
        cycle_days=cycle,
    )
    out = out[out["days_late"].abs() <= within]
    out = out.assign(_away=out["days_late"].abs())
    out = out.sort_values(["_away", "member_id", "category"], kind="stable")
    return out[list(DUE_COLUMNS)].reset_index(drop=True)
