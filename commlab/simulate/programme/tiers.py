"""Tiers of members: reviewed on the first of each month by what was paid in the year before."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from commlab.simulate.brand import month_starts
from commlab.simulate.columns import arrow_table, pick

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels

YEAR = 365
SECOND = 1.0 / 86_400.0


@dataclasses.dataclass(frozen=True)
class Tiers:
    """Spells in tiers, by member and time.

    Attributes:
        member: Local number.
        tier: Place in `World.loyalty.tiers`.
        begin: First day.
        end: Last day; NaN for the spell that goes on.
        paid: Fen paid in the last 365 days of the world, by member.
        last: Tier at the end, by member.
    """

    member: np.ndarray
    tier: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    paid: np.ndarray
    last: np.ndarray


def draw_tiers(frame: Frame, chunk: Chunk) -> Tiers:
    """Work the tiers out from the orders; there is no chance in them."""
    n, limits = len(chunk.people), np.array([x for _, x in frame.world.loyalty.tiers]) * 100.0
    known = chunk.orders.member >= 0
    member, at = chunk.orders.member[known], chunk.orders.at[known]
    amount = chunk.orders.amount[known]
    joined = chunk.people.joined
    level = np.zeros(n, dtype=np.int64)
    members, tiers, begins = [np.arange(n)], [level.copy()], [joined]
    reviews = [(day - frame.start).days for day in month_starts(frame)[1:-1]]
    for review in reviews:
        inside = (at >= review - YEAR) & (at < review)
        paid = np.bincount(member[inside], amount[inside], minlength=n)
        earned = np.searchsorted(limits, paid, side="right") - 1
        following = np.maximum(earned, level - 1)
        moved = np.flatnonzero((following != level) & (joined < review))
        members.append(moved)
        tiers.append(following[moved])
        begins.append(np.full(moved.size, float(review)))
        level[moved] = following[moved]
    who, tier, begin = (np.concatenate(parts) for parts in (members, tiers, begins))
    order = np.lexsort((begin, who))
    who, tier, begin = who[order], tier[order], begin[order]
    end = np.full(who.size, np.nan)
    again = np.flatnonzero(who[1:] == who[:-1])
    end[again] = begin[again + 1] - SECOND / 2
    inside = at >= frame.days - YEAR
    paid = np.bincount(member[inside], amount[inside], minlength=n).astype(np.int64)
    return Tiers(who, tier, begin, end, paid, level)


def tiers_table(labels: Labels, ours: Tiers) -> pa.Table:
    """Return `tiers`."""
    names = [name for name, _ in labels.world.loyalty.tiers]
    return arrow_table(
        "tiers",
        member_id=labels.members(ours.member),
        tier=pick(names, ours.tier),
        valid_from=labels.times(ours.begin),
        valid_to=labels.times(ours.end),
    )


def tiers_counts(frame: Frame, ours: Tiers) -> dict[str, Any]:
    """Return members, days held, money and moves by tier in one chunk."""
    names = [name for name, _ in frame.world.loyalty.tiers]
    k = len(names)
    days = np.where(np.isfinite(ours.end), ours.end + SECOND / 2, frame.days) - ours.begin
    same = ours.member[1:] == ours.member[:-1]
    moves = np.bincount(
        ours.tier[:-1][same] * k + ours.tier[1:][same], minlength=k * k
    )  # from × to
    return {
        "members": dict(zip(names, np.bincount(ours.last, minlength=k).tolist(), strict=True)),
        "days_held": dict(
            zip(names, np.bincount(ours.tier, days, minlength=k).tolist(), strict=True)
        ),
        "fen_paid_in_365_days": dict(
            zip(names, np.bincount(ours.last, ours.paid, minlength=k).astype(int).tolist(),
                strict=True)
        ),
        "moves": {
            f"{names[cell // k]} > {names[cell % k]}": int(count)
            for cell, count in enumerate(moves)
            if cell // k != cell % k
        },
    }  # fmt: skip
