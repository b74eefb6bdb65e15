"""`--format online-retail`: invoice lines of the UCI Online Retail data set.

The file has one line per product on an invoice. What is made of it:

* An invoice with something to pay is an order: `amount` is the sum of quantity × unit price over
  its lines with positive quantity, each rounded to pence; `paid_at` its earliest line (43
  invoices of the published file span a minute); zone Europe/London. Its lines are order items,
  those with price 0 too (a free item in a paid order). Equal lines are real and kept.
* An invoice number that starts with C cancels. Each of its lines becomes a refund of an earlier
  order of the same customer with the same stock code: the most recent one from which so many
  are left, for at least the money returned; else the most recent ones together. `refunded_at` is
  the order's latest refund. What finds no order is counted and not loaded: much of it returns
  what was bought before the file begins.
* Not loaded: lines without a price on invoices with nothing to pay (samples, stock found),
  negative quantities that are no cancellations (stock written off), bad-debt adjustments
  (invoice numbers that start with A).
* No customer: the order has no `member_id` and its buyer is unknown.
* A member is a customer with any readable line; `joined_at` is the first invoice, a cancellation
  included: nothing earlier is known. `region` is the country of the latest line.

Source: D. Chen (2015), Online Retail, UCI Machine Learning Repository, CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from commlab.config import Settings
from commlab.loaders import times, values
from commlab.loaders.adapter import Sieve, one_file
from commlab.loaders.options import Options
from commlab.loaders.refunds import match
from commlab.loaders.workspace import WorkspaceWriter

SETTINGS = Settings(name="Online Retail", zone="Europe/London", currency="GBP", calendar="none")
COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
    "CustomerID", "Country",
)  # fmt: skip
INTO = "orders + order_items + members"

ORDER_LINE, REFUND = "order line", "cancellation, refund of an earlier order"
BAD_DEBT = "bad-debt adjustment (InvoiceNo starts with A)"
WRITTEN_OFF = "negative quantity without a cancellation: stock written off"
NO_QUANTITY = "quantity 0"
NEGATIVE_PRICE = "negative price"
NOTHING_TO_PAY = "invoice with nothing to pay"
NOBODY = "cancellation without a customer"
POSITIVE = "cancellation with a positive quantity"
ROUNDED = "line amount rounded to pence"


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load the file into a workspace.

    Args:
        paths: The file.
        writer: Writer of the workspace.
        options: Encoding.

    Raises:
        LoadError: The file cannot be read or is of another format.
    """
    writer.begin(SETTINGS)
    chunk, account = one_file(paths, writer, options, COLUMNS, INTO)
    lines = _typed(chunk.frame)
    sieve = Sieve(lines, account)
    for column, what in (("order_id", "InvoiceNo"), ("sku", "StockCode")):
        sieve.refuse(lines[column].isna(), f"{what}: empty")
    sieve.refuse(lines["quantity"].isna(), "Quantity: not a whole number")
    sieve.refuse(lines["paid_at"].isna(), "InvoiceDate: not a time")
    sieve.refuse(lines["price"].isna(), "UnitPrice: not a number")
    readable = lines[sieve.left]

    cancelled = lines["order_id"].str.startswith("C").fillna(False).astype(bool)
    sieve.refuse(lines["order_id"].str.startswith("A").fillna(False).astype(bool), BAD_DEBT)
    sieve.refuse(cancelled & (lines["quantity"] > 0), POSITIVE)
    sieve.refuse(lines["quantity"] == 0, NO_QUANTITY)
    sieve.refuse(~cancelled & (lines["quantity"] < 0), WRITTEN_OFF)
    sieve.refuse(lines["price"] < 0, NEGATIVE_PRICE)
    sieve.refuse(cancelled & lines["member_id"].isna(), NOBODY)
    bought = lines[sieve.left & ~cancelled]
    total = bought.groupby("order_id")["amount"].transform("sum")
    empty = pd.Series(False, index=lines.index)
    empty[bought.index[total <= 0]] = True
    sieve.refuse(empty, NOTHING_TO_PAY)
    bought = lines[sieve.left & ~cancelled]

    orders = _orders(bought)
    returned = lines[sieve.left & cancelled]
    refunds, unmatched = match(bought, returned)
    for reason, index in unmatched.items():
        sieve.refuse(lines.index.isin(index), reason)
    sieve.require_some(chunk.frame)
    account.load(len(bought), ORDER_LINE)
    account.load(len(returned) - sum(len(index) for index in unmatched.values()), REFUND)
    account.alter(ROUNDED, lines.index[lines["rounded"] & sieve.left])

    orders = orders.merge(refunds, on="order_id", how="left")
    orders["refund_amount"] = orders["refund_amount"].fillna(0).astype("int64")
    writer.add("members", _members(readable))
    writer.add("orders", orders)
    writer.add("order_items", bought[["order_id", "sku", "product", "quantity", "amount"]])
    writer.report.notes += [
        "joined_at is a customer's first invoice in the file; earlier ones are not known.",
        "An order has one refunded_at: the latest of its refunds.",
        "Orders without a customer have an unknown buyer.",
    ]


def _typed(text: pd.DataFrame) -> pd.DataFrame:
    """The columns in their types: price in tenths of a penny, amounts in pence."""
    # Four prices of the published file have three decimals, so prices are kept in thousandths.
    price = values.to_thousandths(text["UnitPrice"]).cells
    quantity = values.to_int(text["Quantity"]).cells
    thousandths = (price * quantity).abs()
    product = values.to_text(text["Description"].str.strip()).cells
    return pd.DataFrame(
        {
            "order_id": values.to_id(text["InvoiceNo"]).cells,
            "sku": values.to_id(text["StockCode"]).cells,
            "product": product,
            "quantity": quantity,
            "paid_at": times.to_time(text["InvoiceDate"], zone=SETTINGS.zone).cells,
            "price": price,
            "amount": (thousandths + 5) // 10,
            "rounded": (thousandths % 10 != 0).fillna(False).astype(bool),
            "member_id": values.to_id(text["CustomerID"], drop_point_zero=True).cells,
            "country": values.to_text(text["Country"]).cells,
        }
    )


def _orders(bought: pd.DataFrame) -> pd.DataFrame:
    """One row an invoice, in the order of the file."""
    groups = bought.groupby("order_id", sort=False)
    orders = groups.agg(
        member_id=("member_id", "first"), paid_at=("paid_at", "min"), amount=("amount", "sum")
    ).reset_index()
    known = orders["member_id"].notna()
    orders["buyer_status"] = np.where(known, "member", "unknown")
    return orders


def _members(readable: pd.DataFrame) -> pd.DataFrame:
    known = readable[readable["member_id"].notna()].sort_values("paid_at", kind="stable")
    groups = known.groupby("member_id")
    members = groups.agg(joined_at=("paid_at", "first"), region=("country", "last"))
    return members.reset_index().sort_values(["joined_at", "member_id"])
