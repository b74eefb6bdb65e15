"""Mass sends of advisers to friends: who got them, clicked, bought or left because of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from commlab.simulate.assigned import Extra
from commlab.simulate.clock import Clock
from commlab.simulate.contacts import Contacts
from commlab.simulate.interests import Interests
from commlab.simulate.people import People
from commlab.simulate.practice import INTERESTS
from commlab.simulate.purchases import Purchases, personal_scale
from commlab.simulate.streams import stream
from commlab.simulate.world import World

STATUSES = ("delivered", "not_friend", "limit", "unsent")
DELIVERED, NOT_FRIEND, LIMIT, UNSENT = range(4)
OLD_DAYS = 30.0  # only older friendships are lost to sends: the early windows keep their law
FATIGUE_DAYS = 7.0
CLICK_DAYS = 0.15  # mean wait for a click


@dataclasses.dataclass(frozen=True)
class Sends:
    """Pushes to single persons in one chunk, by planned time.

    Attributes:
        member: Local number of the receiver.
        adviser: Local number of the sender.
        planned: Day planned.
        sent: Day sent; NaN where it never went out.
        status: Place in `STATUSES`.
        interest: Place in `practice.INTERESTS` of the tag it was targeted by; -1 for none.
        recent: Sends delivered to the person in the seven days before.
        clicked: Day of the click; NaN for none.
        orders: The orders caused.
        deletions: Friendships lost.
    """

    member: np.ndarray
    adviser: np.ndarray
    planned: np.ndarray
    sent: np.ndarray
    status: np.ndarray
    interest: np.ndarray
    recent: np.ndarray
    clicked: np.ndarray
    orders: Extra
    deletions: int

    def __len__(self) -> int:
        return self.member.size


def click_chance(
    world: World, liveliness: np.ndarray, targeted: np.ndarray, recent: np.ndarray
) -> np.ndarray:
    """Return the probability of a click: a factor of mean 1 by liveliness, gain, fatigue."""
    pushes = world.pushes
    person = np.exp(0.4 * liveliness - 0.08)
    gain = np.where(targeted, pushes.tag_gain, 1.0)
    return np.minimum(pushes.click * person * gain * pushes.fatigue**recent, 1.0)


def draw_sends(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    contacts: Contacts,
    interests: Interests,
    purchases: Purchases,
    clock: Clock,
    days: int,
) -> tuple[Sends, Contacts]:
    """Draw the sends of a chunk.

    Returns:
        The sends, and the friendships without those that the sends cost.
    """
    rng = stream(seed, "sends", chunk)
    pushes = world.pushes
    friend, adviser, planned, interest, goes = _plan(
        world, rng, people, contacts, interests, clock, days
    )
    n = friend.size
    member = contacts.member[friend]
    sent = planned + rng.exponential(0.02, n)
    goes &= sent < days
    lost = contacts.deleted[friend] <= sent
    limit = rng.random(n) < pushes.limited
    status = np.select([~goes, lost, limit], [UNSENT, NOT_FRIEND, LIMIT], DELIVERED)
    leaves = (rng.random(n) < pushes.deletions) & (status == DELIVERED)
    leaves &= sent - contacts.added[friend] > OLD_DAYS
    gone = np.where(leaves, sent + pushes.within * rng.random(n), np.inf)
    # The first send that costs the friendship ends it, unless it was to end before.
    deleted = contacts.deleted.copy()
    np.minimum.at(deleted, friend, gone)
    cost = (deleted < contacts.deleted) & (deleted < days)
    # Later sends find no friend any more, and stand on the list for a while only.
    late = deleted[friend] <= sent
    status = np.where((status != UNSENT) & late, NOT_FRIEND, status)
    keep = planned < deleted[friend] + pushes.listed
    member, adviser, planned, interest, sent, status = (
        item[keep] for item in (member, adviser, planned, interest, sent, status)
    )
    delivered = status == DELIVERED
    recent = _recent(member, sent, delivered)
    n = member.size
    chance = click_chance(world, people.liveliness[member], interest >= 0, recent)
    clicked = sent + rng.exponential(CLICK_DAYS, n)
    clicks = (rng.random(n) < chance) & delivered & (clicked < days)
    order = _orders(world, seed, chunk, people, purchases, member, sent, delivered, days)
    sends = Sends(
        member=member,
        adviser=adviser,
        planned=planned,
        sent=np.where(status == UNSENT, np.nan, sent),
        status=status,
        interest=interest,
        recent=recent,
        clicked=np.where(clicks, clicked, np.nan),
        orders=order,
        deletions=int(cost.sum()),
    )
    by_staff = contacts.by_staff & (deleted == contacts.deleted)
    return sends, dataclasses.replace(contacts, deleted=deleted, by_staff=by_staff)


def _plan(
    world: World,
    rng: np.random.Generator,
    people: People,
    contacts: Contacts,
    interests: Interests,
    clock: Clock,
    days: int,
) -> tuple[np.ndarray, ...]:
    """Return friendship, adviser, planned day, interest and execution of each planned receipt."""
    pushes = world.pushes
    adviser = people.adviser[contacts.member]
    # (friendship, adviser, planned, interest, executed) by adviser
    parts: list[tuple[np.ndarray, ...]] = [
        (np.empty(0, int), np.empty(0, int), np.empty(0), np.empty(0, int), np.empty(0, bool))
    ]
    for one in range(int(people.adviser.max(initial=-1)) + 1):
        ours = np.flatnonzero(adviser == one)
        count = rng.poisson(pushes.a_day * days)
        planned = np.sort(clock.calendar(rng.random(count) * days))
        topic = np.where(
            rng.random(count) < pushes.targeted, rng.integers(len(INTERESTS), size=count), -1
        )
        executed = rng.random(count) < pushes.executed
        when = planned[:, None]
        fits = (contacts.added[ours] < when) & (when < contacts.deleted[ours] + pushes.listed)
        who = contacts.member[ours]
        holds = (interests.interest[who] == topic[:, None]) & (interests.tagged[who] < when)
        send, place = np.nonzero(fits & (holds | (topic[:, None] < 0)))
        parts.append((ours[place], np.full(place.size, one), planned[send], topic[send],
                      executed[send]))  # fmt: skip
    friend, sender, planned, topic, executed = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    order = np.lexsort((friend, planned))
    return friend[order], sender[order], planned[order], topic[order], executed[order]


def _recent(member: np.ndarray, sent: np.ndarray, delivered: np.ndarray) -> np.ndarray:
    """Return how many sends were delivered to the same person in the seven days before each."""
    span = sent.max(initial=0.0) + 2 * FATIGUE_DAYS
    key = member * span + sent
    known = np.sort(key[delivered])
    return np.searchsorted(known, key) - np.searchsorted(known, key - FATIGUE_DAYS)


def _orders(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    purchases: Purchases,
    member: np.ndarray,
    sent: np.ndarray,
    delivered: np.ndarray,
    days: int,
) -> Extra:
    """Draw the orders that sends cause, of people who had bought before."""
    rng = stream(seed, "send_orders", chunk)
    first = np.full(len(people), np.inf)
    first[purchases.member[purchases.first]] = purchases.at[purchases.first]
    buys = delivered & (first[member] < sent) & (rng.random(member.size) < world.pushes.orders)
    at = sent + world.pushes.within * rng.random(member.size)
    buys &= at < days
    who = member[buys]
    nu = personal_scale(world, seed, chunk, people)
    return Extra(who, at[buys], rng.gamma(world.spend_p, 1.0, who.size) / nu[who])


def sends_truth(world: World, totals: dict[str, int]) -> dict[str, Any]:
    """Return what is true of the sends.

    Args:
        world: Parameters.
        totals: Sums of `sends_counts` over the chunks.
    """
    pushes = world.pushes
    return {
        "click_rate": pushes.click,
        "gain_of_a_tag": pushes.tag_gain,
        "fatigue_of_a_send_in_7_days": pushes.fatigue,
        "orders_of_a_send": pushes.orders,
        "orders_are": f"of customers, within {pushes.within * 24:g} hours of delivery",
        "deletions_of_a_send": pushes.deletions,
        "deletions_are": "of friendships older than 30 days",
        **totals,
    }


def sends_counts(sends: Sends) -> dict[str, int]:
    """Return how the sends of a chunk ended."""
    counts = np.bincount(sends.status, minlength=len(STATUSES))
    return {
        **{name: int(n) for name, n in zip(STATUSES, counts, strict=True)},
        "clicked": int(np.isfinite(sends.clicked).sum()),
        "orders_caused": int(sends.orders.member.size),
        "deletions_caused": sends.deletions,
    }
