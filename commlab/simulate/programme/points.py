"""The points ledger: earned, spent first in first out, lapsed; gifts promised and not given."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from commlab.simulate.columns import arrow_table, pick
from commlab.simulate.messages import MEMBER
from commlab.simulate.streams import stream

if TYPE_CHECKING:
    from commlab.simulate.chunk import Chunk, Frame
    from commlab.simulate.export import Labels

REASONS = ("opening", "binding", "contact", "purchase", "check_in", "speech", "exchange", "expired")
OPENING, BINDING, CONTACT, PURCHASE, CHECK_IN, SPEECH, EXCHANGE, EXPIRED = range(8)
WEEK = 7.0


@dataclasses.dataclass(frozen=True)
class Points:
    """Entries of the ledger of one chunk, by time.

    Attributes:
        member: Local number.
        at: Day.
        delta: Points.
        reason: Place in `REASONS`.
        expires: Day when what was earned lapses; NaN for the others.
        promised: Day by which the gift is due; NaN where there is none.
        fulfilled: Day when it was given; NaN where it was not (yet).
    """

    member: np.ndarray
    at: np.ndarray
    delta: np.ndarray
    reason: np.ndarray
    expires: np.ndarray
    promised: np.ndarray
    fulfilled: np.ndarray


def draw_points(frame: Frame, number: int, chunk: Chunk) -> Points:
    """Draw the ledger of a chunk; what is earned follows the other tables."""
    rng = stream(frame.seed, "points", number)
    rules, days = frame.world.loyalty, float(frame.days)
    member, at, delta, reason = _earned(frame, chunk)
    day = _Days(days)
    order = np.argsort(day.key(member, at), kind="stable")
    member, at, delta, reason = member[order], at[order], delta[order], reason[order]
    lots = _Lots(day, member, at, delta, rules.life_days)
    wish_of, wish_at, price = _wishes(rng, frame, chunk)
    granted, gone = _grant(lots, wish_of, wish_at, price)
    spender, spent_at, cost = wish_of[granted], wish_at[granted], price[granted]
    lapsed = lots.lapsed(spender, spent_at, gone[granted])
    expires = at + rules.life_days
    over = np.flatnonzero((lapsed > 0) & (expires < days))
    n = spender.size
    promised = spent_at + rules.promise_days
    dice, share = rng.random(n), rng.random(n)
    wait = np.where(
        dice < rules.broken + rules.late,
        rules.promise_days * (1.0 + 2.0 * share) + 0.01,
        rules.promise_days * share,
    )
    given = np.where(dice < rules.broken, np.inf, spent_at + wait)
    none, never = np.full(member.size, np.nan), np.full(over.size, np.nan)
    columns = (
        np.concatenate([member, spender, member[over]]),
        np.concatenate([at, spent_at, expires[over]]),
        np.concatenate([delta, -cost, -lapsed[over]]),
        np.concatenate([reason, np.full(n, EXCHANGE), np.full(over.size, EXPIRED)]),
        np.concatenate([expires, np.full(n, np.nan), never]),
        np.concatenate([none, promised, never]),
        np.concatenate([none, np.where(given < days, given, np.nan), never]),
    )
    order = np.lexsort((columns[3], columns[0], columns[1]))
    return Points(*(column[order] for column in columns))


def _earned(frame: Frame, chunk: Chunk) -> tuple[np.ndarray, ...]:
    """Return what was earned; before the ledger began, as one opening balance a member."""
    rules, people = frame.world.loyalty, chunk.people
    everyone = np.arange(len(people))
    orders, said = chunk.orders, chunk.messages
    bought = np.flatnonzero((orders.member >= 0) & (orders.amount >= 100))
    spoke = said.source == MEMBER
    weeks = np.floor(said.at[spoke] / WEEK).astype(np.int64)
    _, first = np.unique(
        said.writer[spoke] * (frame.days + 1) + weeks, return_index=True
    )  # messages stand by time: the first of the week
    parts = (
        (everyone, people.joined, np.full(everyone.size, rules.binding), BINDING),
        (chunk.contacts.member, chunk.contacts.added,
         np.full(chunk.contacts.member.size, rules.contact), CONTACT),
        (orders.member[bought], orders.at[bought], orders.amount[bought] // 100 * rules.yuan,
         PURCHASE),
        (chunk.check_ins.member, chunk.check_ins.at,
         np.full(chunk.check_ins.member.size, rules.check_in), CHECK_IN),
        (said.writer[spoke][first], said.at[spoke][first], np.full(first.size, rules.speech),
         SPEECH),
    )  # fmt: skip
    member = np.concatenate([part[0] for part in parts])
    at = np.concatenate([part[1] for part in parts])
    delta = np.concatenate([part[2] for part in parts]).astype(np.int64)
    reason = np.repeat([part[3] for part in parts], [part[0].size for part in parts])
    before = at < rules.ledger_day
    opening = np.bincount(member[before], delta[before], minlength=everyone.size)
    holders = np.flatnonzero(opening)
    return (
        np.concatenate([holders, member[~before]]),
        np.concatenate([np.full(holders.size, float(rules.ledger_day)), at[~before]]),
        np.concatenate([opening[holders].astype(np.int64), delta[~before]]),
        np.concatenate([np.full(holders.size, OPENING), reason[~before]]),
    )


def _wishes(
    rng: np.random.Generator, frame: Frame, chunk: Chunk
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when members wish to spend, by member and time, and the price of the gift."""
    rules = frame.world.loyalty
    begin = np.maximum(chunk.people.joined, rules.ledger_day)
    length = np.maximum(frame.days - begin, 0.0)
    member = np.repeat(np.arange(begin.size), rng.poisson(length / rules.exchange_days))
    at = begin[member] + rng.random(member.size) * length[member]
    order = np.lexsort((at, member))
    return member, at[order], rng.choice(np.array(rules.prices), size=member.size)


class _Days:
    """Keys that sort by member, then day."""

    def __init__(self, days: float) -> None:
        self._span = 4.0 * days  # more than any day that is looked for

    def key(self, member: np.ndarray, at: np.ndarray) -> np.ndarray:
        return member * self._span + at


class _Lots:
    """What was earned, by member and time; all lots live equally long, so they lapse in order."""

    def __init__(
        self, days: _Days, member: np.ndarray, at: np.ndarray, delta: np.ndarray, life: float
    ) -> None:
        self._days, self.member, self.at, self.life = days, member, at, life
        self._keys = days.key(member, at)
        total = np.concatenate([[0], np.cumsum(delta)])
        start = np.searchsorted(member, member)  # first lot of the same member
        self._total, self._before = total, total[:-1] - total[start]
        self.upto = self._before + delta  # earned by the member, this lot included

    def earned(self, member: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return what members had earned in all at a moment."""
        stop = np.searchsorted(self._keys, self._days.key(member, np.maximum(at, 0.0)), "right")
        first = np.searchsorted(self.member, member)
        return self._total[np.maximum(stop, first)] - self._total[first]

    def lapsed(self, member: np.ndarray, at: np.ndarray, gone: np.ndarray) -> np.ndarray:
        """Return what is left of each lot when it lapses, given what was gone after each spending.

        Args:
            member: Members who spent, by member and time.
            at: When.
            gone: Points of the member spent or lapsed until then, this spending included.
        """
        keys = self._days.key(member, at)
        last = np.searchsorted(keys, self._days.key(self.member, self.at + self.life), "left") - 1
        own = (last >= 0) & (member[np.maximum(last, 0)] == self.member) if keys.size else last > 0
        used = np.where(own, gone[np.maximum(last, 0)], 0) if keys.size else 0
        return np.maximum(self.upto - np.maximum(self._before, used), 0)


def _grant(
    lots: _Lots, member: np.ndarray, at: np.ndarray, price: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Grant the wishes that the balance covers, one round of wishes at a time.

    Returns:
        Places of the wishes granted, and for every wish what was gone after it.
    """
    nth = np.arange(member.size) - np.searchsorted(member, member)
    gone = np.zeros(member.size, dtype=np.int64)
    ok = np.zeros(member.size, dtype=bool)
    so_far = np.zeros(int(member.max(initial=-1)) + 1, dtype=np.int64)
    for turn in range(int(nth.max(initial=-1)) + 1):
        now = np.flatnonzero(nth == turn)
        who = member[now]
        lost = np.maximum(so_far[who], lots.earned(who, at[now] - lots.life))
        ok[now] = lots.earned(who, at[now]) - lost >= price[now]
        gone[now] = lost + np.where(ok[now], price[now], 0)
        so_far[who] = gone[now]
    return np.flatnonzero(ok), gone


def points_table(labels: Labels, ours: Points) -> pa.Table:
    """Return `points`."""
    return arrow_table(
        "points",
        member_id=labels.members(ours.member),
        at=labels.times(ours.at),
        delta=ours.delta,
        reason=pick(REASONS, ours.reason),
        expires_at=labels.times(ours.expires),
        promised_by=labels.times(ours.promised),
        fulfilled_at=labels.times(ours.fulfilled),
    )


def points_counts(frame: Frame, ours: Points) -> dict[str, Any]:
    """Return the sums of the ledger in one chunk."""
    sums = np.bincount(ours.reason, ours.delta, minlength=len(REASONS)).astype(int)
    due = ours.promised < frame.days
    given = np.isfinite(ours.fulfilled)
    return {
        "by_reason": dict(zip(REASONS, sums.tolist(), strict=True)),
        "outstanding": int(ours.delta.sum()),
        "promises": int(np.isfinite(ours.promised).sum()),
        "late": int((given & (ours.fulfilled > ours.promised)).sum()),
        "overdue": int((due & ~given).sum()),
    }
