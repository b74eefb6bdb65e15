"""What opinion leaders and decoys write, and how the others answer them."""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate import sentences
from commlab.simulate.clock import Clock
from commlab.simulate.groups import Stays
from commlab.simulate.roles import Roles
from commlab.simulate.streams import stream
from commlab.simulate.world import World

FRESH_DAYS = 0.5  # a post is answered by what is written so soon after it
ANSWER_DAYS = 0.05  # mean wait for a KOC's answer to a question
MINUTE = 1.0 / 1440.0


@dataclasses.dataclass(frozen=True)
class Posts:
    """Messages beside those of the ordinary rate, by member and time; all answer nobody.

    Attributes:
        member: Local number of the writer.
        group: Local number of the group.
        at: Day of sending.
        subject: Subject of `sentences`.
    """

    member: np.ndarray
    group: np.ndarray
    at: np.ndarray
    subject: np.ndarray


def draw_posts(
    world: World, seed: int, chunk: int, roles: Roles, stays: Stays, clock: Clock, days: int
) -> Posts:
    """Draw the posts of KOC, of loud decoys, and of the hubs of clusters."""
    rng = stream(seed, "posts", chunk)
    plan = world.influence
    moments = cluster_moments(world, seed, chunk, roles, days)
    parts = []
    asking = stream(seed, "asking", chunk)
    for mask, weekly, topic, asks in (
        (roles.koc, plan.posts, sentences.EXPERIENCE, plan.asks),
        (roles.loud, plan.loud_messages, sentences.CHAT, 0.0),
    ):
        who = np.flatnonzero(mask)
        stay = roles.stay[who]
        begin = clock.operational(stays.joined[stay])
        length = clock.operational(np.minimum(stays.until[stay], float(days))) - begin
        row = np.repeat(np.arange(who.size), rng.poisson(weekly / 7.0 * length))
        at = clock.calendar(begin[row] + rng.random(row.size) * length[row])
        subject = np.where(asking.random(row.size) < asks, sentences.QUESTION, topic)
        parts.append((who[row], at, subject))
    hub = np.flatnonzero(roles.hub)
    hub = hub[np.argsort(roles.cluster[hub])]
    there = present(stays, roles.stay[hub][:, None], moments)
    cluster, nth = np.nonzero(there)
    parts.append((hub[cluster], moments[cluster, nth], np.full(nth.size, sentences.EXPERIENCE)))
    member, at, subject = (np.concatenate(items) for items in zip(*parts, strict=True))
    order = np.lexsort((at, member))
    member, at, subject = member[order], at[order], subject[order]
    return Posts(member, stays.group[roles.stay[member]], at, subject)


def cluster_moments(world: World, seed: int, chunk: int, roles: Roles, days: int) -> np.ndarray:
    """Return the days around which each cluster (rows) buys; NaN beyond the end."""
    rng = stream(seed, "clusters", chunk)
    plan = world.influence
    clusters = int(roles.cluster.max(initial=-1)) + 1
    count = int(days / plan.cluster_every) + 1
    even = (np.arange(count) + rng.random((clusters, 1))) * plan.cluster_every
    jitter = rng.uniform(-0.25, 0.25, (clusters, count)) * plan.cluster_every
    moments = even + jitter
    inside = (moments > plan.cluster_spread) & (moments < days - plan.cluster_spread)
    return np.where(inside, moments, np.nan)


def present(stays: Stays, stay: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return whether stays go on at given days."""
    return (stays.joined[stay] <= at) & (at < stays.until[stay])


def attract(
    world: World,
    rng: np.random.Generator,
    roles: Roles,
    group: np.ndarray,
    is_member: np.ndarray,
    writer: np.ndarray,
    at: np.ndarray,
    reply_to: np.ndarray,
) -> np.ndarray:
    """Let the posts of KOC be answered by what others write next; posts answer nobody.

    Args:
        world: Parameters.
        rng: Source of randomness.
        roles: Who is a KOC or a hub.
        group: Group of each message, by time.
        is_member: True where a member writes.
        writer: Local number of the writer.
        at: Day of each message.
        reply_to: Place of the message that each answers so far; -1 for none.
    """
    n = at.size
    ours = np.where(is_member, writer, 0)
    post = is_member & roles.koc[ours]
    by_group = np.lexsort((np.arange(n), group))
    place = np.maximum.accumulate(np.where(post[by_group], np.arange(n), -1))
    here, there = by_group, by_group[np.maximum(place, 0)]
    fits = (place >= 0) & (group[here] == group[there]) & is_member[here] & ~post[here]
    fits &= (at[here] > at[there]) & (at[here] - at[there] < FRESH_DAYS)
    fits &= rng.random(n) < world.influence.pull
    answers = reply_to.copy()
    answers[here[fits]] = there[fits]
    answers[is_member & (post | roles.hub[ours])] = -1
    return answers


def answers(
    world: World,
    rng: np.random.Generator,
    roles: Roles,
    stays: Stays,
    writer: np.ndarray,
    group: np.ndarray,
    question: np.ndarray,
    at: np.ndarray,
    days: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the answers of KOC and helpers to questions of their group, none to their own.

    Args:
        world: Parameters.
        rng: Source of randomness.
        roles: Who is a KOC or a helper.
        stays: The stays of the chunk.
        writer: Local number of the writer of each message.
        group: Group of each message.
        question: True where a message is a question that answers nobody.
        at: Day of each message.
        days: Length of the world.

    Returns:
        Local number of who answers, place of the question, and day of the answer.
    """
    who = np.flatnonzero(roles.koc | roles.helper)
    asked = np.flatnonzero(question)
    asked = asked[np.argsort(group[asked], kind="stable")]
    first, beyond = _ranges(group[asked], stays.group[roles.stay[who]])
    row, place = _expand(first, beyond)
    member, to = who[row], asked[place]
    when = at[to] + MINUTE + rng.exponential(ANSWER_DAYS, to.size)
    stay = roles.stay[member]
    chosen = present(stays, stay, at[to]) & (when < np.minimum(stays.until[stay], days))
    chosen &= rng.random(to.size) < world.influence.answers
    chosen &= member != writer[to]
    return member[chosen], to[chosen], when[chosen]


def _ranges(ordered: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")


def _expand(first: np.ndarray, beyond: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for ranges of places, the row and each place of its range."""
    count = beyond - first
    row = np.repeat(np.arange(first.size), count)
    return row, np.arange(row.size) - (np.cumsum(count) - count)[row] + first[row]


def audience(stays: Stays, posts: Posts, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of a chosen post (its place among them) and a stay that goes on at that time.

    The writer is no part of the audience.
    """
    group, at, writer = posts.group[chosen], posts.at[chosen], posts.member[chosen]
    by_group = np.argsort(stays.group, kind="stable")
    row, place = _expand(*_ranges(stays.group[by_group], group))
    stay = by_group[place]
    there = present(stays, stay, at[row]) & (stays.member[stay] != writer[row])
    return row[there], stay[there]
