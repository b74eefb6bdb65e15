"""Coupons: how many are used by batch, who buys only with one, and what is left after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import intervals, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.margins import order_margins

if TYPE_CHECKING:
    from commlab.dataset import Dataset

OPEN_DAYS = 90  # of coupons without an end: who has not used one in a quarter has forgotten it
LEAST_ORDERS = 2  # with one order a buyer depends on coupons wholly or not at all
BANDS = ("none", "some", "most", "all")


def coupon_batches(
    ds: Dataset, *, level: float = LEVEL, min_at_risk: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return how many coupons of each batch were used, of those whose time is over.

    Args:
        ds: The dataset, with coupons.
        level: Confidence level.
        min_at_risk: Coupons below which a rate is "too few".

    Returns:
        Frame, latest batch first: batch, first (day of the first issue), people (members),
        at_risk (coupons whose time is over; without an end those issued 90 days ago), passed (of
        them used), rate with low and high (Wilson, members being the units), open (coupons whose
        time is not over), worth (face value of all used, currency units), status.

    Raises:
        MissingTableError: No coupons.
        NotEnoughDataError: There are none.
    """
    rows = _rows(ds)
    day = ibis.literal(ds.end, "timestamp(6)")
    end = rows.expires_at.coalesce(rows.issued_at + ibis.interval(days=OPEN_DAYS))
    rows = rows.mutate(
        over=(end < day).cast("int64"),
        # Used coupons of a batch that still runs count no more than unused ones: not yet.
        used=(rows.redeemed_at.notnull() & (end < day)).cast("int64"),
    )
    each = rows.group_by("batch", "member_id").agg(
        over=rows.over.sum(), used=rows.used.sum(), issued=rows.count(), first=rows.issued_at.min(),
        worth=rows.value.sum(where=rows.redeemed_at.notnull()),
    )  # fmt: skip
    y, x = each.used.cast("float64"), each.over.cast("float64")
    sums = each.group_by("batch").agg(
        first=each["first"].min(), people=each.count(), units=(each.over > 0).sum(),
        at_risk=each.over.sum(), passed=each.used.sum(), issued=each.issued.sum(),
        worth=each.worth.sum(), yy=(y * y).sum(), xx=(x * x).sum(), xy=(x * y).sum(),
    )  # fmt: skip
    frame = ds.frame(sums, ["batch"])
    if frame.empty:
        raise NotEnoughDataError("no coupon was given to a member.", where=ds.name)
    n = frame["at_risk"].to_numpy(dtype=float)
    rate = np.divide(frame["passed"], n, out=np.full(len(n), np.nan), where=n > 0)
    names = ("units", "passed", "at_risk", "yy", "xx", "xy")
    deff = intervals.clustered_effect(*(frame[name] for name in names))
    low, high = stats.wilson(frame["passed"], n, level=level, deff=deff)
    enough = n >= min_at_risk
    for name, values in (("rate", rate), ("low", low), ("high", high)):
        frame[name] = np.where(enough, values, np.nan)
    frame["open"] = frame["issued"] - frame["at_risk"]
    frame["worth"] = ds.money(frame["worth"].fillna(0).astype(float))
    frame["status"] = np.where(enough, "ok", "too_few")
    frame["first"] = frame["first"].dt.date
    frame = frame.sort_values(["first", "batch"], ascending=[False, True], kind="stable")
    return frame[["batch", "first", "people", "at_risk", "passed", "rate", "low", "high", "open",
                  "worth", "status"]].reset_index(drop=True)  # fmt: skip


def coupon_dependence(ds: Dataset, *, least_orders: int = LEAST_ORDERS) -> pd.DataFrame:
    """Return buyers by the share of their orders that used a coupon.

    Orders since the first coupon was issued, of buyers with at least `least_orders` of them.

    Args:
        ds: The dataset, with coupons and orders.
        least_orders: Orders that a buyer needs to be judged.

    Returns:
        Frame: band ("none", "some": up to half, "most": more than half, "all"), buyers, share,
        low and high (Wilson), orders.

    Raises:
        MissingTableError: No coupons or orders.
        NotEnoughDataError: No buyer has so many orders, or no coupon names its order.
    """
    orders = _with_coupon(ds)
    each = orders.group_by("member_id").agg(n=orders.count(), used=orders.used.sum())
    each = each.filter(each.n >= least_orders)
    half = each.used * 2
    band = ibis.cases(
        (each.used == 0, BANDS[0]), (each.used == each.n, BANDS[3]),
        (half > each.n, BANDS[2]), else_=BANDS[1],
    )  # fmt: skip
    each = each.mutate(band=band)
    sums = ds.frame(each.group_by("band").agg(buyers=each.count(), orders=each.n.sum()), ["band"])
    if sums.empty:
        raise NotEnoughDataError(f"no buyer has {least_orders} orders since the first coupon.")
    frame = sums.set_index("band").reindex(list(BANDS), fill_value=0).reset_index()
    total = int(frame["buyers"].sum())
    frame["share"] = frame["buyers"] / total
    frame["low"], frame["high"] = stats.wilson(frame["buyers"], total)
    return frame[["band", "buyers", "share", "low", "high", "orders"]]


def coupon_dependent(frame: pd.DataFrame, *, min_people: int = MIN_AT_RISK) -> Estimate:
    """Return the share of buyers who use a coupon for more than half of their orders.

    Args:
        frame: From `coupon_dependence`.
        min_people: Fewer buyers are "too few".
    """
    n = int(frame["buyers"].sum())
    if n < min_people:
        return Estimate.too_few(n, unit="share", minimum=min_people)
    k = int(frame.loc[frame["band"].isin(BANDS[2:]), "buyers"].sum())
    low, high = stats.wilson(k, n)
    return Estimate(value=k / n, low=float(low), high=float(high), n=n, unit="share",
                    method="Wilson")  # fmt: skip


def coupon_margins(ds: Dataset, *, level: float = LEVEL) -> pd.DataFrame:
    """Return what an order with and without a coupon is worth and leaves.

    Amounts are those paid, so the coupon is off already. Who uses a coupon is not dealt out at
    random, and what would have been bought without it is not seen: association.

    Args:
        ds: The dataset, with coupons, and orders with costs or a margin of the workspace.
        level: Confidence level.

    Returns:
        Frame of "with" and "without": label, orders, buyers, revenue (net, of an order), margin
        (of an order) with low and high (buyers are the units), rate (margin over net revenue).

    Raises:
        MissingTableError: No coupons or orders.
        NotEnoughDataError: No coupon names its order, or no margin is known.
    """
    orders = _with_coupon(ds)
    each = orders.group_by("used", "member_id").agg(
        n=orders.count(), net=orders.net.sum(), margin=orders.margin.sum()
    )
    y, x = each.margin, each.n.cast("float64")
    sums = each.group_by("used").agg(
        buyers=each.count(), orders=each.n.sum(), net=each.net.sum(), y=y.sum(), yy=(y * y).sum(),
        xx=(x * x).sum(), xy=(x * y).sum(),
    )  # fmt: skip
    frame = ds.frame(sums, ["used"]).sort_values("used", ascending=False)
    unit = ds.money(1.0)
    margin, low, high = (
        unit * end for end in stats.ratio_interval(
            frame["buyers"], frame["y"], frame["orders"], frame["yy"], frame["xx"], frame["xy"],
            level=level,
        )
    )  # fmt: skip
    label = np.where(frame["used"] == 1, "with", "without")
    net = frame["net"].astype(float)
    out = frame.assign(label=label, revenue=unit * net / frame["orders"], margin=margin, low=low,
                       high=high, rate=frame["y"] / net)  # fmt: skip
    names = ["label", "orders", "buyers", "revenue", "margin", "low", "high", "rate"]
    return out[names].reset_index(drop=True)


def _rows(ds: Dataset) -> ir.Table:
    rows = ds.table("coupons")
    rows = rows.filter(rows.member_id.notnull(), rows.issued_at.notnull())
    return rows.anti_join(ds.staff_ids(), "member_id")


def _with_coupon(ds: Dataset) -> ir.Table:
    """Return orders of members since the first coupon: member_id, used (0, 1), net, margin."""
    coupons = _rows(ds)
    told = ds.frame(coupons.agg(first=coupons.issued_at.min(), n=coupons.order_id.count()))
    if not int(told["n"].iloc[0]):
        raise NotEnoughDataError("no coupon names the order that it was used on.", where=ds.name)
    orders = order_margins(ds)
    begin = pd.Timestamp(told["first"].iloc[0]).to_pydatetime()
    orders = orders.filter(orders.member_id.notnull(), orders["at"] >= ibis.literal(begin))
    orders = orders.anti_join(ds.staff_ids(), "member_id")
    used = coupons.filter(coupons.order_id.notnull()).select("order_id").distinct()
    orders = orders.left_join(used, "order_id")
    return orders.select("member_id", "net", "margin",
                         used=orders.order_id_right.notnull().cast("int64"))  # fmt: skip
