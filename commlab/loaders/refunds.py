"""Cancellations matched to the orders that they take back."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

NOT_BOUGHT = "cancellation: that customer did not buy that product earlier in the file"
TOO_MANY = "cancellation: more returned than was bought earlier in the file"
TOO_DEAR = "cancellation: more money returned than was paid for the product"


class _Bought:
    """What is left of one product in one order."""

    __slots__ = ("at", "money", "order_id", "units")

    def __init__(self, order_id: str, at: int, units: int, money: int) -> None:
        self.order_id, self.at, self.units, self.money = order_id, at, units, money


def match(
    bought: pd.DataFrame, returned: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """Match cancellation lines to earlier orders.

    Cancellations are taken in order of time. Each looks at the orders of the same customer with
    the same product that were not paid later, most recent first, and takes the first from which
    so many units are left, for at least the money returned. Where no single order has enough,
    it is spread over the most recent ones, if together they have enough of both. So a refund
    never exceeds what was paid.

    Args:
        bought: Order lines: order_id, member_id, sku, paid_at, quantity, amount (minor units).
        returned: Cancellation lines, indexed by line: member_id, sku, paid_at, quantity
            (negative), amount (minor units, positive).

    Returns:
        Frame of order_id, refund_amount (minor units), refunded_at (the latest), sorted by
        order_id; and the lines that were not matched, by reason.
    """
    stock = _stock(bought, returned)
    amount: dict[str, int] = defaultdict(int)
    latest: dict[str, int] = {}
    unmatched: dict[str, list[int]] = defaultdict(list)
    in_time = returned.sort_values("paid_at", kind="stable")
    rows = zip(
        in_time.index, in_time["member_id"], in_time["sku"], _micros(in_time["paid_at"]),
        (-in_time["quantity"]).tolist(), in_time["amount"].tolist(), strict=True,
    )  # fmt: skip
    for line, member, sku, at, units, money in rows:
        earlier = [item for item in stock.get((member, sku), ()) if item.at <= at]
        taken = _take(earlier[::-1], units, money)
        if isinstance(taken, str):
            unmatched[taken].append(int(line))
            continue
        for item, part_units, part_money in taken:
            item.units -= part_units
            item.money -= part_money
            amount[item.order_id] += part_money
            latest[item.order_id] = at
    orders = sorted(amount)
    refunds = pd.DataFrame(
        {
            "order_id": pd.Series(orders, dtype="str"),
            "refund_amount": pd.Series([amount[order] for order in orders], dtype="int64"),
            "refunded_at": pd.DatetimeIndex(
                pd.Series([latest[order] for order in orders], dtype="datetime64[us]"), tz="UTC"
            ),
        }
    )
    return refunds, dict(unmatched)


def _stock(bought: pd.DataFrame, returned: pd.DataFrame) -> dict[tuple[str, str], list[_Bought]]:
    """(member, product) → what was bought of it, by time, for what was returned at all."""
    wanted = returned[["member_id", "sku"]].drop_duplicates()
    known = bought[bought["member_id"].notna()].merge(wanted, on=["member_id", "sku"])
    groups = known.groupby(["member_id", "sku", "order_id"], sort=False)
    held = groups.agg(at=("paid_at", "min"), units=("quantity", "sum"), money=("amount", "sum"))
    held = held.reset_index().sort_values(["at", "order_id"])
    held["at"] = _micros(held["at"])
    stock: dict[tuple[str, str], list[_Bought]] = defaultdict(list)
    columns = (held[name].tolist()
               for name in ("member_id", "sku", "order_id", "at", "units", "money"))  # fmt: skip
    for member, sku, order, at, units, money in zip(*columns, strict=True):
        stock[member, sku].append(_Bought(order, at, units, money))
    return stock


def _micros(times: pd.Series) -> list[int]:
    return times.astype("datetime64[us, UTC]").astype("int64").tolist()


def _take(earlier: list[_Bought], units: int, money: int) -> list[tuple[_Bought, int, int]] | str:
    """What to take from which order, or why nothing can be taken."""
    if not earlier:
        return NOT_BOUGHT
    for item in earlier:
        if item.units >= units and item.money >= money:
            return [(item, units, money)]
    if sum(item.units for item in earlier) < units:
        return TOO_MANY
    if sum(item.money for item in earlier) < money:
        return TOO_DEAR
    taken = []
    for item in earlier:
        part_units, part_money = min(units, item.units), min(money, item.money)
        if part_units or part_money:
            taken.append((item, part_units, part_money))
        units, money = units - part_units, money - part_money
    return taken
