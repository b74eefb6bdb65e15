"""The weeks around a campaign: sums of a metric in spans as long as it, by unit and arm."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.config import Settings
from commlab.errors import NotEnoughDataError
from commlab.metrics.campaigns import Campaign
from commlab.metrics.outcomes import Outcomes

if TYPE_CHECKING:
    from commlab.dataset import Dataset

PERIODS = 6  # spans before: enough to see a trend, few enough to be of the same season
_METRICS = ("orders", "revenue")
# Days from one New Year of the lunisolar calendar to the next: twelve or thirteen months.
SHORTEST_YEAR, LONGEST_YEAR = 353, 385
FEWEST = 2  # spans before, of which one is the reference


@dataclasses.dataclass(frozen=True)
class Panel:
    """Sums around a campaign, one row a unit, on the engine.

    Attributes:
        table: `unit`, `n_t`, `n_c` (people treated and not), and `t_k`, `c_k` by place k: sums of
            the metric among them.
        periods: Spans, in time: −3, −2, −1 before; 0 the campaign; 1 after it, where it is over.
        metric: The metric.
        days: Days of a span.
    """

    table: ir.Table
    periods: tuple[int, ...]
    metric: str
    days: int

    def columns(self, arm: str) -> list[str]:
        """Return the columns of the treated ("t") or the others ("c"), in time."""
        return [f"{arm}_{place}" for place in range(len(self.periods))]


def campaign_panel(
    ds: Dataset,
    outcomes: Outcomes,
    metric: str = "orders",
    *,
    periods: int = PERIODS,
    arm: str | None = None,
) -> Panel:
    """Return sums of a metric in spans before, in and after a campaign, by unit.

    Args:
        ds: The dataset.
        outcomes: Outcomes of the campaign.
        metric: "orders" or "revenue".
        periods: Spans before it to look at; fewer where orders do not reach back.
        arm: Arm that was treated; None: all but the control arm.

    Raises:
        NotEnoughDataError: The orders cover fewer than two spans before it.
    """
    guards.one_of("metric", metric, _METRICS)
    guards.whole("periods", periods, low=FEWEST)
    item = outcomes.campaign
    orders = ds.table("orders")
    length = dt.timedelta(days=item.days)
    first = ds.frame(orders.agg(first=orders.paid_at.min()))["first"].iloc[0]
    reach = (
        0 if pd.isna(first) else int((item.before - pd.Timestamp(first).to_pydatetime()) / length)
    )
    if reach < FEWEST:
        raise NotEnoughDataError(
            f"the orders cover {reach} spans of {item.days} days before the campaign, a trend "
            f"takes {FEWEST}.",
            fix="Load older orders.",
        )
    moment = dt.timedelta(microseconds=1)
    numbers = list(range(-min(periods, reach), 0))
    spans = [(item.before + k * length, item.before + (k + 1) * length) for k in numbers]
    spans.append((item.starts_at, item.end_seen + moment))
    numbers.append(0)
    if outcomes.after_seen >= item.days:
        numbers.append(1)
        spans.append((item.ends_at + moment, item.ends_at + length + moment))
    people = outcomes.table
    if arm is not None:
        people = people.filter(people.arm.isin([arm, outcomes.control]))
    people = people.select("member_id", "unit", treated=people.arm != outcomes.control)
    orders = orders.filter(orders.paid_at >= spans[0][0], orders.paid_at < spans[-1][1])
    bought = orders.inner_join(people, "member_id")
    net = bought.amount - bought.refund_amount
    value = ibis.literal(1.0) if metric == "orders" else net.cast("float64")
    sums = {}
    for place, (start, end) in enumerate(spans):
        inside = (bought.paid_at >= start) & (bought.paid_at < end)
        for side, mine in (("t", bought.treated), ("c", ~bought.treated)):
            total = ibis.ifelse(inside & mine, value, 0.0).sum()
            sums[f"{side}_{place}"] = total if metric == "orders" else ds.money(total)
    sums = bought.group_by("unit").agg(**sums)
    sizes = people.group_by("unit").agg(
        n_t=people.treated.sum().cast("float64"), n_c=(~people.treated).sum().cast("float64")
    )
    table = sizes.left_join(sums, "unit").drop("unit_right")
    names = [name for name in sums.columns if name != "unit"]
    table = table.mutate(**{name: table[name].fill_null(0.0) for name in names})
    table = table if ds.engine.borrowed else table.cache()
    return Panel(table, tuple(numbers), metric, item.days)


def last_year(ds: Dataset, outcomes: Outcomes) -> pd.DataFrame | None:
    """Return a year earlier the sums of the same two spans, over those who were there then.

    The same weekdays are taken; where the campaign's days touch a festival, the same days of it:
    Spring Festival moves by weeks from year to year.

    Returns:
        Frame of one row: n (people), and of orders and revenue the means (`orders`,
        `placebo_orders`, …), variances (`var_…`) and covariances (`cov_orders`, `cov_revenue`) a
        person; None where the orders do not reach back.
    """
    item = outcomes.campaign
    year, length = year_before(ds.settings, item), dt.timedelta(days=item.days)
    start, end = item.starts_at - year, item.end_seen - year + dt.timedelta(microseconds=1)
    before = item.before - year
    orders = ds.table("orders")
    first = ds.frame(orders.agg(first=orders.paid_at.min()))["first"].iloc[0]
    if pd.isna(first) or pd.Timestamp(first).to_pydatetime() > before - length:
        return None
    orders = orders.filter(orders.paid_at >= before - length, orders.paid_at < end)
    net = (orders.amount - orders.refund_amount).cast("float64")
    now, then = (
        (orders.paid_at >= start) & (orders.paid_at < end),
        (orders.paid_at >= before - length) & (orders.paid_at < before),
    )
    rows = orders.group_by("member_id").agg(
        orders=now.sum().cast("float64"),
        placebo_orders=then.sum().cast("float64"),
        revenue=ds.money(ibis.ifelse(now, net, 0.0).sum()),
        placebo_revenue=ds.money(ibis.ifelse(then, net, 0.0).sum()),
    )
    people = ds.people().filter(ds.people().joined_at < before - length).select("member_id")
    rows = people.left_join(rows, "member_id").drop("member_id_right")
    names = ("orders", "placebo_orders", "revenue", "placebo_revenue")
    rows = rows.mutate(**{name: rows[name].fill_null(0.0) for name in names})
    sums = {"n": rows.count()}
    sums |= {name: rows[name].mean() for name in names}
    sums |= {f"var_{name}": rows[name].var() for name in names}
    sums |= {f"cov_{name}": rows[name].cov(rows[f"placebo_{name}"]) for name in names[::2]}
    return ds.frame(rows.agg(**sums))


def year_before(settings: Settings, item: Campaign) -> dt.timedelta:
    """Return how much earlier the comparable days of the year before were.

    Args:
        settings: Settings of the workspace, with its festivals.
        item: The campaign.
    """
    first, last = item.starts_at.date(), item.end_seen.date()
    for festival in settings.festivals_between(first, last):
        earliest = festival.starts_on - dt.timedelta(days=LONGEST_YEAR)
        for past in settings.festivals_between(earliest, festival.starts_on):
            apart = (festival.starts_on - past.starts_on).days
            if past.name == festival.name and SHORTEST_YEAR <= apart <= LONGEST_YEAR:
                return dt.timedelta(days=apart)
    return dt.timedelta(days=364)  # the same weekdays
