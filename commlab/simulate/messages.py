"""Chat messages: members who write in their groups, answer each other, and fall silent.

A member writes at the rate

    messages * activity * group liveliness * (floor + (1 - floor) * exp(-tenure / activity_days))

a week, tenure in operational days of the chat clock, while the stay lasts and the group lives.
Members with a role that makes them quiet do not; what KOC and decoys write comes from `posts`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import special

from commlab.simulate import sentences, texts
from commlab.simulate.clock import Clock
from commlab.simulate.decline import ADS_ONLY, NEGLECT
from commlab.simulate.groups import Groups, Stays
from commlab.simulate.people import People
from commlab.simulate.posts import Posts, answers, attract
from commlab.simulate.roles import Roles
from commlab.simulate.streams import linked_uniform, stream
from commlab.simulate.world import World

ANSWER_DAYS = 0.5  # nobody answers what is older
SOURCES = ("member", "adviser", "atmosphere", "bot")
MEMBER, ADVISER, ATMOSPHERE, BOT = range(4)


@dataclasses.dataclass(frozen=True)
class Messages:
    """Messages of one chunk, by time.

    Attributes:
        group: Local number of the group.
        source: Place in `SOURCES`.
        writer: Local number of the member or adviser; for atmosphere accounts their number.
        at: Day of sending.
        subject: Subject of `sentences`.
        product: Place in `texts.PRODUCTS` of what it is about.
        picture: True for pictures, which have no text.
        reply_to: Place of the message that it answers; -1 for none.
        mention: Local number of the member mentioned; -1 for none.
        revoked: True when withdrawn.
    """

    group: np.ndarray
    source: np.ndarray
    writer: np.ndarray
    at: np.ndarray
    subject: np.ndarray
    product: np.ndarray
    picture: np.ndarray
    reply_to: np.ndarray
    mention: np.ndarray
    revoked: np.ndarray

    def __len__(self) -> int:
        return self.at.size


def activity(world: World, seed: int, chunk: int, people: People) -> np.ndarray:
    """Return each member's own factor on the message rate: Gamma, mean 1."""
    rng = stream(seed, "messages", chunk)
    u = linked_uniform(rng, people.liveliness, world.lively_activity)
    return special.gammaincinv(world.activity_shape, u) / world.activity_shape


def draw_messages(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    groups: Groups,
    stays: Stays,
    roles: Roles,
    posts: Posts,
    clock: Clock,
    days: int,
) -> Messages:
    """Draw the messages of members, staff and bot in the groups of a chunk."""
    spoken = _members(world, seed, chunk, people, groups, stays, roles, clock, days)
    staff = _staff(world, seed, chunk, groups, stays, clock, days)
    extra = (posts.group, np.full(posts.at.size, MEMBER), posts.member, posts.at, posts.subject,
             np.full(posts.at.size, -1))  # fmt: skip
    group, source, writer, at, subject, mention = (
        np.concatenate(parts) for parts in zip(spoken, staff, extra, strict=True)
    )
    order = np.lexsort((writer, source, group, at))
    group, source, writer, at, subject, mention = (
        item[order] for item in (group, source, writer, at, subject, mention)
    )
    rng = stream(seed, "words", chunk)
    reply_to = _replies(world, rng, group, source, writer, at)
    reply_to = attract(world, rng, roles, group, source == MEMBER, writer, at, reply_to)
    question = (source == MEMBER) & (subject == sentences.QUESTION) & (reply_to < 0)
    koc, to, when = answers(world, rng, roles, stays, writer, group, question, at, days)
    n = at.size + when.size
    at = np.concatenate([at, when])
    order = np.argsort(at, kind="stable")
    at_place = np.empty(n, dtype=np.int64)
    at_place[order] = np.arange(n)
    reply_to = np.concatenate([reply_to, to])
    reply_to = np.where(reply_to >= 0, at_place[reply_to], -1)[order]
    group, source, writer, at, subject, mention = (
        np.concatenate([item, more])[order] if more is not None else item[order]
        for item, more in (
            (group, group[to]), (source, np.full(to.size, MEMBER)), (writer, koc), (at, None),
            (subject, np.full(to.size, sentences.ANSWER)), (mention, np.full(to.size, -1)),
        )
    )  # fmt: skip
    picture = (rng.random(n) < world.image_share) & (source == MEMBER)
    revoked = (rng.random(n) < world.revoked_share) & (source == MEMBER)
    subject = texts.reply_subjects(subject, reply_to)
    answered = np.where(reply_to >= 0, reply_to, np.arange(n))
    product = rng.integers(len(texts.PRODUCTS), size=n)[answered]
    by_name = (reply_to >= 0) & (rng.random(n) < 0.15) & (source[answered] == MEMBER)
    mention = np.where(by_name, writer[answered], mention)
    picture &= reply_to < 0
    return Messages(
        group, source, writer, at, subject, product, picture, reply_to, mention, revoked
    )


def _members(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    groups: Groups,
    stays: Stays,
    roles: Roles,
    clock: Clock,
    days: int,
) -> tuple[np.ndarray, ...]:
    rate = activity(world, seed, chunk, people) * people.value(world, "messages") / 7.0
    rate[roles.quiet] = 0.0
    rng = stream(seed, "member_messages", chunk)
    last = np.minimum(np.minimum(stays.until, groups.died[stays.group]), float(days))
    begin = clock.operational(stays.joined)
    length = np.maximum(clock.operational(last) - begin, 0.0)
    entered = np.full(len(people), np.inf)
    np.minimum.at(entered, stays.member, begin)
    tenure = begin - entered[stays.member]  # those who moved do not start afresh
    level = rate[stays.member] * groups.liveliness[stays.group]
    fade, floor = world.activity_days, world.activity_floor
    fading = level * (1 - floor) * np.exp(-tenure / fade) * fade * -np.expm1(-length / fade)
    steady = level * floor * length
    n_fading, n_steady = rng.poisson(fading), rng.poisson(steady)
    stay = np.concatenate(
        [np.repeat(np.arange(len(stays)), n_fading), np.repeat(np.arange(len(stays)), n_steady)]
    )
    u = rng.random(stay.size)
    early = np.arange(stay.size) < n_fading.sum()
    span = length[stay]
    since = np.where(early, -fade * np.log1p(u * np.expm1(-span / fade)), u * span)
    at = clock.calendar(begin[stay] + since)
    subject = rng.choice(
        np.array(sentences.FIRST_SUBJECTS), size=stay.size, p=sentences.FIRST_WEIGHTS
    )
    source = np.full(stay.size, MEMBER)
    nobody = np.full(stay.size, -1)
    return stays.group[stay], source, stays.member[stay], at, subject, nobody


def _staff(
    world: World,
    seed: int,
    chunk: int,
    groups: Groups,
    stays: Stays,
    clock: Clock,
    days: int,
) -> tuple[np.ndarray, ...]:
    """Draw the posts of owners and atmosphere accounts, and the bot's welcome to newcomers.

    A dead group gets posts from its owner only, and they are advertising: self-talk; a neglected
    one gets none.
    """
    rng = stream(seed, "staff_messages", chunk)
    decline, parts = groups.decline, []
    for source, rate in ((ADVISER, world.adviser_posts), (ATMOSPHERE, world.atmosphere_posts)):
        last = groups.died if source == ATMOSPHERE else groups.closed
        begin = clock.operational(groups.created)
        length = np.maximum(clock.operational(np.minimum(last, float(days))) - begin, 0.0)
        most = rate * (world.decline.ad_factor if source == ADVISER else 1.0)
        group = np.repeat(np.arange(len(groups)), rng.poisson(most * length))
        at = clock.calendar(begin[group] + rng.random(group.size) * length[group])
        dice, keep = rng.random(group.size), rng.random(group.size)
        ads = decline.during(ADS_ONLY, group, at)
        stays_in = keep < np.where(ads, most, rate) / most
        stays_in &= ~decline.during(NEGLECT, group, at)
        group, at, dice, ads = group[stays_in], at[stays_in], dice[stays_in], ads[stays_in]
        if source == ADVISER:
            hard = (dice < world.hard_ads) | (at >= groups.died[group]) | ads
            soft = ~hard & (dice < world.hard_ads + world.soft_ads)
            subject = np.where(hard, sentences.HARD, np.where(soft, sentences.SOFT, sentences.TIP))
            writer = groups.owner[group]
        else:
            subject = np.where(ads, sentences.HARD, sentences.TALK)
            writer = rng.integers(3, size=group.size)
        parts.append((group, np.full(group.size, source), writer, at, subject,
                      np.full(group.size, -1)))  # fmt: skip
    seconds = 5.0 / 86_400.0
    new = np.flatnonzero(stays.joined + seconds < days)
    parts.append(
        (
            stays.group[new],
            np.full(new.size, BOT),
            np.zeros(new.size, dtype=np.int64),
            stays.joined[new] + seconds,
            np.full(new.size, sentences.WELCOME),
            stays.member[new],
        )
    )
    return tuple(np.concatenate(items) for items in zip(*parts, strict=True))


def _replies(
    world: World,
    rng: np.random.Generator,
    group: np.ndarray,
    source: np.ndarray,
    writer: np.ndarray,
    at: np.ndarray,
) -> np.ndarray:
    """Let members answer one of the last messages of their group, if it is fresh."""
    n = at.size
    by_group = np.lexsort((np.arange(n), group))
    back = rng.geometric(0.55, n)
    place = np.arange(n) - back
    tries = (rng.random(n) < world.reply_share) & (place >= 0)
    here, there = by_group, by_group[np.maximum(place, 0)]
    fits = (
        tries
        & (source[here] == MEMBER)
        & (group[here] == group[there])
        & (at[here] - at[there] < ANSWER_DAYS)
        & (at[here] > at[there])
        & (source[there] != BOT)
        & ((writer[here] != writer[there]) | (source[there] != MEMBER))
    )
    reply_to = np.full(n, -1)
    reply_to[here[fits]] = there[fits]
    return reply_to
