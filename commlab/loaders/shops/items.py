"""Lines of orders: each line once, and only those of orders that count."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from commlab.loaders import values
from commlab.loaders.report import ALREADY, CORRECTION
from commlab.loaders.shops.sheets import Opened

NO_ORDER = "line of an order that was not loaded (not paid, or not in the files)"
COLUMNS = {"order_id": "str", "sku": "str", "product": "str", "quantity": "float64",
           "amount": "Int64", "refund": "Int64", "from_price": "bool"}  # fmt: skip
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
            "from_price": (paid.isna() & counted.notna()).astype(bool),
        }
    )


def choose(
    parts: Sequence[tuple[Opened, pd.DataFrame]], orders: set[str], before: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lines of orders that count, each order's from one file, and account for the rest.

    Args:
        parts: (sheet, its lines) by file; a sheet whose rows are orders too is accounted for there.
        orders: Ids of the orders that count.
        before: Lines of earlier loads.

    Returns:
        The lines that count, and the lines to keep for the next load: their order may come then.
    """
    taken: dict[str, int] = dict.fromkeys(before["order_id"].dropna().unique(), -1)
    known_before = _groups(before)
    for number, (_, rows) in enumerate(parts):
        # The latest file has the latest state of an order.
        taken.update(dict.fromkeys(rows["order_id"].dropna().unique(), number))
    old = before[before["order_id"].map(taken) == -1]
    kept, whole = [old[_complete(old) & old["order_id"].isin(orders)]], [old]
    for number, (opened, rows) in enumerate(parts):
        own = "paid" not in opened.sheet.fields
        good = _readable(opened, rows, own=own)
        known = rows["order_id"].isin(orders)
        here = rows["order_id"].map(taken) == number
        if own:
            opened.sieve.refuse(~known, NO_ORDER)
            opened.sieve.refuse(~here, AGAIN)
            groups = _groups(rows[here & rows["order_id"].isin(known_before)])
            same = {order for order, text in groups.items() if known_before.get(order) == text}
            opened.sieve.refuse(rows["order_id"].isin(same), ALREADY)
            newer = rows["order_id"].isin(known_before) & opened.sieve.left
            opened.account.load(int((opened.sieve.left & ~newer).sum()), "order line")
            if newer.any():
                opened.account.load(int(newer.sum()), CORRECTION)
        chosen = rows[good & known & here]
        opened.account.alter(FROM_PRICE, chosen.index[chosen["from_price"]])
        kept.append(chosen)
        whole.append(rows[here])
    return pd.concat(kept, ignore_index=True), pd.concat(whole, ignore_index=True)


def _groups(rows: pd.DataFrame) -> dict[str, str]:
    """The lines of each order, as one text to compare."""
    text = pd.Series("", index=rows.index, dtype="str")
    for name in COLUMNS:
        if name not in ("order_id", "from_price"):
            text = text + rows[name].astype("str").fillna("") + "\x1f"
    lines = pd.DataFrame({"order_id": rows["order_id"], "text": text})
    joined = lines.sort_values("text").groupby("order_id")["text"].agg("\n".join)
    return {str(order): text for order, text in joined.items()}


def _complete(rows: pd.DataFrame) -> pd.Series:
    return rows[["order_id", "sku", "quantity", "amount"]].notna().all(axis=1)


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
