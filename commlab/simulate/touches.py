"""Steps of single people: the way into the community, clicks and visits, check-ins."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.assigned import Assigned
from commlab.simulate.clock import Clock
from commlab.simulate.contacts import Contacts
from commlab.simulate.freebies import Takes, gone
from commlab.simulate.groups import Stays
from commlab.simulate.people import People
from commlab.simulate.roles import Roles
from commlab.simulate.streams import stream
from commlab.simulate.world import World

EVENTS = (
    "followed_account", "sampled", "visited", "added_adviser", "chatted", "tagged", "joined_group",
    "clicked", "drawn", "redeemed", "shared",
)  # fmt: skip
FOLLOWED, SAMPLED, VISITED, ADDED, CHATTED, TAGGED, JOINED, CLICKED = range(8)
DRAWN, REDEEMED, SHARED = range(8, 11)

# First step by kind of channel; kinds not named here come by a visit.
_FIRST_STEP = {"official_account": FOLLOWED, "sample_machine": SAMPLED}
CHAT_SHARE, TAG_SHARE = 0.46, 0.62
SHARE_DAYS = 2.0  # an invitee comes within so many days of the share


@dataclasses.dataclass(frozen=True)
class Touches:
    """Steps of members, by time.

    Attributes:
        member: Local number.
        at: Day.
        event: Place in `EVENTS`.
        with_code: True for steps that carry the channel code.
        with_staff: True for steps with the adviser.
        campaign: Place among the running campaigns; -1 for none.
        rewarded: True when the step was paid for.
    """

    member: np.ndarray
    at: np.ndarray
    event: np.ndarray
    with_code: np.ndarray
    with_staff: np.ndarray
    campaign: np.ndarray
    rewarded: np.ndarray


def draw_touches(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    contacts: Contacts,
    stays: Stays,
    assigned: list[Assigned],
    roles: Roles,
    takes: Takes,
    rate: np.ndarray,
    clock: Clock,
    days: int,
) -> Touches:
    """Draw the steps of a chunk.

    Args:
        world: Parameters.
        seed: Seed of the world.
        chunk: Number of the chunk.
        people: The members.
        contacts: Their friendships.
        stays: Their stays in groups.
        assigned: The campaigns.
        roles: Who is a freebie hunter.
        takes: The free things taken.
        rate: Factor on clicks by member, mean 1 (the activity of the messages).
        clock: Clock of chat.
        days: Length of the world.
    """
    rng = stream(seed, "touchpoints", chunk)
    first = np.array([_FIRST_STEP.get(item.name, VISITED) for item in world.channels])
    everyone = np.arange(len(people))
    lively = np.exp(0.4 * people.liveliness - 0.08)
    # Each part: members, days, events, and the place of the campaign.
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, int]] = [
        (everyone, people.joined, first[people.type], -1)
    ]
    parts.append((contacts.member, contacts.added, np.full(contacts.member.size, ADDED), -1))
    chats = rng.random(contacts.member.size) < CHAT_SHARE * np.minimum(lively[contacts.member], 1.6)
    chat_at = contacts.added + rng.lognormal(-1.5, 1.5, contacts.member.size)
    chats &= (chat_at < contacts.deleted) & ~gone(roles, takes, contacts.member, chat_at)
    tags = chats & (rng.random(contacts.member.size) < TAG_SHARE)
    tag_at = chat_at + rng.lognormal(-2.0, 1.2, contacts.member.size)
    for chosen, moment, step in ((chats, chat_at, CHATTED), (tags, tag_at, TAGGED)):
        steps = np.full(chosen.sum(), step)
        parts.append((contacts.member[chosen], moment[chosen], steps, -1))
    entry = ~stays.migrated_in
    parts.append((stays.member[entry], stays.joined[entry], np.full(entry.sum(), JOINED), -1))
    for place, item in enumerate(assigned):
        took = np.isfinite(item.participated)
        parts.append(
            (item.member[took], item.participated[took], np.full(took.sum(), CLICKED), place)
        )
    clicker, click_at, click = _clicks(world, rng, people, rate, clock, days)
    goes_on = ~gone(roles, takes, clicker, click_at)
    parts.append((clicker[goes_on], click_at[goes_on], click[goes_on], -1))
    parts.append((takes.member, takes.at, np.array([SAMPLED, DRAWN, REDEEMED])[takes.what], -1))
    sharer, share_at, share = _shares(world, rng, people)
    goes_on = ~gone(roles, takes, sharer, share_at)
    parts.append((sharer[goes_on], share_at[goes_on], share[goes_on], -1))
    member = np.concatenate([part[0] for part in parts])
    at = np.concatenate([part[1] for part in parts])
    event = np.concatenate([part[2] for part in parts])
    campaign = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    keep = at < days
    member, at, event, campaign = member[keep], at[keep], event[keep], campaign[keep]
    order = np.lexsort((event, member, at))
    member, at, event, campaign = member[order], at[order], event[order], campaign[order]
    for_reward = rng.random(at.size) < world.referrals.rewarded_share
    return Touches(
        member=member,
        at=at,
        event=event,
        # The sample by which somebody came carries the code, later ones do not.
        with_code=np.isin(event, (FOLLOWED, ADDED))
        | ((event == SAMPLED) & (at == people.joined[member])),
        with_staff=np.isin(event, (ADDED, CHATTED, TAGGED)),
        campaign=campaign,
        rewarded=np.isin(event, (SAMPLED, DRAWN, REDEEMED)) | ((event == SHARED) & for_reward),
    )


def _shares(
    world: World, rng: np.random.Generator, people: People
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw shares before invitations, and those that brought nobody."""
    plan = world.referrals
    brought = np.flatnonzero((people.inviter >= 0) & (rng.random(len(people)) < plan.share_step))
    inviter = people.inviter[brought]
    since = np.minimum(people.invited[brought] - people.joined[inviter], SHARE_DAYS)
    at = people.invited[brought] - rng.random(brought.size) * since
    vain = np.repeat(np.arange(len(people)), rng.poisson(plan.vain_shares, len(people)))
    vain_at = people.joined[vain] + rng.random(vain.size) * plan.cycle_days
    member = np.concatenate([inviter, vain])
    return member, np.concatenate([at, vain_at]), np.full(member.size, SHARED)


def _clicks(
    world: World,
    rng: np.random.Generator,
    people: People,
    rate: np.ndarray,
    clock: Clock,
    days: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw clicks and visits, which fade like messages do."""
    begin = clock.operational(people.joined)
    length = clock.operational(float(days)) - begin
    fade = world.activity_days
    n = rng.poisson(rate * world.clicks / 7.0 * fade * -np.expm1(-length / fade))
    member = np.repeat(np.arange(len(people)), n)
    span = np.expm1(-length[member] / fade)
    since = -fade * np.log1p(rng.random(member.size) * span)
    event = np.where(rng.random(member.size) < 0.6, CLICKED, VISITED)
    return member, clock.calendar(begin[member] + since), event


@dataclasses.dataclass(frozen=True)
class CheckIns:
    """Check-ins, at most one a member and day, by time."""

    member: np.ndarray
    at: np.ndarray
    group: np.ndarray


def draw_check_ins(
    world: World, seed: int, chunk: int, stays: Stays, roles: Roles, clock: Clock, days: int
) -> CheckIns:
    """Draw streaks of daily check-ins: geometric lengths, half followed by a second streak.

    Freebie hunters and the accounts of rings do not check in.
    """
    rng = stream(seed, "check_ins", chunk)
    n = len(stays)
    tries = (rng.random(n) < world.check_in_share) & ~stays.migrated_in
    tries &= ~(roles.hunter | roles.ring)[stays.member]
    start = np.floor(stays.joined + 1.0 + rng.exponential(6.0, n))
    lengths = rng.geometric(1.0 / world.check_in_days, (2, n))
    pause = 1 + rng.geometric(0.2, n)
    again = rng.random(n) < 0.5
    firsts = (start, start + lengths[0] + pause)
    members, moments, groups = [], [], []
    for first, length, chosen in zip(firsts, lengths, (tries, tries & again), strict=True):
        count = np.where(chosen, length, 0)
        stay = np.repeat(np.arange(n), count)
        nth = np.arange(stay.size) - np.repeat(np.cumsum(count) - count, count)
        # With no festivals on this clock a whole day is one operational day: the day is kept.
        at = clock.calendar(first[stay] + nth + rng.random(stay.size))
        inside = at < np.minimum(stays.until[stay], days)
        members.append(stays.member[stay[inside]])
        moments.append(at[inside])
        groups.append(stays.group[stay[inside]])
    member, at, group = (np.concatenate(item) for item in (members, moments, groups))
    order = np.lexsort((member, at))
    return CheckIns(member[order], at[order], group[order])
