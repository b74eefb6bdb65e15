"""What people did in the first and in the second half of a campaign."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import ibis

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics.outcomes import Outcomes

if TYPE_CHECKING:
    from commlab.dataset import Dataset

FIRST, SECOND, CHANGE = "first", "second", "change"


def campaign_halves(ds: Dataset, outcomes: Outcomes, metric: str = "orders") -> Outcomes:
    """Return outcomes with the metric of each half of the campaign's days, and what it changed.

    Both arms live through the same weekdays and festivals in each half, so the arms may be
    compared half by half although the halves may not be compared within an arm.

    Args:
        ds: The dataset.
        outcomes: See `campaign_outcomes`.
        metric: "orders" or "revenue".

    Returns:
        The same, with the columns `first`, `second` and `change` (second less first) a person.

    Raises:
        NotEnoughDataError: The campaign still runs, or lasts less than two days.
    """
    guards.one_of("metric", metric, ("orders", "revenue"))
    item = outcomes.campaign
    if item.open or item.days < 2:
        raise NotEnoughDataError(
            f"campaign {item.campaign_id!r} is not over, or lasts less than two days.",
            fix="Read its halves once it is over.",
        )
    middle = item.starts_at + (item.ends_at - item.starts_at) / 2
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull(), orders.paid_at >= item.starts_at,
                           orders.paid_at <= item.ends_at)  # fmt: skip
    net = (orders.amount - orders.refund_amount).cast("float64")
    value = ibis.literal(1.0) if metric == "orders" else net
    early = orders.paid_at < middle
    sums = {name: ibis.ifelse(side, value, 0.0).sum()
            for name, side in ((FIRST, early), (SECOND, ~early))}  # fmt: skip
    if metric == "revenue":
        sums = {name: ds.money(total) for name, total in sums.items()}
    halves = orders.group_by("member_id").agg(**sums)
    table = outcomes.table.left_join(halves, "member_id").drop("member_id_right")
    table = table.mutate(**{name: table[name].fill_null(0.0) for name in (FIRST, SECOND)})
    table = table.mutate(**{CHANGE: table[SECOND] - table[FIRST]})
    return dataclasses.replace(outcomes, table=table)
