"""What was spent, by line, month and phase: equal to the table of costs to the last fen.

A line that reaches over several months counts with its days in each. Parts are differences of
one rounded running sum, so that they add up to the line however it is cut.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.metrics import periods as calendar
from commlab.metrics.campaigns import campaigns

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Ints = npt.NDArray[np.int64]
_EPOCH = dt.date(1970, 1, 1)
DIMENSIONS = {"category": "category", "campaign": "campaign_id", "channel": "channel",
              "group": "group_id"}  # fmt: skip
NO_NAME = "unnamed"  # lines that name no campaign, channel or group
# Orders' margins have paid for goods already: a goods line beside them would count twice.
IN_MARGIN = ("goods",)


def ledger(ds: Dataset) -> pd.DataFrame:
    """Return the cost lines that began by `as_of`, equal ones put together.

    Returns:
        Frame: first, last (days since 1970-01-01, both in the line), category, channel,
        campaign_id, group_id, amount (int64 minor units).

    Raises:
        MissingTableError: There are no costs.
    """
    costs = ds.table("costs")
    begins = costs.starts_on.cast("date").epoch_days().cast("int64")
    ends = costs.ends_on.cast("date").epoch_days().cast("int64")
    names = ["category", "channel", "campaign_id", "group_id"]
    rows = costs.select(*names, "amount", first=begins, last=ends.fill_null(begins))
    keys = ["first", "last", *names]
    frame = ds.frame(rows.group_by(keys).agg(amount=rows.amount.sum()), keys)
    frame["last"] = frame[["first", "last"]].max(axis=1)  # an end before the start is no end
    return frame.astype({"first": "int64", "last": "int64", "amount": "int64"})


def spent_until(lines: pd.DataFrame, day: int | Ints) -> Ints:
    """Return what each line had spent by the end of a day, in minor units.

    Args:
        lines: From `ledger`.
        day: Day since 1970-01-01, or one a line.
    """
    first, last = lines["first"].to_numpy(), lines["last"].to_numpy()
    length = last - first + 1
    over = np.clip(np.asarray(day) - first + 1, 0, length)
    # A line of 10¹² yuan over ten years stays far below what int64 holds.
    return np.asarray(lines["amount"].to_numpy() * over // length, dtype=np.int64)


def cost_months(ds: Dataset) -> pd.DataFrame:
    """Return what was spent by month and cost line up to `as_of`.

    Returns:
        Frame sorted by month: month (first day), category, spent (currency units), status ("ok";
        "open": the month is not over).
    """
    lines = ledger(ds)
    if lines.empty:
        return pd.DataFrame(columns=["month", "category", "spent", "status"])
    begin = _EPOCH + dt.timedelta(days=int(lines["first"].min()))
    numbers = range(calendar.number_of(begin, "month"), calendar.number_of(ds.as_of, "month") + 1)
    starts = calendar.starts(numbers, "month")
    edges = _month_edges(starts, ds.as_of)
    reached = np.column_stack([spent_until(lines, int(edge)) for edge in edges])
    spent = pd.DataFrame(np.diff(reached, axis=1), columns=starts)
    spent = spent.groupby(lines["category"].astype(str)).sum().rename_axis("category")
    rows = spent.reset_index().melt("category", var_name="month", value_name="spent")
    rows = rows.sort_values(["month", "category"], ignore_index=True)
    rows["spent"] = ds.money(rows["spent"].astype(float))
    complete = calendar.last_complete(ds.as_of, "month")
    rows["status"] = [
        "ok" if calendar.number_of(pd.Timestamp(month).date(), "month") <= complete else "open"
        for month in rows["month"]
    ]
    return rows[["month", "category", "spent", "status"]]


def _month_edges(starts: pd.DatetimeIndex, as_of: dt.date) -> list[int]:
    """Return the day before each month and, last, `as_of`."""
    before = [(start.date() - _EPOCH).days - 1 for start in starts]
    return [*before, (as_of - _EPOCH).days]


def cost_table(ds: Dataset, by: str = "category", *, names: bool = True) -> pd.DataFrame:
    """Return what was spent by cost line, campaign, channel or group.

    Args:
        ds: The dataset, with costs.
        by: "category", "campaign", "channel" or "group".
        names: Whether campaigns have their names instead of ids.

    Returns:
        Frame, dearest first: segment (campaigns by name; or "unnamed"), lines (kinds of them),
        spent (up to `as_of`), later (of the same lines, on days after it), billed (both: what the
        table says), share (of all that was spent).
    """
    column = DIMENSIONS[guards.one_of("by", by, tuple(DIMENSIONS))]
    lines = ledger(ds)
    now = spent_until(lines, (ds.as_of - _EPOCH).days)
    frame = pd.DataFrame(
        {"segment": lines[column].astype("str").fillna(NO_NAME), "spent": now,
         "billed": lines["amount"], "lines": 1}
    ).groupby("segment", as_index=False).sum()  # fmt: skip
    frame["later"] = frame["billed"] - frame["spent"]
    total = int(frame["spent"].sum())
    frame["share"] = frame["spent"] / total if total else np.nan
    for name in ("spent", "later", "billed"):
        frame[name] = ds.money(frame[name].astype(float))
    if by == "campaign" and names and ds.has("campaigns"):
        known = campaigns(ds).dropna(subset=["name"]).set_index("campaign_id")["name"]
        frame["segment"] = frame["segment"].map(known).fillna(frame["segment"])
    frame = frame.sort_values(["spent", "segment"], ascending=[False, True], ignore_index=True)
    return frame[["segment", "lines", "spent", "later", "billed", "share"]]


def spent_between(
    ds: Dataset, edges: Sequence[dt.date], *, campaign_id: str | None = None
) -> list[float]:
    """Return what was spent in spans that follow each other, without goods.

    Args:
        ds: The dataset, with costs.
        edges: First day of each span, and the day after the last.
        campaign_id: Only lines that name this campaign; None: all.
    """
    lines = ledger(ds)
    lines = lines[~lines["category"].isin(IN_MARGIN)]
    if campaign_id is not None:
        lines = lines[lines["campaign_id"] == campaign_id]
    stop = ds.as_of + dt.timedelta(days=1)
    days = [(min(edge, stop) - _EPOCH).days - 1 for edge in edges]
    reached = [int(spent_until(lines, day).sum()) for day in days]
    return [ds.money(float(part)) for part in np.diff(reached)]
