"""What follows a send within 72 hours, against the same people on matched days.

Orders: each receiver's 72 hours after a send against the same hours a week before and a week
after; the person got no other send near any of the three (a case-crossover design, Maclure 1991,
Am. J. Epidemiology 133; both sides, so that a steady trend cancels). Windows of which one lies in
a festival and the other does not are left out.

Deletions end the friendship, so days before a send hold none by construction. They are counted in
the 72 hours after a send and in those a week later, each among the friends who were still there;
only sends whose sender sent nothing else in the days around either, which does not hang on what
the friend did.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab.config import MIN_EVENTS
from commlab.errors import MissingTableError
from commlab.estimate import LEVEL
from commlab.metrics.clustered import flag, held, interval, two_way_error
from commlab.metrics.sends import AFTER_HOURS, WINDOW_DAYS, known_receivers

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_HOUR, _DAY = 3_600, 86_400
_AFTER, _WEEK = AFTER_HOURS * _HOUR, 7 * _DAY
OLD_DAYS = 30  # friendships younger than a month are lost to other causes, and fast
KNOWN_DAYS = 10  # receivers must have been there when the earlier window began
MIN_BATCHES = 20  # clusters; with fewer Student's interval is wider than any decision
COLUMNS = ("outcome", "audience", "batches", "delivered", "after", "matched", "difference", "low",
           "high", "status")  # fmt: skip


def send_orders(
    ds: Dataset, window_days: int = WINDOW_DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return orders within 72 hours of a send, beyond those on matched days.

    Args:
        ds: The dataset, with sends and orders.
        window_days: Days up to `as_of`.
        level: Confidence level.

    Returns:
        Frame by audience ("all", "everyone", "tag"): outcome "orders", audience, batches,
        delivered (sends with clean days on both sides), after and matched (orders per 1,000
        delivered), difference, low, high (batches and receivers as clusters), status.

    Raises:
        MissingTableError: No sends by receiver, or no orders.
    """
    sent = known_receivers(ds, window_days)
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull(), orders.paid_at.notnull())
    signs = sent.select("member_id", second="second", sent=_one(), ordered=_zero()).union(
        orders.select(
            "member_id", second=orders.paid_at.epoch_seconds().cast("int64"), sent=_zero(),
            ordered=_one(),
        )
    )  # fmt: skip
    # Order and send in one table: counts in windows around each send then take one pass.
    signs = signs.group_by("member_id", "second").agg(
        sent=signs.sent.sum(), ordered=signs.ordered.sum()
    )

    def near(name: str, **ends: tuple[int, int]) -> ir.Value:
        window = ibis.range_window(group_by="member_id", order_by="second", **ends)
        return signs[name].sum().over(window).fill_null(0)

    around = signs.mutate(
        after=near("ordered", following=(1, _AFTER)),
        before=near("ordered", preceding=(_WEEK - 1, _WEEK - _AFTER)),
        later=near("ordered", following=(_WEEK + 1, _WEEK + _AFTER)),
        # Other sends near the send itself would be counted as what it brings.
        disturbed=near("sent", preceding=(_WEEK + _AFTER, _WEEK - _AFTER))
        + near("sent", preceding=(_AFTER, 1))
        + near("sent", following=(1, _AFTER))
        + near("sent", following=(_WEEK - _AFTER, _WEEK + _AFTER)),
    )
    around = around.filter(around.sent > 0, around.disturbed == 0).drop("sent", "ordered")
    rows = sent.inner_join(around, ["member_id", "second"])
    end = ibis.literal(ds.end, "timestamp(6)").epoch_seconds()
    rows = rows.filter(rows.second + _WEEK + _AFTER <= end)
    people = ds.people().select("member_id", joined_at="joined_at")
    rows = rows.inner_join(people, "member_id")
    rows = rows.filter(rows.second - rows.joined_at.epoch_seconds() >= KNOWN_DAYS * _DAY)
    rows = rows.mutate(
        festive=_festive(ds, rows.sent_at, 0),
        festive_before=_festive(ds, rows.sent_at, -7),
        festive_later=_festive(ds, rows.sent_at, 7),
    )
    rows = rows.filter(rows.festive == rows.festive_before, rows.festive == rows.festive_later)
    rows = rows.select(
        "batch", "member_id", "targeted", y=rows.after.cast("float64"),
        z=(rows.before + rows.later).cast("float64") / 2,
    )  # fmt: skip
    rows = held(ds, rows)
    found = [_one_audience(ds, rows, name, level) for name in ("all", "everyone", "tag")]
    return pd.DataFrame([row for row in found if row], columns=COLUMNS).assign(outcome="orders")


def _one_audience(ds: Dataset, rows: ir.Table, name: str, level: float) -> dict[str, object]:
    part = rows if name == "all" else rows.filter(rows.targeted == (name == "tag"))
    sums = ds.frame(
        part.agg(
            n=part.count(),
            y=part.y.sum().fill_null(0),
            z=part.z.sum().fill_null(0),
            batches=part.batch.nunique(),
        )
    ).iloc[0]
    n = int(sums["n"])
    if not n:
        return {}
    after, matched = float(sums["y"]) / n, float(sums["z"]) / n
    gap = after - matched
    part = part.mutate(e=(part.y - part.z - gap) / n)
    error, clusters = two_way_error(ds, part, "e", "batch", "member_id")
    events = int(float(sums["y"]) + float(sums["z"]))
    return _row(name, int(sums["batches"]), n, events, after, matched, error, clusters, level)


def _row(
    name: str, batches: int, n: int, events: int, after: float, matched: float, error: float,
    clusters: int, level: float,
) -> dict[str, object]:  # fmt: skip
    low, high = interval(after - matched, error, clusters, level)
    few = batches < MIN_BATCHES or events < MIN_EVENTS
    figures = {"after": after, "matched": matched, "difference": after - matched, "low": low,
               "high": high}  # fmt: skip
    return {
        "audience": name, "batches": batches, "delivered": n,
        **{key: float("nan") if few else 1000 * value for key, value in figures.items()},
        "status": "too_few" if few else "ok",
    }  # fmt: skip


def send_deletions(
    ds: Dataset, window_days: int = WINDOW_DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return friends who deleted the sender within 72 hours, beyond those a week later.

    Args:
        ds: The dataset, with sends (by receiver and sender) and contacts.
        window_days: Days up to `as_of`.
        level: Confidence level.

    Returns:
        Frame like `send_orders`, outcome "deletions"; friendships of 30 days and more.

    Raises:
        MissingTableError: No sends by receiver and sender, or no contacts with deletions.
    """
    if not ds.has("contacts") or "deleted_at" not in ds.columns("contacts"):
        raise MissingTableError(
            "friend deletions need contacts.deleted_at.", where=ds.name, fix="Load the contacts."
        )
    if "staff_id" not in ds.columns("sends"):
        raise MissingTableError("friend deletions need sends.staff_id.", where=ds.name)
    sent = known_receivers(ds, window_days)
    sent = sent.filter(sent.staff_id.notnull(), sent.kind != "moments")
    # The sender's other batches, whoever got them.
    times = sent.group_by("staff_id", "batch").agg(first=sent.second.min(), last=sent.second.max())
    other = times.view()
    pairs = (
        times.inner_join(
            other,
            [
                times.staff_id == other.staff_id,
                times.batch != other.batch,
                other.first <= times.first + _WEEK + _AFTER,
                # Around the send itself, and around the later window.
                (other.last >= times.first - _AFTER),
                (other.first <= times.first + _AFTER)
                | (other.last >= times.first + _WEEK - _AFTER),
            ],
        )
        .select("batch")
        .distinct()
    )
    rows = sent.anti_join(pairs, "batch")
    friends = ds.table("contacts")
    friends = friends.select(
        "member_id", "staff_id", added=friends.added_at.epoch_seconds(),
        deleted=friends.deleted_at.epoch_seconds(),
        by_staff=(friends.deleted_by == "staff").fill_null(False),
    )  # fmt: skip
    rows = rows.inner_join(friends, ["member_id", "staff_id"])
    lasted = rows.deleted.fill_null(2**40) - rows.second
    end = ibis.literal(ds.end, "timestamp(6)").epoch_seconds()
    rows = rows.filter(
        rows.second - rows.added >= OLD_DAYS * _DAY,
        lasted > 0,
        rows.second + _WEEK + _AFTER <= end,
    )
    rows = rows.mutate(
        festive=_festive(ds, rows.sent_at, 0), festive_later=_festive(ds, rows.sent_at, 7)
    )
    rows = rows.filter(rows.festive == rows.festive_later)
    lasted = rows.deleted.fill_null(2**40) - rows.second
    rows = rows.select(
        "batch", "member_id", "targeted",
        gone=flag((lasted <= _AFTER) & ~rows.by_staff),
        there=flag(lasted > _WEEK),
        gone_later=flag((lasted > _WEEK) & (lasted <= _WEEK + _AFTER) & ~rows.by_staff),
    )  # fmt: skip
    rows = held(ds, rows)
    found = [_deletion_row(ds, rows, name, level) for name in ("all", "everyone", "tag")]
    return pd.DataFrame([row for row in found if row], columns=COLUMNS).assign(outcome="deletions")


def _deletion_row(ds: Dataset, rows: ir.Table, name: str, level: float) -> dict[str, object]:
    part = rows if name == "all" else rows.filter(rows.targeted == (name == "tag"))
    sums = ds.frame(
        part.agg(
            n=part.count(),
            y=part.gone.sum().fill_null(0),
            there=part.there.sum().fill_null(0),
            z=part.gone_later.sum().fill_null(0),
            batches=part.batch.nunique(),
        )
    ).iloc[0]  # fmt: skip
    n, there = int(sums["n"]), int(sums["there"])
    if not n or not there:
        return {}
    after, later = float(sums["y"]) / n, float(sums["z"]) / there
    part = part.mutate(e=(part.gone - after) / n - (part.gone_later - later * part.there) / there)
    error, clusters = two_way_error(ds, part, "e", "batch", "member_id")
    events = int(float(sums["y"]) + float(sums["z"]))
    return _row(name, int(sums["batches"]), n, events, after, later, error, clusters, level)


def send_outcomes(*frames: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the frames of `send_orders` and `send_deletions` as one; None where there is none."""
    known = [frame for frame in frames if frame is not None and len(frame)]
    return pd.concat(known, ignore_index=True) if known else None


def _festive(ds: Dataset, at: ir.TimestampValue, days: int) -> ir.BooleanValue:
    """Return whether a moment, so many days on, touches a festival within 72 hours."""
    first = ds.end.date() - dt.timedelta(days=3 * 366)
    day = at.cast("date").epoch_days().cast("int64") + days
    inside: ir.BooleanValue = ibis.literal(False)
    epoch = dt.date(1970, 1, 1)
    for item in ds.settings.festivals_between(first, ds.end.date() + dt.timedelta(days=14)):
        start, stop = (item.starts_on - epoch).days, (item.ends_on - epoch).days
        inside = inside | day.between(start - AFTER_HOURS // 24, stop)
    return inside


def _one() -> ir.IntegerScalar:
    return ibis.literal(1, "int64")


def _zero() -> ir.IntegerScalar:
    return ibis.literal(0, "int64")
