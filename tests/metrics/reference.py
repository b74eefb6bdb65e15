"""Retention, revenue and lifecycle by walking through people one at a time: slow, plain, apart.

Nothing here is taken from commlab: calendar arithmetic included.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pandas as pd


def first_day(when, unit, week_start="monday"):
    """First day of the month or week that holds a moment."""
    day = when.date()
    if unit == "month":
        return day.replace(day=1)
    back = (day.weekday() + (1 if week_start == "sunday" else 0)) % 7
    return day - dt.timedelta(days=back)


def step(day, unit, times=1):
    """First day of the period `times` periods later."""
    if unit == "week":
        return day + dt.timedelta(days=7 * times)
    month = day.year * 12 + day.month - 1 + times
    return dt.date(month // 12, month % 12 + 1, 1)


def is_over(first, unit, as_of):
    return step(first, unit) - dt.timedelta(days=1) <= as_of


def retention(anchors, events, as_of, unit, kind="on", week_start="monday", brackets=None):
    """{(cohort, period): (at_risk, active)} of every cell whose last period is over.

    anchors: {member: moment}; events: [(member, moment)]; as_of: date.
    """
    midnight = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time())
    anchors = {member: at for member, at in anchors.items() if at < midnight}
    lives = defaultdict(set)
    for member, at in events:
        if member in anchors and anchors[member] <= at < midnight:
            lives[member].add(first_day(at, unit, week_start))
    out = {}
    for cohort in sorted({first_day(at, unit, week_start) for at in anchors.values()}):
        people = [m for m, at in anchors.items() if first_day(at, unit, week_start) == cohort]
        spans = brackets or [(k, k) for k in range(600)]
        for low, high in spans:
            begin, end = step(cohort, unit, low), step(cohort, unit, high)
            if begin > as_of:
                break
            if not is_over(end, unit, as_of):
                continue
            if kind == "unbounded":
                active = sum(any(p >= begin for p in lives[m]) for m in people)
            else:
                active = sum(any(begin <= p <= end for p in lives[m]) for m in people)
            out[cohort, low] = (len(people), active)
    return out


def lifecycle(anchors, events, as_of, unit, gone=None, week_start="monday"):
    """{period: counts} of every period that is over; gone(member, day): has left before day."""
    midnight = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time())
    anchors = {member: at for member, at in anchors.items() if at < midnight}
    lives = defaultdict(set)
    for member, at in events:
        if member in anchors and anchors[member] <= at < midnight:
            lives[member].add(first_day(at, unit, week_start))
    out = {}
    period = min(first_day(at, unit, week_start) for at in anchors.values())
    while is_over(period, unit, as_of):
        row = dict.fromkeys(
            ("active", "new", "retained", "resurrected", "activated_late", "dormant", "left",
             "created_inactive"), 0)  # fmt: skip
        before, after = step(period, unit, -1), step(period, unit)
        for member, at in anchors.items():
            born = first_day(at, unit, week_start)
            now, then = period in lives[member], before in lives[member]
            earlier = any(p < before for p in lives[member])
            row["active"] += now
            row["new"] += now and born == period
            row["retained"] += now and then
            row["resurrected"] += now and not then and earlier
            row["activated_late"] += now and not then and not earlier and born < period
            row["created_inactive"] += born == period and not now
            if then and not now:
                row["left" if gone and gone(member, after) else "dormant"] += 1
        out[period] = row
        period = after
    return out


def revenue(anchors, orders, as_of, unit, week_start="monday"):
    """{(cohort, period): (net in period, net in period 0)}; orders: rows of dicts in money."""
    midnight = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time())
    anchors = {member: at for member, at in anchors.items() if at < midnight}
    nets = defaultdict(float)
    for order in orders:
        member, paid = order["member_id"], order["paid_at"]
        if member not in anchors or not anchors[member] <= paid < midnight:
            continue
        nets[member, first_day(paid, unit, week_start)] += order["amount"]
        back = order["refunded_at"] if order["refunded_at"] is not None else paid
        if back < midnight:
            nets[member, first_day(back, unit, week_start)] -= order["refund_amount"]
    out = {}
    for cohort in sorted({first_day(at, unit, week_start) for at in anchors.values()}):
        people = [m for m, at in anchors.items() if first_day(at, unit, week_start) == cohort]
        for k in range(600):
            period = step(cohort, unit, k)
            if not is_over(period, unit, as_of):
                break
            now = sum(nets[m, period] for m in people)
            out[cohort, k] = (now, sum(nets[m, cohort] for m in people))
    return out


def random_world(seed, people=120, days=260, unknown_buyers=True):
    """Members, orders and messages over some months, some before joining, some of staff."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2025-11-05")
    joined = start + pd.to_timedelta(rng.integers(0, days * 24 * 60, people), "min")
    ids = [f"m{i:04d}" for i in range(people)]
    roles = ["staff" if i % 29 == 7 else "member" for i in range(people)]
    members = pd.DataFrame(
        {
            "member_id": ids,
            "joined_at": joined,
            "role": roles,
            "channel": rng.choice(["store", "advert", None], people, p=[0.5, 0.4, 0.1]),
        }
    )
    count = people * 6
    who = rng.choice(ids, count).astype(object)
    if unknown_buyers:
        who[rng.random(count) < 0.1] = None
    paid = start + pd.to_timedelta(rng.integers(0, days * 24 * 60, count), "min")
    amount = np.round(rng.lognormal(3, 1, count), 2)
    refunded = rng.random(count) < 0.2
    back = np.where(refunded, np.round(amount * rng.choice([0.5, 1.0], count), 2), 0.0)
    dated = refunded & (rng.random(count) < 0.6)
    when = pd.Series(paid + pd.to_timedelta(rng.integers(0, 60 * 24 * 60, count), "min"))
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i:05d}" for i in range(count)],
            "member_id": who,
            "paid_at": paid,
            "amount": amount,
            "refund_amount": back,
            "refunded_at": when.where(dated),
        }
    )
    messages = pd.DataFrame(
        {
            "message_id": [f"x{i:05d}" for i in range(count)],
            "member_id": rng.choice(ids, count),
            "sent_at": start + pd.to_timedelta(rng.integers(0, days * 24 * 60, count), "min"),
            "revoked": rng.random(count) < 0.1,
        }
    )
    return {"members": members, "orders": orders, "messages": messages}


def anchors_of(members):
    rows = members[members["role"] == "member"]
    return dict(zip(rows["member_id"], rows["joined_at"].dt.to_pydatetime(), strict=True))


def events_of(tables, activity):
    out = []
    if activity in ("any", "order"):
        rows = tables["orders"].dropna(subset=["member_id"])
        out += list(zip(rows["member_id"], rows["paid_at"].dt.to_pydatetime(), strict=True))
    if activity in ("any", "message"):
        rows = tables["messages"][~tables["messages"]["revoked"]]
        out += list(zip(rows["member_id"], rows["sent_at"].dt.to_pydatetime(), strict=True))
    return out
