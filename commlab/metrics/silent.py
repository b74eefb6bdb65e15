"""Who went silent: the members to call while they can still be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab.metrics import activity as activities, departures, periods
from commlab.metrics.lifecycle import dormant

if TYPE_CHECKING:
    from commlab.dataset import Dataset

COLUMNS = ("member_id", "adviser_id", "channel", "last_active_on", "orders", "net_revenue")


def silent_members(
    ds: Dataset,
    flow: pd.DataFrame,
    unit: str = "month",
    activity: str = "any",
    anchor: str = "joined",
) -> pd.DataFrame:
    """Return the members whom the last complete period of `lifecycle` counts as dormant.

    They were active in the period before and not in that one, and had not left by its end.
    Whoever was active again since then needs no call, and whoever left since then cannot be
    reached: both are left out.

    Args:
        ds: The dataset.
        flow: What `lifecycle` returned for the same unit, activity and anchor.
        unit: See `lifecycle`.
        activity: See `lifecycle`.
        anchor: See `lifecycle`.

    Returns:
        Frame with member_id (real ids: for `private/` only), adviser_id, channel (both missing
        where not known), last_active_on (date), orders (paid), net_revenue (after refunds, in
        currency units; both missing without a table of orders); highest revenue first, then the
        latest seen.
    """
    known = flow[flow["status"] == "ok"]
    if known.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    last = periods.number_of(known["period"].iloc[-1].date(), unit, ds.settings.week_start)
    who = dormant(ds, last, unit, activity, anchor)
    seen = activities.events(ds, activity).semi_join(who, "member_id")
    seen = seen.group_by("member_id").agg(last_active=seen["at"].max())
    seen = seen.filter(periods.number(seen.last_active, unit, ds.settings.week_start) < last)
    gone = departures.absences(ds)
    if gone is not None:
        seen = seen.anti_join(gone.filter(gone.gone_until.isnull()), "member_id")
    people = ds.people().select("member_id", "adviser_id", "channel")
    rows = seen.inner_join(people, "member_id")
    if ds.has("orders"):
        rows = rows.left_join(_spent(ds), "member_id").drop("member_id_right")
        rows = rows.mutate(orders=rows.orders.fill_null(0), net=rows.net.fill_null(0))
    else:
        nothing = ibis.null().cast("int64")
        rows = rows.mutate(orders=nothing, net=nothing)
    order = [ibis.desc("net"), ibis.desc("last_active"), "member_id"]
    frame = ds.frame(rows.order_by(order))
    frame["last_active_on"] = frame["last_active"].dt.date
    frame["net_revenue"] = ds.money(frame["net"])
    return frame[list(COLUMNS)]


def _spent(ds: Dataset) -> ibis.Table:
    orders = ds.table("orders")
    return orders.group_by("member_id").agg(
        orders=orders.count(), net=(orders.amount - orders.refund_amount).sum()
    )
