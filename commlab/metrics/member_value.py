"""What each member does in a window, and the points it is worth, counted in the engine.

Four parts: consumption, content, interaction and social value, in points of a schedule
(`commlab.schedule`) that add up. What a person does for the community counts, what staff do does
not: replies of staff, and replies to them, are no sign of influence among members.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab.errors import DataWarning, MissingTableError, NotEnoughDataError
from commlab.metrics import departures, replies
from commlab.metrics.margins import order_margins
from commlab.metrics.replies import WINDOW_DAYS, window_start
from commlab.schedule import PARTS, PointSchedule

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# What the parts are counted from; one of them is enough.
SOURCES = ("orders", "messages", "referrals", "touchpoints", "check_ins", "contents")
WHOLE = (
    "purchases", "posts", "pictures", "replies_received", "pieces", "messages", "replies_given",
    "answers", "check_ins", "days", "invitees", "shares", "rewarded_shares", "reached",
)  # fmt: skip
MONEY = ("margin", "invitee_margin")
# Quantity -> its price in the schedule, by part.
PRICES = {
    "consumption": {"margin": "margin", "purchases": "purchase"},
    "content": {
        "posts": "post", "pictures": "picture", "replies_received": "reply_received",
        "pieces": "piece",
    },
    "interaction": {
        "messages": "message", "replies_given": "reply", "answers": "answer",
        "check_ins": "check_in", "days": "day",
    },
    "social": {
        "invitees": "invitee", "invitee_margin": "invitee_margin", "shares": "share",
        "rewarded_shares": "rewarded_share", "reached": "person_reached",
    },
}  # fmt: skip
# What others do for a member is no sign that the member was active.
_OF_OTHERS = ("invitee_margin", "replies_received", "reached")


def value_basis(ds: Dataset) -> str | None:
    """Return what consumption is counted in: "margin", "revenue" (no margin is known), or None."""
    if not ds.has("orders"):
        return None
    try:
        order_margins(ds)
    except NotEnoughDataError:
        return "revenue"
    return "margin"


def member_parts(
    ds: Dataset, window_days: int = WINDOW_DAYS, schedule: PointSchedule | None = None
) -> ir.Table:
    """Return what each member did in the window, still in the engine.

    Args:
        ds: The dataset, with one of orders, messages, referrals, touchpoints, check_ins, contents.
        window_days: Days up to `as_of`.
        schedule: Says how many posts and messages of a day count; default that of the settings.

    Returns:
        Expression, one row a member who is not staff: member_id, the whole numbers of `WHOLE`,
        the sums of `MONEY` (float64, minor units), and `active` (whether the member did any of it
        itself; being answered, and what invitees buy, others do).

    Raises:
        MissingTableError: The workspace has none of the tables.
    """
    plan = schedule or ds.settings.value_points
    rows = ibis.union(*(_padded(part) for part in _parts(ds, window_days, plan)))
    names = (*WHOLE, *MONEY)
    sums = rows.group_by("member_id").agg(**{name: rows[name].sum() for name in names})
    out = _everybody(ds, sums, names)
    own = [out[name] != 0 for name in names if name not in _OF_OTHERS]
    return out.mutate(active=ibis.or_(*own))


def member_value(
    ds: Dataset, window_days: int = WINDOW_DAYS, schedule: PointSchedule | None = None
) -> ir.Table:
    """Return the points of each member, still in the engine: for communities of any size.

    Args:
        ds: See `member_parts`.
        window_days: Days up to `as_of`.
        schedule: Points for each thing; default that of the settings.

    Returns:
        Expression, one row a member who is not staff: member_id, consumption, content,
        interaction, social, active, points (their sum).
    """
    plan = schedule or ds.settings.value_points
    # Each part is priced before they meet: four sums a member instead of sixteen.
    worths = []
    for part in _parts(ds, window_days, plan):
        own = any(name not in _OF_OTHERS for name in part.columns if name != "member_id")
        flag = ibis.literal(int(own), "int64")
        worths.append(part.select("member_id", own=flag, **priced(ds, part, plan)))
    rows = ibis.union(*worths)
    sums = rows.group_by("member_id").agg(
        own=rows.own.sum(), **{part: rows[part].sum() for part in PARTS}
    )
    out = _everybody(ds, sums, ("own", *PARTS))
    total = sum((out[name] for name in PARTS[1:]), start=out[PARTS[0]])
    return out.select("member_id", *PARTS, active=out.own > 0, points=total)


def priced(ds: Dataset, did: ir.Table, plan: PointSchedule) -> dict[str, ir.Value]:
    """Return the points of each part for the quantities that a table has."""
    money = ds.money(1.0)
    points: dict[str, ir.Value] = {}
    for part, prices in PRICES.items():
        terms = [
            did[name] * (getattr(plan, price) * (money if name in MONEY else 1.0))
            for name, price in prices.items()
            if name in did.columns
        ]
        worth = sum(terms[1:], start=terms[0]) if terms else ibis.literal(0.0)
        points[part] = worth.cast("float64")
    return points


def _everybody(ds: Dataset, sums: ir.Table, names: Sequence[str]) -> ir.Table:
    """Return a row for every member who is not staff, 0 for who did nothing."""
    people = ds.people().select(id="member_id")
    joined = people.left_join(sums, people.id == sums.member_id)
    return joined.select(member_id="id", **{name: joined[name].fill_null(0) for name in names})


def _parts(ds: Dataset, window_days: int, plan: PointSchedule) -> list[ir.Table]:
    """Return what members did, a table for each thing that is counted together."""
    if not any(ds.has(name) for name in SOURCES):
        raise MissingTableError(
            f"member value needs one of {', '.join(SOURCES)}.",
            where=ds.name,
            fix=f"It has: {', '.join(ds.tables)}.",
        )
    parts: list[ir.Table] = []
    spoke = None
    if ds.has("messages"):
        talk, spoke = _talk(ds, window_days, plan)
        parts += talk
    parts += _presence(ds, window_days, spoke)
    if ds.has("orders"):
        parts.append(_bought(ds, window_days))
    if ds.has("contents"):
        parts.append(_pieces(ds, window_days))
    if ds.has("touchpoints"):
        parts.append(_shares(ds, window_days))
    if ds.has("referrals"):
        parts += _brought(ds, window_days)
    return parts


def member_points(
    ds: Dataset, window_days: int = WINDOW_DAYS, schedule: PointSchedule | None = None
) -> pd.DataFrame:
    """Return the points of each member over the window (requirement B1).

    Points are absolute and additive: they come from a schedule of prices, not from ranks, so a
    score can rise and a cut means the same next month. A part without its tables is 0 for all.

    Args:
        ds: The dataset; staff are left out.
        window_days: Days up to `as_of`.
        schedule: Points for each thing; default that of the settings (`[value_points]`).

    Returns:
        Frame sorted by member_id, one row a member: member_id, consumption, content, interaction,
        social, points (their sum), active (whether anything was done in the window). For millions
        of members use `member_value`, which stays in the engine.

    Raises:
        MissingTableError: The workspace has none of the tables that value is counted from.

    Example:
        >>> ds = open_dataset("data_samples")  # doctest: +SKIP
        >>> member_points(ds).points.gt(20).mean()  # doctest: +SKIP
    """
    if value_basis(ds) == "revenue":
        warnings.warn(
            "no margin is known: consumption is counted in net revenue, which is higher.",
            DataWarning,
            stacklevel=2,
        )
    return ds.frame(member_value(ds, window_days, schedule), ["member_id"])


def _padded(part: ir.Table) -> ir.Table:
    columns = {
        name: part[name].cast(kind) if name in part.columns else ibis.literal(0, kind)
        for names, kind in ((WHOLE, "int64"), (MONEY, "float64"))
        for name in names
    }
    return part.select("member_id", **columns)


def _talk(ds: Dataset, window_days: int, plan: PointSchedule) -> tuple[list[ir.Table], ir.Table]:
    """Return what is counted in messages, and the days on which each member wrote."""
    said = replies.addressed(ds, window_days)
    said = said.mutate(day=said.sent_at.date())
    advert = said.is_ad.fill_null("none") != "none"
    original = said.signal.isnull() & ~advert & said.group_id.notnull()
    shown = original & said.kind.isin(("image", "video"))
    daily = said.group_by("member_id", "day").agg(
        messages=said.count(), posts=original.cast("int64").sum(),
        pictures=shown.cast("int64").sum(),
    )  # fmt: skip
    own = daily.group_by("member_id").agg(
        messages=ibis.least(daily.messages, plan.messages_a_day).sum(),
        posts=ibis.least(daily.posts, plan.posts_a_day).sum(),
        pictures=ibis.least(daily.pictures, plan.posts_a_day).sum(),
    )
    found = replies.between_members(ds, said)
    pairs = found.group_by("member_id", "target", "day").agg(
        replies=found.count(), answers=found.asked.cast("int64").sum()
    )
    given = pairs.group_by("member_id").agg(
        replies_given=pairs.replies.sum(), answers=pairs.answers.sum()
    )
    ties = pairs.group_by("member_id", "target").agg(days=pairs.count())
    received = ties.group_by(member_id="target").agg(
        replies_received=ties.days.sum(), reached=ties.count()
    )
    return [own, given, received], daily.select("member_id", "day")


def _presence(ds: Dataset, window_days: int, spoke: ir.Table | None) -> list[ir.Table]:
    start, parts = window_start(ds, window_days), []
    days = [] if spoke is None else [spoke]
    if ds.has("check_ins"):
        rows = ds.table("check_ins")
        rows = rows.filter(rows.member_id.notnull(), rows["at"] >= start)
        ticked = rows.select("member_id", day=rows["at"].date()).distinct()
        days.append(ticked)
        parts.append(ticked.group_by("member_id").agg(check_ins=ticked.count()))
    if ds.has("touchpoints"):
        rows = ds.table("touchpoints")
        rows = rows.filter(rows.member_id.notnull(), rows["at"] >= start, rows.event == "clicked")
        days.append(rows.select("member_id", day=rows["at"].date()))
    if days:
        whole = (ibis.union(*days) if len(days) > 1 else days[0]).distinct()
        parts.append(whole.group_by("member_id").agg(days=whole.count()))
    return parts


def _bought(ds: Dataset, window_days: int) -> ir.Table:
    days = _purchases(ds, window_days)
    return days.group_by("member_id").agg(margin=days.margin.sum(), purchases=days.count())


def _purchases(ds: Dataset, window_days: int) -> ir.Table:
    """Return days with a purchase in the window: member_id, margin (minor units)."""
    if value_basis(ds) == "margin":
        orders = order_margins(ds)
    else:
        orders = ds.table("orders")
        net = orders.amount - orders.refund_amount
        day = orders.paid_at.cast("date").epoch_days().cast("int64")
        orders = orders.select(
            "member_id", at=orders.paid_at, day=day, net=net, margin=net.cast("float64")
        )
    orders = orders.filter(
        orders.member_id.notnull(), orders["at"] >= window_start(ds, window_days)
    ).anti_join(ds.staff_ids(), "member_id")
    days = orders.group_by("member_id", "day").agg(net=orders.net.sum(), margin=orders.margin.sum())
    return days.filter(days.net > 0).select("member_id", "margin")


def _pieces(ds: Dataset, window_days: int) -> ir.Table:
    rows = ds.table("contents")
    rows = rows.filter(rows.creator_id.notnull(), rows.posted_at >= window_start(ds, window_days))
    return rows.group_by(member_id="creator_id").agg(pieces=rows.count())


def _shares(ds: Dataset, window_days: int) -> ir.Table:
    rows = ds.table("touchpoints")
    rows = rows.filter(rows.event == "shared", rows["at"] >= window_start(ds, window_days))
    paid = rows.rewarded.fill_null(False).cast("int64")
    return rows.group_by("member_id").agg(shares=(1 - paid).sum(), rewarded_shares=paid.sum())


def _brought(ds: Dataset, window_days: int) -> list[ir.Table]:
    brought = ds.table("referrals")
    brought = brought.filter(brought.inviter_id.notnull() & brought.invitee_id.notnull())
    brought = brought.filter(brought.inviter_id != brought.invitee_id)
    pairs = brought.group_by("inviter_id", "invitee_id").agg(at=brought["at"].min())
    new = pairs.filter(pairs["at"] >= window_start(ds, window_days))
    gone = departures.absences(ds)
    if gone is not None:
        gone = gone.filter(gone.gone_until.isnull()).select(gone_id="member_id").distinct()
        new = new.anti_join(gone, new.invitee_id == gone.gone_id)
    parts = [new.group_by(member_id="inviter_id").agg(invitees=new.count())]
    if ds.has("orders"):
        days = _purchases(ds, window_days)
        theirs = pairs.inner_join(days, pairs.invitee_id == days.member_id)
        parts.append(
            theirs.group_by(inviter="inviter_id")
            .agg(invitee_margin=theirs.margin.sum())
            .rename(member_id="inviter")
        )
    return parts
