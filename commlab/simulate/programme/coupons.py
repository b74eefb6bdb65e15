"""Coupons: for newcomers, for each month, and for the campaign that gives one."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from commlab.simulate.brand import month_starts
from commlab.simulate.columns import arrow_table, money
from commlab.simulate.orders import REGULAR
from commlab.simulate.streams import stream

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels

SECOND = 1.0 / 86_400.0


@dataclasses.dataclass(frozen=True)
class Coupons:
    """Coupons of one chunk, by batch.

    Attributes:
        batch: Name of each batch.
        of: Place in `batch` of each coupon.
        member: Local number of the holder.
        issued: Day.
        expires: Last moment of validity, as a day.
        order: Local number of the order it was used on; -1 for none.
        redeemed: Day of that order; NaN for none.
        value: Face value in fen; -1 for a percentage.
    """

    batch: list[str]
    of: np.ndarray
    member: np.ndarray
    issued: np.ndarray
    expires: np.ndarray
    order: np.ndarray
    redeemed: np.ndarray
    value: np.ndarray


def draw_coupons(frame: Frame, number: int, chunk: Chunk) -> Coupons:
    """Give coupons, and let them be used on orders whose discount holds their value.

    Coupons cause no orders (those of the campaign aside, which it causes): they go to whoever
    buys anyway.
    """
    rng = stream(frame.seed, "coupons", number)
    rules, orders, people = frame.world.loyalty, chunk.orders, chunk.people
    everyone = np.arange(len(people))
    discount = orders.list_amount - orders.amount
    free = (orders.member >= 0) & (orders.kind == REGULAR) & (orders.campaign < 0)
    parts: list[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]] = []
    value, days = rules.newcomer
    end = people.joined + days
    fen = round(value * 100)
    order = _first_fitting(chunk, free & (discount >= fen), everyone, people.joined, end)
    order = np.where(rng.random(everyone.size) < rules.used, order, -1)
    parts.append(("newcomer", everyone, people.joined, end, order, fen))
    free[order[order >= 0]] = False  # one coupon an order
    starts = [(day - frame.start).days for day in month_starts(frame)]
    fen = round(rules.monthly * 100)
    for first, beyond in itertools.pairwise(starts):
        holder = np.flatnonzero(
            (people.joined < first) & (rng.random(everyone.size) < rules.monthly_share)
        )
        begin = np.full(holder.size, first + 9.0 / 24.0)
        end = np.full(holder.size, beyond - SECOND / 2)
        order = _first_fitting(chunk, free & (discount >= fen), holder, begin, end)
        order = np.where(rng.random(holder.size) < rules.used, order, -1)
        free[order[order >= 0]] = False
        day = month_starts(frame)[starts.index(first)]
        parts.append((f"monthly-{day:%Y-%m}", holder, begin, end, order, fen))
    for place, item in enumerate(chunk.campaigns):
        if item.campaign.kind != "coupon":
            continue
        holder = item.member[item.treated]
        begin = np.full(holder.size, item.at)
        end = np.full(holder.size, item.campaign.first_day + item.campaign.days - SECOND / 2)
        order = _first_fitting(chunk, orders.campaign == place, holder, begin, end)
        parts.append((item.campaign.campaign_id, holder, begin, end, order, -1))
    sizes = [part[1].size for part in parts]
    order = np.concatenate([part[4] for part in parts])
    return Coupons(
        batch=[part[0] for part in parts],
        of=np.repeat(np.arange(len(parts)), sizes),
        member=np.concatenate([part[1] for part in parts]),
        issued=np.concatenate([part[2] for part in parts]),
        expires=np.concatenate([part[3] for part in parts]),
        order=order,
        redeemed=np.where(order >= 0, orders.at[order], np.nan) if len(orders) else order * np.nan,
        value=np.repeat([part[5] for part in parts], sizes),
    )


def _first_fitting(
    chunk: Chunk, fits: np.ndarray, holder: np.ndarray, begin: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Return the first order of each holder that fits and lies in the validity; -1 for none."""
    n = len(chunk.people)
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    first[holder], last[holder] = begin, end
    rows = np.flatnonzero(fits)
    buyer, at = chunk.orders.member[rows], chunk.orders.at[rows]
    rows = rows[(at >= first[buyer]) & (at <= last[buyer])]
    found = np.full(n, -1)
    # Orders stand by time: written backwards, the first one stays.
    found[chunk.orders.member[rows[::-1]]] = rows[::-1]
    return found[holder]


def coupons_table(labels: Labels, ours: Coupons) -> pa.Table:
    """Return `coupons`."""
    return arrow_table(
        "coupons",
        batch=pa.array(ours.batch, pa.string()).take(pa.array(ours.of)),
        member_id=labels.members(ours.member),
        issued_at=labels.times(ours.issued),
        expires_at=labels.times(ours.expires),
        redeemed_at=labels.times(ours.redeemed),
        order_id=labels.orders(ours.order),
        value=money(np.maximum(ours.value, 0), ours.value < 0),
    )


def coupons_counts(frame: Frame, ours: Coupons) -> dict[str, Any]:
    """Return issued, redeemed, expired and open coupons by batch in one chunk."""
    used = ours.order >= 0
    over = ~used & (ours.expires < frame.days - SECOND)
    k = len(ours.batch)
    columns = {
        "issued": np.bincount(ours.of, minlength=k),
        "redeemed": np.bincount(ours.of[used], minlength=k),
        "expired": np.bincount(ours.of[over], minlength=k),
    }
    return {
        name: {column: int(counts[place]) for column, counts in columns.items()}
        for place, name in enumerate(ours.batch)
    }
