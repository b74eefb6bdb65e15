"""What purchases leave after goods and fulfilment, and what serving and winning people costs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics import cohorts
from commlab.metrics.acquisition import YEAR, cost_lines
from commlab.metrics.rfm import TIME_UNITS, occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)
# Goods are in the margin already; what names a campaign or channel was not spent on everybody.
NOT_SERVICE = ("goods",)


def margins(ds: Dataset) -> ir.Table:
    """Return purchase occasions with what they left: `member_id`, `day`, `net`, `margin`.

    Money is in minor units, margin as float64: what was paid less refunds less `cost`, the cost
    of what was refunded being saved in proportion; for orders without cost the workspace's
    `margin` times what was paid less refunds.

    Raises:
        NotEnoughDataError: Orders carry no cost and the workspace states no margin.
    """
    orders = order_margins(ds)
    sums = orders.group_by("member_id", "day").agg(margin=orders.margin.sum())
    return occasions(ds).inner_join(sums, ["member_id", "day"])


def order_margins(ds: Dataset) -> ir.Table:
    """Return what each order left.

    Columns: `order_id`, `member_id`, `buyer_status`, `campaign_id`, `at`, `day`, `net`, `margin`;
    money and margin are as in `margins`.

    Raises:
        NotEnoughDataError: Orders carry no cost and the workspace states no margin.
    """
    orders = ds.table("orders")
    share = ds.settings.margin
    if share is None and margin_source(ds) != "cost":
        raise NotEnoughDataError(
            "orders have no cost, or not all of them, and the workspace states no margin.",
            fix="Add cost to orders, or margin = 0.55 (your own share) to commlab.toml.",
        )
    net = (orders.amount - orders.refund_amount).cast("float64")
    kept = ibis.ifelse(orders.amount > 0, net / orders.amount.cast("float64"), 0.0)
    stated = net * (0.0 if share is None else share)
    return orders.select(
        "order_id",
        "member_id",
        "buyer_status",
        "campaign_id",
        at=orders.paid_at,
        day=orders.paid_at.cast("date").epoch_days().cast("int64"),
        net=orders.amount - orders.refund_amount,
        margin=ibis.ifelse(orders.cost.notnull(), net - orders.cost.cast("float64") * kept, stated),
    )


def margin_source(ds: Dataset) -> str:
    """Return where margins come from: "cost", "margin" or, for some orders each, "mixed"."""
    if "cost" not in ds.columns("orders"):
        return "margin"
    orders = ds.table("orders")
    row = ds.frame(orders.agg(n=orders.count(), known=orders.cost.count())).iloc[0]
    if int(row["known"]) == int(row["n"]):
        return "cost"
    return "mixed" if int(row["known"]) else "margin"


def customer_values(ds: Dataset, split: str | None = None, time_unit: str = "W") -> pd.DataFrame:
    """Return buyers with frequency, recency, T and margins, for models of lifetime value.

    Args:
        ds: The dataset, with orders.
        split: What tells segments apart (see `cohorts.members`); None: no column `segment`.
        time_unit: See `rfm_summary`.

    Returns:
        Frame sorted by member_id: member_id, frequency, recency, T, monetary_value (mean margin
        of the occasions after the first, in currency units; 0 without any), first_margin,
        past_margin (of the year up to `as_of`), last_bought_on (date), and `segment`.

    Raises:
        NotEnoughDataError: No margin is known.
    """
    unit = TIME_UNITS[guards.one_of("time_unit", time_unit, tuple(TIME_UNITS))]
    last = (ds.as_of - _EPOCH).days
    days = margins(ds)
    people = days.group_by("member_id").agg(
        frequency=days.count() - 1,
        first=days.day.min(),
        final=days.day.max(),
        total=days.margin.sum(),
        opening=days.margin.argmin(days.day),
        past=ibis.ifelse(days.day > last - YEAR, days.margin, 0.0).sum(),
    )
    if split is not None:
        known = cohorts.members(ds, split=split).select(known_id="member_id", segment="segment")
        people = people.left_join(known, people.member_id == known.known_id)
        people = people.mutate(segment=people.segment.fill_null(cohorts.UNKNOWN)).drop("known_id")
    frame = ds.frame(people, ["member_id"])
    count = frame["frequency"].to_numpy(dtype=np.int64)
    again = frame["total"].to_numpy() - frame["opening"].to_numpy()
    money = ds.money(1.0)
    out = pd.DataFrame(
        {
            "member_id": frame["member_id"],
            "frequency": count,
            "recency": (frame["final"] - frame["first"]) / unit,
            "T": (last - frame["first"]) / unit,
            "monetary_value": np.where(count > 0, money * again / np.maximum(count, 1), 0.0),
            "first_margin": money * frame["opening"],
            "past_margin": money * frame["past"],
            "last_bought_on": (
                pd.Timestamp(_EPOCH) + pd.to_timedelta(frame["final"], unit="D")
            ).dt.date,
        }
    )
    if split is not None:
        out["segment"] = frame["segment"].astype(str)
    out.attrs["time_unit"] = time_unit
    return out


@dataclasses.dataclass(frozen=True)
class UnitCosts:
    """What a person costs, from the cost lines of the last year (or since they begin).

    Attributes:
        service: Money per member and week for serving the community, None without cost lines.
        acquisition: Money for channels per new buyer, None without cost lines of channels.
        weeks: Weeks that the cost lines cover.
    """

    service: float | None
    acquisition: float | None
    weeks: float


def unit_costs(ds: Dataset) -> UnitCosts:
    """Return what a member costs a week, and what winning a buyer costs.

    Service is every cost line that names neither channel nor campaign and is not for goods,
    spread over the weeks of all members who had joined: people who left are still counted, so it
    is a little low. Acquisition is what was spent on channels, over those who bought first.

    Args:
        ds: The dataset, with orders.
    """
    if not ds.has("costs"):
        return UnitCosts(None, None, 0.0)
    lines, begin = cost_lines(ds)
    amount = lines["spent"]
    general = lines["channel"].isna() & lines["campaign_id"].isna()
    general &= ~lines["category"].isin(NOT_SERVICE)
    joined = ds.people().joined_at.cast("date").epoch_days()
    first, last = (begin - _EPOCH).days, (ds.as_of - _EPOCH).days
    present = (last + 1 - ibis.greatest(joined, first)).cast("float64")
    present = float(ds.frame(ds.people().agg(days=present.sum()))["days"].iloc[0] or 0.0)
    days = occasions(ds)
    opened = days.group_by("member_id").agg(day=days.day.min())
    new = int(ds.frame(opened.agg(n=(opened.day >= first).sum()))["n"].iloc[0] or 0)
    service, won = amount[general].sum(), amount[lines["channel"].notna()].sum()
    return UnitCosts(
        service=float(service) / (present / 7) if service and present else None,
        acquisition=float(won) / new if won and new else None,
        weeks=(last + 1 - first) / 7,
    )
