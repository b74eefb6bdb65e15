"""What single persons did in spans of time, and what was known of them at a moment."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab.metrics.margins import margin_source
from commlab.tables import table

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def spans_before(
    moment: dt.datetime, length: dt.timedelta, pre_days: int
) -> dict[str, tuple[dt.datetime, dt.datetime]]:
    """Return the spans before a moment that tell people apart: "pre_" and "earlier_"."""
    look_back = dt.timedelta(days=pre_days)
    return {
        "pre_": (moment - look_back, moment),
        "earlier_": (moment - length - look_back, moment - length),
    }


def with_facts(rows: ir.Table, people: ir.Table, moment: dt.datetime) -> ir.Table:
    """Return a table of persons with `tenure` and `recency`, in days at a moment.

    Args:
        rows: With member_id and `last_order`, which `recency` takes the place of.
        people: With member_id, joined_at, and what else is to be carried over.
        moment: The moment.
    """
    start, seconds = ibis.literal(moment).epoch_seconds(), 86_400.0
    people = people.mutate(
        tenure=(start - people.joined_at.epoch_seconds()).cast("float64") / seconds
    ).drop("joined_at")
    rows = rows.left_join(people, "member_id").drop("member_id_right")
    recency = (start - rows.last_order.epoch_seconds()).cast("float64")
    return rows.mutate(recency=recency / seconds).drop("last_order")


def sums_in(
    ds: Dataset, spans: dict[str, tuple[dt.datetime, dt.datetime]]
) -> tuple[ir.Table, tuple[str, ...]]:
    """Return what members did in spans of time, and the names of the metrics.

    Args:
        ds: The dataset, with orders.
        spans: Prefix → first moment and the one after the last; "pre_" must be among them.

    Returns:
        Table of those who did something: member_id, a float64 column a span and metric (null
        where a person has none), last_order (the last before the end of "pre_").
    """
    sums, names = _orders(ds, spans)
    if ds.has("touchpoints"):
        sums, names = sums.outer_join(_visits(ds, spans), "member_id"), (*names, "visitors")
        sums = sums.mutate(member_id=ibis.coalesce(sums.member_id, sums.member_id_right))
        sums = sums.drop("member_id_right")
    return sums, names


def _orders(
    ds: Dataset, spans: dict[str, tuple[dt.datetime, dt.datetime]]
) -> tuple[ir.Table, tuple[str, ...]]:
    # Orders of unknown buyers stay: to leave them out, every id would be looked at twice.
    orders = _dated(ds, "orders", spans)
    net = orders.amount - orders.refund_amount
    names: tuple[str, ...] = ("orders", "buyers", "revenue")
    columns = {"revenue": net}
    share = ds.settings.margin
    if share is not None or margin_source(ds) == "cost":
        # The cost of what was refunded is saved in proportion, as in `margins`.
        kept = ibis.ifelse(orders.amount > 0, net / orders.amount.cast("float64"), 0.0)
        stated = net.cast("float64") * (0.0 if share is None else share)
        costed = net.cast("float64") - orders.cost.cast("float64") * kept
        columns["margin"] = ibis.ifelse(orders.cost.notnull(), costed, stated)
        names = (*names, "margin")
    columns = {name: values.cast("float64") for name, values in columns.items()}
    totals: dict[str, ir.Value] = {"last_order": orders.paid_at.max(
        where=orders.paid_at < spans["pre_"][1])}  # fmt: skip
    for span, (start, end) in spans.items():
        inside = (orders.paid_at >= start) & (orders.paid_at < end)
        # Counting costs half of summing noughts and ones, which DuckDB does in 128 bits.
        totals[f"{span}orders"] = orders.count(where=inside).cast("float64")
        for name, values in columns.items():
            totals[span + name] = ds.money(ibis.ifelse(inside, values, 0.0).sum())
    sums = orders.group_by("member_id").agg(**totals)
    bought = {f"{span}buyers": ibis.ifelse(sums[f"{span}orders"] > 0, 1.0, 0.0) for span in spans}
    return sums.mutate(**bought), names


def _visits(ds: Dataset, spans: dict[str, tuple[dt.datetime, dt.datetime]]) -> ir.Table:
    seen = _dated(ds, "touchpoints", spans)
    seen = seen.filter(seen.event == "visited")
    return seen.group_by("member_id").agg(
        **{
            f"{span}visitors": ibis.ifelse(
                ((seen["at"] >= start) & (seen["at"] < end)).any(), 1.0, 0.0
            )
            for span, (start, end) in spans.items()
        }
    )


def _dated(ds: Dataset, name: str, spans: dict[str, tuple[dt.datetime, dt.datetime]]) -> ir.Table:
    """Return the rows of a table that lie in the spans, or between them."""
    first, last = min(start for start, _ in spans.values()), max(end for _, end in spans.values())
    rows = ds.table(name, since=first.date())
    at = rows[table(name).event]
    return rows.filter(at >= first, at < last)
