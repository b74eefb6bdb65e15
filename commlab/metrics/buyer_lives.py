"""How long each buyer went on buying, and on which side he stood at his first order.

The side is that of the first order and stays: who joined later because he kept buying would
otherwise lend the members his loyalty (immortal time, Suissa 2008, Am. J. Epidemiol. 167).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics import periods as calendar
from commlab.metrics.rates import minimum
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)
SIDES = ("membership", "group")
IN, OUT, UNKNOWN = "in", "out", "unknown"
GAP = 90  # days without a purchase after which a buyer has stopped: the window of member value


def life_sides(ds: Dataset) -> str:
    """Return how buyers can be told apart: "membership", else "group".

    Non-members can be followed only where their orders carry an id of theirs.

    Raises:
        NotEnoughDataError: Non-members have no ids, and nothing says who is in a group.
    """
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull(), orders.buyer_status == "non_member")
    known = int(ds.frame(orders.agg(n=orders.member_id.nunique()))["n"].iloc[0] or 0)
    if known >= minimum(ds, None):
        return "membership"
    if ds.has("memberships"):
        return "group"
    raise NotEnoughDataError(
        f"{known} buyers are known as non-members by an id, and nothing says who is in a group.",
        fix="Load the whole customer list with buyer_status, or the table memberships.",
    )


def buyer_lives(ds: Dataset, by: str, gap_days: int = GAP) -> pd.DataFrame:
    """Return each known buyer with the first order and how long the buying lasted.

    A buyer has stopped at the last purchase before `gap_days` days without one. Whether somebody
    had stopped on a day is known so many days later: lives are read up to `as_of` − `gap_days`.

    Args:
        ds: The dataset, with orders.
        by: "membership": members against known non-members; whoever joined after the first order
            counts as unknown. "group": those in a chat group on the day of the first order against
            all other known buyers.
        gap_days: Days without a purchase.

    Returns:
        Frame sorted by member_id: member_id, side ("in", "out", "unknown"), first (day since
        1970-01-01), month (number of the first order's month), first_net (currency units),
        channel and kind (of the first order, "" where not said), second (days to the second
        purchase; missing: none by `as_of`), life (days from the first to the last purchase before
        the gap, as known by `as_of`), home (chat group, or the person), attrs["read_to"] (the day
        up to which lives are known).
    """
    guards.one_of("by", by, SIDES)
    guards.whole("gap_days", gap_days, low=1)
    days = occasions(ds)
    own = ibis.window(group_by="member_id", order_by="day")
    days = days.mutate(past=days.day.lag().over(own))
    broke = ibis.ifelse(days.day - days.past > gap_days, days.past, ibis.null("int64"))
    days = days.mutate(broke=broke)
    first = days.day.min()
    lives = days.group_by("member_id").agg(
        first=first, last=days.day.max(), broke=days.broke.min(),
        second=days.day.min(where=days.past.notnull()),
    )  # fmt: skip
    facts = _first_facts(ds, lives)
    lives = lives.inner_join(facts, "member_id")
    lives = _with_side(ds, lives, by)
    frame = ds.frame(lives, ["member_id"])
    out = pd.DataFrame({"member_id": frame["member_id"].astype(str), "side": frame["side"]})
    out["first"] = frame["first"].astype("int64")
    starts = pd.Timestamp(_EPOCH) + pd.to_timedelta(out["first"], unit="D")
    out["month"] = [calendar.number_of(day.date(), "month") for day in starts]
    out["first_net"] = ds.money(frame["net"].astype(float))
    out["channel"] = frame["channel"].astype("str").fillna("")
    out["kind"] = frame["kind"].astype("str").fillna("")
    out["second"] = frame["second"].astype("Float64") - out["first"]
    end = frame["broke"].astype("Float64").fillna(frame["last"].astype("Float64"))
    out["life"] = (end - out["first"]).astype("int64")
    out["home"] = frame["home"].astype("str").fillna(out["member_id"])
    out.attrs["read_to"] = (ds.as_of - _EPOCH).days - gap_days
    return out


def _first_facts(ds: Dataset, lives: ir.Table) -> ir.Table:
    """Return of the first day's orders: member_id, net, channel, kind, buyer_status."""
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull())
    rows = orders.select(
        "member_id", "channel", "kind", "buyer_status",
        net=orders.amount - orders.refund_amount,
        day=orders.paid_at.cast("date").epoch_days().cast("int64"),
    )  # fmt: skip
    rows = rows.inner_join(lives.select("member_id", "first"), "member_id")
    rows = rows.filter(rows.day == rows["first"])
    # Of several orders on that day the least of each fact: any, but the same each time.
    return rows.group_by("member_id").agg(
        net=rows.net.sum(), channel=rows.channel.min(), kind=rows.kind.min(),
        buyer_status=rows.buyer_status.min(),
    )  # fmt: skip


def _with_side(ds: Dataset, lives: ir.Table, by: str) -> ir.Table:
    home = _homes(ds, lives)
    lives = lives.left_join(home, "member_id").drop("member_id_right")
    if by == "group":
        return lives.mutate(side=ibis.ifelse(lives.home.notnull(), IN, OUT))
    status = lives.buyer_status
    side = ibis.cases((status == "member", IN), (status == "non_member", OUT), else_=UNKNOWN)
    lives = lives.mutate(side=side)
    if not ds.has("members"):
        return lives
    people = ds.people().select(
        known="member_id", joined=ds.people().joined_at.cast("date").epoch_days().cast("int64")
    )
    lives = lives.left_join(people, lives.member_id == people.known)
    later = (lives.side == IN) & (lives.joined > lives["first"]).fill_null(False)
    return lives.mutate(side=ibis.ifelse(later, UNKNOWN, lives.side)).drop("known", "joined")


def _homes(ds: Dataset, lives: ir.Table) -> ir.Table:
    """Return `member_id`, `home`: the chat group on the day of the first order."""
    if not ds.has("memberships"):
        return lives.select("member_id").mutate(home=ibis.null("string")).limit(0)
    stays = ds.table("memberships")
    stays = stays.select(
        "member_id", "group_id",
        begin=stays.joined_at.cast("date").epoch_days().cast("int64"),
        end=stays.left_at.cast("date").epoch_days().cast("int64"),
    )  # fmt: skip
    rows = stays.inner_join(lives.select("member_id", "first"), "member_id")
    there = (rows.begin <= rows["first"]) & (rows.end.isnull() | (rows.end > rows["first"]))
    rows = rows.filter(there)
    return rows.group_by("member_id").agg(home=rows.group_id.min())


def unnamed_orders(ds: Dataset) -> int:
    """Return the orders with money left whose buyer nobody knows."""
    orders = ds.table("orders")
    rows = orders.filter(orders.member_id.isnull(), orders.amount > orders.refund_amount)
    rows = rows.filter(rows.buyer_status == UNKNOWN)
    return int(ds.frame(rows.agg(n=rows.count()))["n"].iloc[0] or 0)
