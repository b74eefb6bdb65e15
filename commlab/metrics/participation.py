"""How much members took part in one window, and what they left in the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics.margins import order_margins

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)
DAYS = 90  # the window of member value
_TOOK_PART = {"messages": ("member_id", "sent_at"), "check_ins": ("member_id", "at")}
_MOUTH = ("shared", "clicked")


def participation_rows(
    ds: Dataset, days: int = DAYS, *, by: Sequence[str] = ("messages", "check_ins")
) -> pd.DataFrame:
    """Return on how many days members took part, and the margin of the window that follows.

    Taking part is writing in a group or checking in. It is counted in the `days` before the last
    `days`, margin in the last: what follows cannot have brought about what came before.

    Args:
        ds: The dataset, with orders, and messages or check_ins.
        days: Length of each window.
        by: Tables that say who took part.

    Returns:
        Frame sorted by member_id, those who had joined before the first window: member_id,
        active_days, margin (of the window that follows, currency units), past_margin (of the
        window in which they took part), earlier_margin (before), past_orders, tenure (days),
        home (chat group of the first message, or the person).

    Raises:
        ArgumentError: `by` names another table.
        MissingTableError: There are no orders.
        NotEnoughDataError: Nothing says who took part, or no margin is known.
    """
    guards.whole("days", days, low=1)
    there = [name for name in by if ds.has(guards.one_of("by", name, tuple(_TOOK_PART)))]
    if not there:
        raise NotEnoughDataError(
            f"no table says who took part ({', '.join(by)}).", fix="Add one of these tables."
        )
    stop = (ds.as_of - _EPOCH).days + 1
    middle, start = stop - days, stop - 2 * days
    parts = []
    for name in there:
        table = ds.table(name)
        if name == "messages":
            table = table.filter(table.group_id.notnull(), ~table.revoked)
        who, at = _TOOK_PART[name]
        day = table[at].cast("date").epoch_days().cast("int64")
        parts.append(table.select(member_id=table[who], day=day, home=table.group_id))
    did = ibis.union(*parts) if len(parts) > 1 else parts[0]
    did = did.filter(did.day >= start, did.day < middle)
    did = did.group_by("member_id").agg(active_days=did.day.nunique(), home=did.home.min())
    orders = order_margins(ds)
    orders = orders.filter(orders.member_id.notnull())
    after = orders.day >= middle
    within = (orders.day >= start) & (orders.day < middle)
    sums = orders.group_by("member_id").agg(
        margin=orders.margin.sum(where=after), past_margin=orders.margin.sum(where=within),
        earlier_margin=orders.margin.sum(where=orders.day < start), past_orders=within.sum(),
    )  # fmt: skip
    people = ds.people()
    joined = people.joined_at.cast("date").epoch_days().cast("int64")
    people = people.select("member_id", tenure=start - joined)
    people = people.filter(people.tenure > 0)
    rows = people.left_join(did, "member_id").drop("member_id_right")
    rows = rows.left_join(sums, "member_id").drop("member_id_right")
    frame = ds.frame(rows, ["member_id"])
    for name in ("margin", "past_margin", "earlier_margin"):
        frame[name] = ds.money(frame[name].fillna(0.0).astype(float))
    for name in ("active_days", "past_orders", "tenure"):
        frame[name] = frame[name].fillna(0).astype("int64")
    frame["home"] = frame["home"].astype("str").fillna(frame["member_id"].astype(str))
    return frame[["member_id", "active_days", "margin", "past_margin", "earlier_margin",
                  "past_orders", "tenure", "home"]]  # fmt: skip


def word_of_mouth(ds: Dataset, days: int = DAYS) -> pd.DataFrame:
    """Return what members passed on in the last days: counts, no money.

    Args:
        ds: The dataset, with touchpoints or referrals.
        days: Days up to `as_of`.

    Returns:
        Frame: what ("shared", "clicked", "invited"), members (who did it), times.

    Raises:
        NotEnoughDataError: There are neither touchpoints nor referrals.
    """
    since = ds.as_of - dt.timedelta(days=guards.whole("days", days, low=1) - 1)
    rows = []
    if ds.has("touchpoints"):
        events = ds.table("touchpoints", since=since).anti_join(ds.staff_ids(), "member_id")
        counts = events.filter(events.event.isin(_MOUTH))
        counts = counts.group_by(what=counts.event).agg(members=counts.member_id.nunique(),
                                                        times=counts.count())  # fmt: skip
        rows.append(ds.frame(counts, ["what"]))
    if ds.has("referrals"):
        links = ds.table("referrals", since=since)
        counts = links.agg(members=links.inviter_id.nunique(), times=links.count())
        rows.append(ds.frame(counts).assign(what="invited"))
    found = [part for part in rows if len(part)]
    if not found:
        raise NotEnoughDataError("neither touchpoints nor referrals say what was passed on.")
    frame = pd.concat(found, ignore_index=True)[["what", "members", "times"]]
    return frame.astype({"members": "int64", "times": "int64"})
