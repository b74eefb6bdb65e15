"""Faults of single cells: times, amounts and ids that are not what they should be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commlab.simulate.columns import money
from commlab.simulate.export import ZONE
from commlab.simulate.faults import NOTHING, Stage, changed, found, replaced

MICROSECONDS = {"hour": 3_600_000_000, "day": 86_400_000_000}
MONEY = ("amount", "refund_amount", "cost", "discount", "list_amount")


def shifted_hours(stage: Stage) -> dict[str, Any]:
    """Message times in UTC were taken for Beijing time: everything is eight hours too early."""
    messages = stage.read("messages")
    early = _moved(messages["sent_at"], -8 * MICROSECONDS["hour"])
    stage.write("messages", replaced(messages, "sent_at", early))
    return found("messages", "sent_at", messages.num_rows, "shifted_hours")


def future_dates(stage: Stage) -> dict[str, Any]:
    """Some orders are dated after the last day, by a slip of the year."""
    orders = stage.read("orders")
    rows = stage.some(np.arange(orders.num_rows), 0.005)
    days = (stage.as_of - stage.start).days + 366
    later = _moved(orders["paid_at"].take(pa.array(rows)), days * MICROSECONDS["day"])
    stage.write("orders", changed(orders, "paid_at", rows, later))
    return found("orders", "paid_at", rows.size, "future")


def early_dates(stage: Stage) -> dict[str, Any]:
    """Some orders are dated 1970: an empty time became zero."""
    orders = stage.read("orders")
    rows = stage.some(np.arange(orders.num_rows), 0.005)
    zero = pa.array(np.zeros(rows.size, dtype=np.int64)).cast(orders["paid_at"].type)
    stage.write("orders", changed(orders, "paid_at", rows, zero))
    return found("orders", "paid_at", rows.size, "too_early")


def left_before_joined(stage: Stage) -> dict[str, Any]:
    """Some members left their group before they joined it."""
    stays = stage.read("memberships")
    gone = np.flatnonzero(stays["left_at"].is_valid().to_numpy())
    rows = stage.some(gone, 0.02)
    joined = stays["joined_at"].take(pa.array(rows))
    stage.write(
        "memberships", changed(stays, "left_at", rows, _moved(joined, -2 * MICROSECONDS["day"]))
    )
    return found("memberships", "left_at", rows.size, "reversed_times")


def nanoseconds(stage: Stage) -> dict[str, Any]:
    """Order times are stored in nanoseconds, as pandas writes them: nothing is wrong."""
    orders = stage.read("orders")
    fine = orders["paid_at"].cast(pa.timestamp("ns", "UTC"))
    stage.write("orders", replaced(orders, "paid_at", fine))
    return found("orders", "paid_at", orders.num_rows, NOTHING)


def fen_amounts(stage: Stage) -> dict[str, Any]:
    """In one month the regular orders are in fen, all their money columns."""
    orders = stage.read("orders")
    first = (stage.as_of.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    end = stage.as_of.replace(day=1)
    edges = [
        pa.scalar(dt.datetime.combine(day, dt.time(), ZoneInfo(ZONE)), orders["paid_at"].type)
        for day in (first, end)
    ]
    inside = pc.and_(
        pc.and_(
            pc.greater_equal(orders["paid_at"], edges[0]), pc.less(orders["paid_at"], edges[1])
        ),
        pc.equal(orders["kind"], "regular"),
    )
    rows = stage.some(np.flatnonzero(inside.to_numpy()), 1.0)
    for name in MONEY:
        fen = _fen(orders[name].take(pa.array(rows))) * 100
        orders = changed(orders, name, rows, money(fen))
    stage.write("orders", orders)
    return found("orders", "amount", rows.size, "hundredfold", month=f"{first:%Y-%m}")


def refund_above_amount(stage: Stage) -> dict[str, Any]:
    """Some refunds are larger than what was paid."""
    orders = stage.read("orders")
    rows = stage.some(np.arange(orders.num_rows), 0.005)
    paid = _fen(orders["amount"].take(pa.array(rows)))
    orders = changed(orders, "refund_amount", rows, money(paid + 100))
    orders = changed(orders, "refunded_at", rows, orders["paid_at"].take(pa.array(rows))
                     .combine_chunks())  # fmt: skip
    stage.write("orders", orders)
    return found("orders", "refund_amount", rows.size, "refund_above_amount")


def negative_amounts(stage: Stage) -> dict[str, Any]:
    """Some returns stand as orders with a negative amount."""
    orders = stage.read("orders")
    kept = np.flatnonzero(pc.equal(orders["refund_amount"], Decimal("0.00")).to_numpy())
    rows = stage.some(kept, 0.005)
    paid = _fen(orders["amount"].take(pa.array(rows)))
    stage.write("orders", changed(orders, "amount", rows, money(-paid)))
    return found("orders", "amount", rows.size, "negative_amount")


def scientific_ids(stage: Stage) -> dict[str, Any]:
    """A spreadsheet turned long order ids into numbers like 1.2345E+18."""
    orders = stage.read("orders")
    rows = stage.some(np.arange(orders.num_rows), 0.02)
    # Four digits keep them apart here; in life they run together, too.
    torn = [f"{1 + place / 10_000:.4f}E+18" for place in range(rows.size)]
    stage.write("orders", changed(orders, "order_id", rows, torn))
    return found("orders", "order_id", rows.size, "scientific_id")


def uncastable(stage: Stage) -> dict[str, Any]:
    """Amounts are text, some of them with words in them."""
    orders = stage.read("orders")
    rows = stage.some(np.arange(orders.num_rows), 0.01)
    text = orders["amount"].combine_chunks().cast(pa.string())
    orders = replaced(orders, "amount", text)
    stage.write("orders", changed(orders, "amount", rows, ["约一百元"] * rows.size))
    return found("orders", "amount", rows.size, "uncastable")


def unknown_values(stage: Stage) -> dict[str, Any]:
    """Some messages are of a form that has no name here."""
    messages = stage.read("messages")
    rows = stage.some(np.arange(messages.num_rows), 0.01)
    stage.write("messages", changed(messages, "kind", rows, ["语音"] * rows.size))
    return found("messages", "kind", rows.size, "unknown_value")


def missing_column(stage: Stage) -> dict[str, Any]:
    """The amounts of the orders were not exported."""
    orders = stage.read("orders")
    stage.write("orders", orders.drop_columns(["amount"]))
    return found("orders", "amount", orders.num_rows, "missing_column")


def _fen(amounts: pa.ChunkedArray) -> np.ndarray:
    """Return whole minor units of decimals, exactly."""
    return np.array([int(value * 100) for value in amounts.to_pylist()], dtype=np.int64)


def _moved(times: pa.ChunkedArray, microseconds: int) -> pa.Array:
    numbers = times.cast(pa.int64()).combine_chunks()
    return pc.add(numbers, microseconds).cast(times.type)


FAULTS = {
    plant.__name__: plant
    for plant in (
        shifted_hours,
        future_dates,
        early_dates,
        left_before_joined,
        fen_amounts,
        refund_above_amount,
        negative_amounts,
        scientific_ids,
        unknown_values,
        nanoseconds,
        uncastable,
        missing_column,
    )
}
