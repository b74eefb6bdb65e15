"""Order rows of several exports to paid orders: which count, and each once.

* An order counts when it was paid. What was never paid is counted by its status.
* A closed order that was paid is a full refund.
* Rows of one order in one file (an export with a row an item repeats the total) are one order:
  the total is read once, never summed.
* The same order in two files (exports overlap) is taken from the one that has it in the later
  state; of equal states from the later file by name, since exports are named by date.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from commlab.errors import LoadError
from commlab.loaders import times, values
from commlab.loaders.report import ALREADY, CORRECTION
from commlab.loaders.shops.sheets import Opened

ORDER, FURTHER = "order", "further row of one order, its total not summed again"
OLDER = "an order that another file has in a later state"
CLOSED = "closed after payment: a full refund"
FROM_TOTAL = "closed with nothing left in the paid column: the order's total was taken"
UNKNOWN = "status is not one that this format knows; it has a payment time, so it counts"
DIFFER = "rows of one order name different totals: that of its latest state was taken"
TOO_MUCH = "more refunded than was paid: the refund was cut to the payment"
UNDATED = "status says paid, but there is no payment time"
OTHER = "another status"
_CONTENTS = ("paid_at", "amount", "refund_amount", "channel", "whole", "masked")


@dataclasses.dataclass(frozen=True)
class Statuses:
    """Status words of a system, in the order in which an order passes through them.

    Attributes:
        unpaid: Before the payment.
        paid: After it.
        closed: The end without a sale; whether it was paid, the payment time says.
    """

    unpaid: tuple[str, ...]
    paid: tuple[str, ...]
    closed: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.unpaid, *self.paid, *self.closed)

    def rank(self, status: pd.Series) -> pd.Series:
        """Return how far an order is; unknown words stand between the paid and the closed."""
        ranks: dict[str, float] = {word: rank for rank, word in enumerate(self.words)}
        between = len(self.unpaid) + len(self.paid) - 0.5
        return status.map(ranks).fillna(between)


def paid_rows(opened: Opened, statuses: Statuses, zone: str) -> pd.DataFrame:
    """Return the rows of paid orders of one file in their types; the rest is refused by reason.

    Args:
        opened: A sheet with the fields order_id, status, created_at, paid_at, paid, total and
            refund.
        statuses: Status words.
        zone: Zone of its times.

    Returns:
        Rows by line: order_id, status, rank, created_at, paid_at, paid, total, refund (minor
        units), closed.
    """
    text, sieve = opened.text, opened.sieve
    when = times.to_time(text["paid_at"], zone=zone)
    money = {name: values.to_money(text[name]) for name in ("paid", "total", "refund")}
    status = text["status"].map(_word).astype("str")
    rows = pd.DataFrame(
        {
            "order_id": values.to_id(text["order_id"]).cells,
            "status": status,
            "rank": statuses.rank(status),
            "created_at": times.to_time(text["created_at"], zone=zone).cells,
            "paid_at": when.cells,
            **{name: parsed.cells for name, parsed in money.items()},
            "closed": status.isin(statuses.closed),
        }
    )
    sieve.refuse(rows["order_id"].isna(), "order number: empty")
    sieve.refuse(when.bad, "payment time: not a time")
    sieve.refuse(money["paid"].bad, "amount paid: not an amount")
    sieve.refuse(money["paid"].cells < 0, "amount paid: negative")
    undated = rows["paid_at"].isna()
    sieve.refuse(undated & status.isin(statuses.paid), UNDATED)
    for word in (*statuses.unpaid, *statuses.closed):
        sieve.refuse(undated & (status == word), f"not paid: {word}")
    sieve.refuse(undated, f"not paid: {OTHER}" if "status" in opened.present else "not paid")
    left = rows[sieve.left]
    if "status" in opened.present:
        opened.doubt(UNKNOWN, left.index[~left["status"].isin(statuses.words)])
    opened.doubt("refund left empty: not an amount", left.index[money["refund"].bad[sieve.left]])
    return left


def one_order(opened: Opened, rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row an order of one file, its index the line of the row it was taken from."""
    latest = rows.assign(line=rows.index).sort_values("rank", ascending=False, kind="stable")
    groups = latest.groupby("order_id", sort=False)
    totals = groups["paid"].transform("nunique")
    opened.doubt(DIFFER, latest.index[(totals > 1).to_numpy()])
    orders = groups.first()  # the first filled cell of each column: a total may stand once
    return orders.reset_index()


def settle(
    parts: Sequence[tuple[Opened, pd.DataFrame, pd.DataFrame]], before: pd.DataFrame
) -> pd.DataFrame:
    """Choose, for orders that several files have, one file, and close the accounts.

    Args:
        parts: (sheet, its paid rows, its orders), by file.
        before: Orders of earlier loads, older than those of any file.

    Returns:
        Orders: what `one_order` returns, with `file` (position in `parts`, −1 for earlier loads).
    """
    every = pd.concat(
        [before.assign(file=-1)]
        + [orders.assign(file=number) for number, (_, _, orders) in enumerate(parts)],
        ignore_index=True,
    )
    chosen = every.sort_values(["rank", "file"], kind="stable").drop_duplicates(
        "order_id", keep="last"
    )
    for number, (opened, rows, _) in enumerate(parts):
        ours = set(chosen.loc[chosen["file"] == number, "order_id"])
        kept = rows["order_id"].isin(ours)
        _refuse(opened, rows.index[~kept], OLDER)
        taken = chosen[chosen["file"] == number]
        known = _known(taken, before)
        _refuse(opened, rows.index[kept & rows["order_id"].isin(known["same"])], ALREADY)
        loaded = rows[kept & ~rows["order_id"].isin(known["same"])]
        first = ~loaded.duplicated("order_id")
        newer = loaded["order_id"].isin(known["newer"])
        for use, mask in (
            (ORDER, first & ~newer), (CORRECTION, first & newer), (FURTHER, ~first),
        ):  # fmt: skip
            if use == ORDER or mask.any():
                opened.account.load(int(mask.sum()), use)
        for doubt in (CLOSED, FROM_TOTAL, TOO_MUCH):
            if doubt in taken:
                opened.doubt(doubt, taken.loc[taken[doubt], "line"])
        opened.settle()
    return chosen.sort_values(["paid_at", "order_id"], kind="stable")


def _known(taken: pd.DataFrame, before: pd.DataFrame) -> dict[str, set[str]]:
    """Orders that earlier loads have: those with the same contents, and those with others."""
    both = taken.merge(before, on="order_id", suffixes=("", "_before"))
    differ = pd.Series(False, index=both.index)
    for column in _CONTENTS:
        if column in taken and column in before:
            new, old = both[column], both[f"{column}_before"]
            differ |= ~((new == old).fillna(False).astype(bool) | (new.isna() & old.isna()))
    return {"same": set(both.loc[~differ, "order_id"]), "newer": set(both.loc[differ, "order_id"])}


def refunds(orders: pd.DataFrame) -> pd.DataFrame:
    """Return orders with amount and refund_amount: closed ones refunded whole, none above it."""
    amount = orders["amount"].fillna(0)
    missing = orders["closed"] & (amount == 0) & (orders["total"].fillna(0) > 0)
    amount = amount.where(~missing, orders["total"])
    refund = orders["refund"].fillna(0).clip(lower=0)
    beyond = (refund > amount) & ~orders["closed"]
    refund = refund.where(~orders["closed"], amount)
    return orders.assign(
        amount=amount.astype("int64"),
        refund_amount=refund.where(refund <= amount, amount).astype("int64"),
        **{CLOSED: orders["closed"], FROM_TOTAL: missing, TOO_MUCH: beyond},
    )


def first_time(text: pd.DataFrame, zone: str) -> pd.Series:
    """Return when an order was made, or paid where that is not known."""
    made = times.to_time(text["created_at"], zone=zone).cells
    return made.where(made.notna(), times.to_time(text["paid_at"], zone=zone).cells)


def require_orders(
    reports: Sequence[Opened], sheets: Sequence[Opened], before: pd.DataFrame
) -> None:
    """Raise when there is no order report among the files, nor among those loaded earlier.

    Raises:
        LoadError: There is none.
    """
    if not reports and sheets and not len(before):
        raise LoadError(
            "there is no order report among the files.",
            where=", ".join(item.account.source for item in sheets),
            fix="Export the orders as well: lines alone have neither payment nor time.",
        )


def require_some(reports: Sequence[Opened]) -> None:
    """Raise when no order of any report was paid: that is a wrong file, not a dirty one.

    Raises:
        LoadError: None was.
    """
    known = any(ALREADY in item.account.not_loaded for item in reports)
    if not reports or known or any(item.account.rows_loaded for item in reports):
        return
    reasons = [reason for item in reports for reason in item.account.not_loaded]
    raise LoadError(
        f"no paid order among its rows: {'; '.join(dict.fromkeys(reasons))}.",
        where=", ".join(item.account.source for item in reports),
        fix="Export paid orders, with the payment time.",
    )


def _word(cell: str) -> str:
    """A status in one form: exports differ in the comma and in spaces."""
    return "".join(values.narrow(cell).split()).replace(",", "，")


def _refuse(opened: Opened, lines: pd.Index, reason: str) -> None:
    opened.sieve.refuse(pd.Series(opened.text.index.isin(lines), index=opened.text.index), reason)
