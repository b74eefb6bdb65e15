"""What members' orders left beside what the community cost: by month, by phase, since costs began.

Members' margin is attributed to the community, not proven to come from it: who would have bought
anyway is in it. What a campaign added stands apart (`commlab.models.campaign_returns`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import periods as calendar
from commlab.metrics.campaigns import campaigns
from commlab.metrics.margins import order_margins
from commlab.metrics.rates import minimum
from commlab.metrics.spending import IN_MARGIN, cost_months, spent_between
from commlab.stats import quantile

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)
MEMBER = "member"
YEAR_MONTHS = 12  # every season once
PHASES = ("before", "during", "after")


def member_orders(ds: Dataset) -> ir.Table:
    """Return what each order of a known member left; staff are left out."""
    orders = order_margins(ds)
    orders = orders.filter(orders.member_id.notnull(), orders.buyer_status == MEMBER)
    return orders.anti_join(ds.staff_ids(), "member_id")


def value_months(ds: Dataset, *, level: float = LEVEL) -> pd.DataFrame:
    """Return by month what members' orders left, what the community cost, and the running sum.

    Since the month in which costs begin: earlier months would look free. Refunds known at `as_of`
    count with their order, goods are in the margin and not in the cost. Everybody is counted, so
    intervals say by how much as many customers, who come by chance, would differ another time:
    the sum over a random number of independent members has the variance Σ x² (compound Poisson),
    x being what one member left, in the running sum all of it.

    Args:
        ds: The dataset, with orders and costs.
        level: Confidence level.

    Returns:
        Frame sorted by month: month (first day), buyers (members who ordered), net (paid less
        refunds), margin, spent, value (margin − spent) with value_low and value_high, running
        (running sum of value) with running_low and running_high, status ("ok"; "open": the month
        is not over).

    Raises:
        MissingTableError: There are no orders or no costs.
        NotEnoughDataError: No margin is known, or there are no cost lines.
    """
    costs = cost_months(ds)
    if costs.empty:
        raise NotEnoughDataError("there are no cost lines by the day that is read.")
    # Months in which goods alone were spent are there, with 0.
    costs.loc[costs["category"].isin(IN_MARGIN), "spent"] = 0.0
    spent = costs.groupby("month")["spent"].sum()
    first = calendar.number_of(pd.Timestamp(spent.index.min()).date(), "month")
    now = calendar.number_of(ds.as_of, "month")
    frame = _months(ds, first)
    numbers = np.arange(first, now + 1)
    frame = frame.set_index("number").reindex(numbers, fill_value=0)
    unit, z = ds.money(1.0), quantile(level)
    out = pd.DataFrame({"month": calendar.starts(numbers, "month")})
    out["buyers"] = frame["buyers"].to_numpy(dtype=np.int64)
    out["net"] = unit * frame["net"].to_numpy(dtype=float)
    out["margin"] = unit * frame["margin"].to_numpy(dtype=float)
    out["spent"] = spent.reindex(out["month"]).fillna(0.0).to_numpy()
    out["value"] = out["margin"] - out["spent"]
    half = z * unit * np.sqrt(frame["square"].to_numpy(dtype=float))
    out["value_low"], out["value_high"] = out["value"] - half, out["value"] + half
    out["running"] = out["value"].cumsum()
    half = z * unit * np.sqrt(np.maximum(frame["step"].to_numpy(dtype=float).cumsum(), 0))
    out["running_low"], out["running_high"] = out["running"] - half, out["running"] + half
    done = calendar.last_complete(ds.as_of, "month")
    out["status"] = np.where(numbers <= done, "ok", "open")
    return out


def _months(ds: Dataset, first: int) -> pd.DataFrame:
    """Return by month number: buyers, net, margin, `square` = Σ x², `step` of Σ (running x)²."""
    rows = member_orders(ds)
    rows = rows.mutate(number=calendar.number(rows["at"], "month"))
    rows = rows.filter(rows.number >= first)
    held = rows.group_by("member_id", "number").agg(net=rows.net.sum(), margin=rows.margin.sum())
    own = ibis.cumulative_window(group_by="member_id", order_by="number")
    held = held.mutate(sofar=held.margin.sum().over(own))
    square = held.margin * held.margin
    sums = held.group_by("number").agg(
        buyers=held.count(), net=held.net.sum(), margin=held.margin.sum(), square=square.sum(),
        step=(2 * held.sofar * held.margin - square).sum(),
    )  # fmt: skip
    return ds.frame(sums, ["number"])


def break_even(months: pd.DataFrame) -> pd.DataFrame:
    """Return from which month on the running sum has stayed above zero.

    Args:
        months: From `value_months`.

    Returns:
        Frame of one row: month (missing: not yet), month_low and month_high (where the upper and
        the lower end of the interval stay above zero; missing: not yet), running with
        running_low and running_high (at the last month that is over), buyers (of that month).

    Raises:
        NotEnoughDataError: No month is over.
    """
    done = months[months["status"] == "ok"].reset_index(drop=True)
    if done.empty:
        raise NotEnoughDataError("no month is over since costs began.")

    def since(column: str) -> Any:
        below = np.flatnonzero(done[column].to_numpy() < 0)
        place = int(below[-1]) + 1 if len(below) else 0
        return done["month"].iloc[place] if place < len(done) else pd.NaT

    end = done.iloc[-1]
    names = ("running", "running_low", "running_high")
    return pd.DataFrame(
        [{"month": since("running"), "month_low": since("running_high"),
          "month_high": since("running_low"), **{name: float(end[name]) for name in names},
          "buyers": int(end["buyers"])}]
    )  # fmt: skip


def return_figures(
    ds: Dataset, months: int = YEAR_MONTHS, *, level: float = LEVEL
) -> dict[str, Estimate]:
    """Return margin over cost and net value of the last months that are over.

    Args:
        ds: The dataset, with orders and costs.
        months: Months, the latest; fewer where costs began later.
        level: Confidence level, see `value_months`.

    Returns:
        Estimates "ratio" (margin for each unit of cost), "value" (money), "margin" and "spent", n
        being the members who ordered.

    Raises:
        NotEnoughDataError: No month is over, or nothing was spent in them.
    """
    guards.whole("months", months, low=1)
    table = value_months(ds, level=level)
    done = table[table["status"] == "ok"].tail(months)
    if done.empty:
        raise NotEnoughDataError("no month is over since costs began.")
    start = pd.Timestamp(done["month"].iloc[0]).date()
    stop = (pd.Timestamp(done["month"].iloc[-1]) + pd.offsets.MonthBegin(1)).date()
    row = _span(ds, [start, stop], level).iloc[0]
    n, spent = int(row["buyers"]), float(row["spent"])
    if spent <= 0:
        raise NotEnoughDataError("the cost lines of these months add up to nothing.")
    cost = Estimate.count(spent, unit="money", n=n)
    smallest = minimum(ds, None)
    if n < smallest:
        units = {"ratio": "ratio", "value": "money", "margin": "money"}
        few = {name: Estimate.too_few(n, unit=u, minimum=smallest) for name, u in units.items()}
        return few | {"spent": cost}
    ends: dict[str, Any] = {name: float(row[name]) for name in ("value", "low", "high")}
    margin = {name: end + spent for name, end in ends.items()}
    known: dict[str, Any] = {
        "level": level,
        "n": n,
        "method": f"compound Poisson, {len(done)} months",
    }
    ratio = {name: end / spent for name, end in margin.items()}
    return {
        "ratio": Estimate(**ratio, unit="ratio", **known),
        "value": Estimate(**ends, unit="money", **known),
        "margin": Estimate(**margin, unit="money", **known),
        "spent": cost,
    }


def phase_edges(ds: Dataset, campaign_id: str = "", phases: str = "") -> list[dt.date]:
    """Return the first day of each phase, and the day after the last.

    Args:
        ds: The dataset.
        campaign_id: Phases are before, during and after this campaign, each as long as it.
        phases: Days that part the phases, comma between ("2026-01-01, 2026-03-01, 2026-06-30");
            the last is the last day. Empty, and no campaign: the last twelve weeks and the twelve
            before.

    Raises:
        ArgumentError: A day is no date, or they are not in order, or there is no such campaign.
    """
    if campaign_id:
        table = campaigns(ds)
        found = table[table["campaign_id"] == campaign_id]
        if found.empty:
            raise ArgumentError(f"campaign == {campaign_id!r}, there is no such campaign by then.",
                                fix=f"There are: {', '.join(table['campaign_id'])}.")  # fmt: skip
        first, last = found.iloc[0]["starts_at"].date(), found.iloc[0]["ends_at"].date()
        whole = last - first + dt.timedelta(days=1)
        return [first - whole, first, first + whole, first + 2 * whole]
    day = dt.timedelta(days=1)
    if phases:
        said = [part.strip() for part in phases.split(",") if part.strip()]
        days = [day_ for one in said if (day_ := guards.date("phases", one))]
        if len(days) < 2 or sorted(set(days)) != days:
            raise ArgumentError(f"phases == {phases!r}, must be days in order, two at the least.")
        return [*days[:-1], days[-1] + day]
    span = dt.timedelta(weeks=12)
    return [ds.as_of + day - 2 * span, ds.as_of + day - span, ds.as_of + day]


def value_phases(ds: Dataset, edges: Sequence[dt.date], *, level: float = LEVEL) -> pd.DataFrame:
    """Return what members' orders left and what the community cost by phase.

    Args:
        ds: The dataset, with orders and costs.
        edges: From `phase_edges`; phases that are not over at `as_of` are left out.
        level: Confidence level, see `value_months`.

    Returns:
        Frame, a row a phase: starts_on, ends_on, days, buyers, net, margin, spent, value with low
        and high, ratio (margin / spent), per_day with per_day_low and per_day_high.

    Raises:
        NotEnoughDataError: No phase is over, or no margin is known.
    """
    stop = ds.as_of + dt.timedelta(days=1)
    known = [edge for edge in edges if edge <= stop]
    if len(known) < 2:
        raise NotEnoughDataError("no phase is over at the day that is read.")
    return _span(ds, known, level)


def _span(ds: Dataset, edges: Sequence[dt.date], level: float) -> pd.DataFrame:
    rows = member_orders(ds)
    days = [(edge - _EPOCH).days for edge in edges]
    rows = rows.filter(rows.day >= days[0], rows.day < days[-1])
    phase = sum(((rows.day >= day).cast("int64") for day in days[1:-1]), ibis.literal(0, "int64"))
    rows = rows.mutate(phase=phase)
    held = rows.group_by("member_id", "phase").agg(net=rows.net.sum(), margin=rows.margin.sum())
    sums = held.group_by("phase").agg(
        buyers=held.count(), net=held.net.sum(), margin=held.margin.sum(),
        square=(held.margin * held.margin).sum(),
    )  # fmt: skip
    frame = ds.frame(sums, ["phase"]).set_index("phase").reindex(range(len(days) - 1), fill_value=0)
    out = pd.DataFrame({"starts_on": list(edges[:-1]),
                        "ends_on": [edge - dt.timedelta(days=1) for edge in edges[1:]],
                        "days": np.diff(days)})  # fmt: skip
    out["buyers"] = frame["buyers"].astype("int64")
    out["net"] = ds.money(frame["net"].astype(float))
    out["margin"] = ds.money(frame["margin"].astype(float))
    out["spent"] = spent_between(ds, edges)
    out["value"] = out["margin"] - out["spent"]
    half = quantile(level) * ds.money(1.0) * np.sqrt(frame["square"].to_numpy(dtype=float))
    out["low"], out["high"] = out["value"] - half, out["value"] + half
    out["ratio"] = np.where(out["spent"] > 0, out["margin"] / out["spent"].replace(0, np.nan),
                            np.nan)  # fmt: skip
    for name, end in (("per_day", "value"), ("per_day_low", "low"), ("per_day_high", "high")):
        out[name] = out[end] / out["days"]
    return out.reset_index(drop=True)
