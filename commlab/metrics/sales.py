"""Sales by month: what was paid, what was given back, how many bought, how many again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import DataError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import periods
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

COLUMNS = ("month", "orders", "buyers", "returning", "gross", "refunds", "net", "complete")


def monthly_sales(ds: Dataset) -> pd.DataFrame:
    """Return sales by calendar month of payment, of everybody who is not staff.

    Args:
        ds: The dataset, with orders.

    Returns:
        One row a month from the first order to `as_of`, months without orders included: month
        (first day), orders, buyers (known persons), returning (of them, who had bought in an
        earlier month), gross, refunds (of the month's orders, whenever given back, as known at
        `as_of`), net (gross − refunds; currency units, exact to the cent), complete (whether the
        month is over).

    Raises:
        MissingTableError: There are no orders.
        NotEnoughDataError: Nobody has paid anything.
    """
    orders = ds.table("orders").anti_join(ds.staff_ids(), "member_id")
    orders = orders.mutate(number=periods.number(orders.paid_at, "month"))
    sums = orders.group_by("number").agg(
        orders=orders.count(), gross=orders.amount.sum(), refunds=orders.refund_amount.sum()
    )
    known = orders.filter(orders.member_id.notnull())
    bought = known.select("member_id", "number").distinct()
    first = known.group_by("member_id").agg(first=known.number.min())
    bought = bought.inner_join(first, "member_id")
    people = bought.group_by("number").agg(
        buyers=bought.count(), returning=(bought.number > bought["first"]).sum()
    )
    table = sums.left_join(people, "number").drop("number_right")
    frame = ds.frame(table, ["number"])
    if frame.empty:
        raise NotEnoughDataError("nobody has paid anything.")
    last = max(periods.number_of(ds.as_of, "month"), int(frame["number"].max()))
    every = pd.RangeIndex(int(frame["number"].min()), last + 1)
    whole = frame.set_index("number").reindex(every).fillna(0).astype("int64")
    over = whole.index.to_numpy() <= periods.last_complete(ds.as_of, "month")
    whole = whole.assign(net=whole["gross"] - whole["refunds"])
    for name in ("gross", "refunds", "net"):
        whole[name] = ds.money(whole[name])
    out = whole.assign(month=periods.starts(whole.index, "month"), complete=over)
    return out.reset_index(drop=True)[list(COLUMNS)]


def net_revenue(sales: pd.DataFrame) -> tuple[Estimate, Estimate | None]:
    """Return net revenue of the last full month, and of the one before: full counts.

    Args:
        sales: From `monthly_sales`.

    Raises:
        NotEnoughDataError: No month is over.
    """
    known = sales[sales["complete"]].tail(2)
    if known.empty:
        raise NotEnoughDataError("no month with orders is over.")
    found = [
        Estimate(value=float(row["net"]), n=int(row["orders"]), unit="money", method="count")
        for row in known.to_dict("records")
    ]
    return found[-1], found[-2] if len(found) > 1 else None


def total_sales(sales: pd.DataFrame) -> Estimate:
    """Return net revenue of all months together: a full count.

    Args:
        sales: From `monthly_sales`.
    """
    return Estimate(value=float(round(sales["net"].sum(), 2)), n=int(sales["orders"].sum()),
                    unit="money", method="count")  # fmt: skip


def closed_sales(ds: Dataset, sales: pd.DataFrame) -> Estimate:
    """Return net revenue of all months together, once the months have been held to the orders.

    What all orders that are not of staff were paid, less what was given back, in one sum: a page
    that shows the months shows all of the money, to the cent, or does not appear.

    Args:
        ds: The dataset, with orders.
        sales: From `monthly_sales` of the same dataset.

    Raises:
        DataError: The months do not add up to the orders.
    """
    orders = ds.table("orders").anti_join(ds.staff_ids(), "member_id")
    row = ds.frame(orders.agg(paid=orders.amount.sum(), back=orders.refund_amount.sum())).iloc[0]
    net = ds.money(int(row["paid"]) - int(row["back"]))
    held = float(sales["net"].sum())
    if round(held - net, 2):
        raise DataError(
            f"the months hold a net revenue of {held:.2f}, the orders one of {net:.2f}.",
            where="monthly_sales",
            fix="This is a fault of commlab: please report it.",
        )
    return total_sales(sales)


def repurchase_rate(
    ds: Dataset, days: int = 365, *, level: float = LEVEL, min_at_risk: int | None = None
) -> Estimate:
    """Return the share of those who bought in the last days that bought on a second day.

    Args:
        ds: The dataset, with orders.
        days: Days up to `as_of`.
        level: Confidence level.
        min_at_risk: Fewer buyers are "too few"; default from the settings.
    """
    orders = ds.table("orders").anti_join(ds.staff_ids(), "member_id")
    orders = orders.filter(orders.member_id.notnull())
    day = periods.number(orders.paid_at, "day")
    last = periods.number_of(ds.as_of, "day")
    recent = orders.filter(day > last - days).mutate(day=day)
    people = recent.group_by("member_id").agg(days=recent.day.nunique())
    row = ds.frame(people.agg(n=people.count(), again=(people.days > 1).sum())).iloc[0]
    n, again = int(row["n"]), int(np.nan_to_num(float(row["again"] or 0)))
    smallest = minimum(ds, min_at_risk)
    if n < smallest:
        return Estimate.too_few(n, unit="share", minimum=smallest)
    low, high = stats.wilson(again, n, level=level)
    return Estimate(value=again / n, low=float(low), high=float(high), level=level, n=n,
                    unit="share", method="Wilson")  # fmt: skip
