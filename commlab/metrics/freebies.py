"""What members take without paying, and what else they do: features of freebie hunters (羊毛党)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab.errors import MissingTableError

if TYPE_CHECKING:
    from commlab.dataset import Dataset

TAKEN = ("sampled", "drawn", "redeemed")
# Steps of somebody who is interested, not steps that are done to people.
_LIVELY = ("clicked", "visited", "shared", "carted", "watched")
FEATURES = ("takes", "full_price", "net", "messages", "steps_after", "left")


def freebie_rows(ds: Dataset) -> pd.DataFrame:
    """Return, for each member, what was taken and what was given.

    Args:
        ds: The dataset, with touchpoints (samples, draws, redemptions) or coupons.

    Returns:
        Frame sorted by member_id, one row a member who is not staff: member_id, channel, takes
        (samples, draws and redemptions, coupons used where these are not among the steps),
        full_price (orders without discount), net (paid less refunded, currency units), messages,
        steps_after (days with another sign of life after the last thing taken), left (whether the
        person has left all groups or deleted the adviser). A column is missing where the table is
        that would tell: nobody is guilty of what was not looked at.

    Raises:
        MissingTableError: Neither touchpoints nor coupons.
    """
    if not ds.has("touchpoints") and not ds.has("coupons"):
        raise MissingTableError(
            "freebie hunters show in touchpoints (samples, draws, redemptions) or coupons.",
            where=ds.name,
            fix="Without them nobody can be told to take and not give.",
        )
    takes = _takes(ds)
    taken = takes.group_by("member_id").agg(takes=takes.count(), last=takes["at"].max())
    rows = ds.people().select("member_id", "channel")
    rows = _with(rows, taken, takes=0, last=None)
    rows = _with(rows, _orders(ds), full_price=0, net=0)
    rows = _with(rows, _messages(ds), messages=0)
    rows = _with(rows, _after(ds, taken), steps_after=0)
    rows = _with(rows, _gone(ds), left=0)
    frame = ds.frame(rows.drop("last"), ["member_id"])
    frame["net"] = ds.money(frame["net"].astype(float))
    frame["left"] = frame["left"].astype("boolean")
    for name in _untold(ds):
        frame[name] = pd.array([pd.NA] * len(frame), dtype="boolean" if name == "left" else "Int64")
    return frame[["member_id", "channel", *FEATURES]]


def _with(rows: ir.Table, more: ir.Table, **missing: int | None) -> ir.Table:
    own = [name for name in rows.columns if name != "member_id"]
    more = more.rename(other="member_id")
    joined = rows.left_join(more, rows.member_id == more.other)
    filled = {
        name: joined[name] if value is None else joined[name].fill_null(value)
        for name, value in missing.items()
    }
    return joined.select("member_id", *own, **filled)


def _takes(ds: Dataset) -> ir.Table:
    if ds.has("touchpoints"):
        steps = ds.table("touchpoints")
        return steps.filter(steps.event.isin(TAKEN)).select("member_id", "at")
    coupons = ds.table("coupons")
    return coupons.filter(coupons.redeemed_at.notnull()).select("member_id", at="redeemed_at")


def _orders(ds: Dataset) -> ir.Table:
    if not ds.has("orders"):
        return _nothing(ds, full_price="int64", net="int64")
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull())
    full = (orders.discount.fill_null(0) <= 0) & (orders.amount > orders.refund_amount)
    full &= orders.kind.fill_null("regular") != "trial"
    return orders.group_by("member_id").agg(
        full_price=full.cast("int64").sum(), net=(orders.amount - orders.refund_amount).sum()
    )


def _messages(ds: Dataset) -> ir.Table:
    if not ds.has("messages"):
        return _nothing(ds, messages="int64")
    m = ds.table("messages")
    m = m.filter(~m.revoked, m.member_id.notnull())
    return m.group_by("member_id").agg(messages=m.count())


def _after(ds: Dataset, taken: ir.Table) -> ir.Table:
    """Return days with a click, visit, share, message, check-in or order after the last thing."""
    parts = []
    if ds.has("touchpoints"):
        steps = ds.table("touchpoints")
        steps = steps.filter(
            steps.event.isin(("clicked", "visited", "shared", "carted", "watched"))
        )
        parts.append(steps.select("member_id", "at"))
    for name, time in (("messages", "sent_at"), ("check_ins", "at"), ("orders", "paid_at")):
        if ds.has(name):
            parts.append(ds.table(name).select("member_id", at=time))
    if not parts:
        return _nothing(ds, steps_after="int64")
    signs = ibis.union(*parts) if len(parts) > 1 else parts[0]
    ends = taken.select(who="member_id", last="last")
    signs = signs.inner_join(ends, signs.member_id == ends.who)
    signs = signs.filter(signs["at"] > signs.last)
    days = signs.select("member_id", day=signs["at"].date()).distinct()
    return days.group_by("member_id").agg(steps_after=days.count())


def _gone(ds: Dataset) -> ir.Table:
    from commlab.metrics import departures

    gone = departures.absences(ds)
    if gone is None:
        return _nothing(ds, left="int64")
    now = gone.filter(gone.gone_until.isnull()).select("member_id").distinct()
    return now.mutate(left=ibis.literal(1, "int64"))


def _untold(ds: Dataset) -> list[str]:
    """Return the features that no table of the workspace can tell."""
    from commlab.metrics import departures

    lively = ds.has("touchpoints") or any(
        ds.has(name) for name in ("messages", "check_ins", "orders")
    )
    told = {
        "full_price": ds.has("orders"), "net": ds.has("orders"), "messages": ds.has("messages"),
        "steps_after": lively, "left": departures.absences(ds) is not None,
    }  # fmt: skip
    return [name for name, known in told.items() if not known]


def _nothing(ds: Dataset, **columns: str) -> ir.Table:
    values = {name: ibis.null(kind) for name, kind in columns.items()}
    return ds.people().select("member_id", **values).limit(0)
