"""Lines of orders: each line once, and only those of orders that count."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from commlab.loaders import values
from commlab.loaders.shops.sheets import Opened

NO_ORDER = "line of an order that was not loaded (not paid, or not in the files)"
AGAIN = "line of an order whose lines another file has"
FROM_PRICE = "amount of the line is price × quantity, before discounts of the whole order"


def lines(opened: Opened) -> pd.DataFrame:
    """Return the lines of one sheet in their types, by line of the file.

    Args:
        opened: A sheet with the fields order_id, sku, product, price, quantity, item_paid and
            item_refund.

    Returns:
        order_id, sku, product, category, quantity, amount (minor units), refund (minor units).
    """
    text = opened.text
    quantity = values.to_float(text["quantity"]).cells
    price = values.to_money(text["price"]).cells
    paid = values.to_money(text["item_paid"]).cells
    product = values.to_text(text["product"].str.strip()).cells
    sku = values.to_id(text["sku"]).cells
    counted = (price.astype("Float64") * quantity.astype("Float64")).round().astype("Int64")
    return pd.DataFrame(
        {
            "order_id": values.to_id(text["order_id"]).cells,
            # Where a shop keeps no codes, the title is what tells products apart.
            "sku": sku.where(sku.notna(), product),
            "product": product,
            "quantity": quantity,
            "amount": paid.where(paid.notna(), counted),
            "refund": values.to_money(text["item_refund"]).cells,
            "from_price": paid.isna() & counted.notna(),
        }
    )


def choose(parts: Sequence[tuple[Opened, pd.DataFrame]], orders: set[str]) -> pd.DataFrame:
    """Return the lines of orders that count, each order's from one file, and account for the rest.

    Args:
        parts: (sheet, its lines) by file; a sheet whose rows are orders too is accounted for there.
        orders: Ids of the orders that count.
    """
    taken: dict[str, int] = {}
    for number, (_, rows) in enumerate(parts):
        # The latest file has the latest state of an order.
        taken.update(dict.fromkeys(rows["order_id"].dropna().unique(), number))
    kept = []
    for number, (opened, rows) in enumerate(parts):
        own = "paid" not in opened.sheet.fields
        good = _readable(opened, rows, own=own)
        known = rows["order_id"].isin(orders)
        here = rows["order_id"].map(taken) == number
        if own:
            opened.sieve.refuse(~known, NO_ORDER)
            opened.sieve.refuse(~here, AGAIN)
            opened.account.load(int(opened.sieve.left.sum()), "order line")
        chosen = rows[good & known & here]
        opened.account.alter(FROM_PRICE, chosen.index[chosen["from_price"]])
        kept.append(chosen)
    return pd.concat(kept, ignore_index=True)


def _readable(opened: Opened, rows: pd.DataFrame, *, own: bool) -> pd.Series:
    good = pd.Series(True, index=rows.index)
    for column, reason in (
        ("order_id", "order number: empty"),
        ("sku", "product: neither code nor title"),
        ("quantity", "quantity: not a number"),
        ("amount", "price: not an amount"),
    ):
        lacking = rows[column].isna()
        if own:
            opened.sieve.refuse(lacking, reason)
        elif column != "order_id":
            # The row still counts as a row of its order.
            opened.account.alter(
                f"no order line made of it: {reason}",
                rows.index[good & lacking & opened.sieve.left],
            )
        good &= ~lacking
    return good
