"""Chat groups and the stays in them: joining, leaving, closing, and what snapshots saw of it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import special

from commlab.simulate.decline import Decline, draw_decline, pull
from commlab.simulate.people import People
from commlab.simulate.streams import linked_uniform, stream
from commlab.simulate.world import World

KINDS = ("left", "removed", "migrated", "closed")
LEFT, REMOVED, MIGRATED, CLOSED = range(4)
SCENES = ("invite", "link", "qr")


@dataclasses.dataclass(frozen=True)
class Groups:
    """The groups of one chunk.

    Attributes:
        created: Day of opening.
        died: Day after which no member writes; infinite for groups that live.
        closed: Day of closing; infinite for open groups.
        receiver: Group that takes the members of a closed one; -1 elsewhere.
        owner: Local number of the adviser who owns it.
        liveliness: Factor on the messages of all its members, mean 1.
        decline: Why it dies, and what else befalls it.
    """

    created: np.ndarray
    died: np.ndarray
    closed: np.ndarray
    receiver: np.ndarray
    owner: np.ndarray
    liveliness: np.ndarray
    decline: Decline

    def __len__(self) -> int:
        return self.created.size


@dataclasses.dataclass(frozen=True)
class Stays:
    """True stays in groups, one row each, the first stay of each member before migrated ones.

    Attributes:
        member: Local number of the member.
        group: Local number of the group.
        joined: Day of joining.
        until: True day of the end; beyond the world's end for those who stay.
        kind: Place in `KINDS` of how it ends.
        scene: Place in `SCENES`.
        inviter: Local number of the member who invited; -1: the adviser or nobody.
        migrated_in: True where the stay continues one in a closed group.
    """

    member: np.ndarray
    group: np.ndarray
    joined: np.ndarray
    until: np.ndarray
    kind: np.ndarray
    scene: np.ndarray
    inviter: np.ndarray
    migrated_in: np.ndarray

    def __len__(self) -> int:
        return self.member.size


def draw_groups(world: World, seed: int, chunk: int, n: int, days: int, owners: int) -> Groups:
    """Draw the groups of a chunk of `n` newcomers; every few of them dies or is closed."""
    rng = stream(seed, "groups", chunk)
    count = max(2, round(n / world.members_per_group))
    # Groups open while there is time to fill them; the first one on the first day.
    created = np.floor(np.arange(count) * max(days - 40, 1) / count) + 10.0 / 24.0
    created[0] = 0.0
    decline = draw_decline(world, seed, chunk, created)
    died, closed = decline.died, np.full(count, np.inf)
    receiver = np.full(count, -1)
    place = np.arange(count)
    if count >= 4 and world.closed_share > 0:
        shut = place[:: max(1, round(1 / world.closed_share))] + count // 7
        shut = shut[(shut < count - 2) & (decline.cause[np.minimum(shut, count - 1)] < 0)]
        closing = np.floor(created[shut]) + 260.0 + 22.0 / 24.0
        shut, closing = shut[closing < days], closing[closing < days]
        closed[shut] = closing
        lasting = np.flatnonzero(~np.isfinite(died) & ~np.isfinite(closed))
        for group, day in zip(shut, closing, strict=True):
            ready = lasting[created[lasting] < day - 10.0]
            receiver[group] = ready[-1] if ready.size else -1
    lively = np.exp(world.group_sd * rng.standard_normal(count) - world.group_sd**2 / 2)
    return Groups(created, died, closed, receiver, place % owners, lively, decline)


def draw_stays(
    world: World, seed: int, chunk: int, people: People, groups: Groups, days: int
) -> Stays:
    """Draw who joins which group, and when each stay truly ends.

    The weekly probability of leaving is Beta(leave_a, leave_b) by channel, so the share still
    there k weeks after joining is B(a, b + k) / B(a, b) (Fader & Hardie 2007, eq. 6); within its
    week the moment of leaving is uniform.
    """
    rng = stream(seed, "stays", chunk)
    n = len(people)
    joins = rng.random(n) < people.value(world, "join_rate")
    wait = np.where(rng.random(n) < 0.7, rng.exponential(0.02, n), rng.exponential(3.0, n))
    at = people.joined + wait
    dice = rng.random(n)
    chance = linked_uniform(rng, people.liveliness, world.lively_leave)
    theta = special.betaincinv(
        people.value(world, "leave_a"), people.value(world, "leave_b"), chance
    )
    weeks = _weeks_to_leave(rng, theta)
    leave = at + 7.0 * (weeks - rng.random(n))
    removed = rng.random(n) < world.removed_share
    accepts = rng.random(n) < world.migrate_share
    notice = rng.random(n)
    scene = rng.choice(3, size=n, p=[0.30, 0.20, 0.50])

    member = np.flatnonzero(joins & (at < days))
    group = _choose_group(world, groups, people.code[member], at[member], dice[member])
    kind = np.where(removed, REMOVED, LEFT)[member]
    until = leave[member].copy()
    shut = groups.closed[group]
    ends_by_closing = until >= shut
    moves = ends_by_closing & accepts[member] & (groups.receiver[group] >= 0)
    kind[ends_by_closing] = CLOSED
    kind[moves] = MIGRATED
    until = np.where(ends_by_closing, shut, until)
    # The invitation to move comes with the notice, three days before the group is closed.
    until[moves] = (np.maximum(shut - 3.0, at[member]) + notice[member] * 0.5)[moves]
    # In a ring the first account is "invited" by one that came later.
    by_friend = (people.inviter >= 0) & (people.inviter < np.arange(n))
    inviter = np.where(by_friend, people.inviter, -1)[member]
    movers = np.flatnonzero(moves)
    none = np.zeros(member.size, dtype=bool)
    return Stays(
        member=np.concatenate([member, member[movers]]),
        group=np.concatenate([group, groups.receiver[group[movers]]]),
        joined=np.concatenate([at[member], until[movers]]),
        until=np.concatenate([until, leave[member[movers]]]),
        kind=np.concatenate([kind, np.where(removed[member[movers]], REMOVED, LEFT)]),
        scene=np.concatenate(
            [np.where(inviter >= 0, 0, scene[member]), np.zeros(movers.size, int)]
        ),
        inviter=np.concatenate([inviter, np.full(movers.size, -1)]),
        migrated_in=np.concatenate([none, np.ones(movers.size, dtype=bool)]),
    )


@dataclasses.dataclass(frozen=True)
class Observed:
    """What the daily snapshots show of the stays.

    Attributes:
        seen: False for stays that were over before the first snapshot.
        observed_from: Since when the stay was under observation.
        last_seen: Last time it was known to go on.
        left: First snapshot without the member; NaN while present.
    """

    seen: np.ndarray
    observed_from: np.ndarray
    last_seen: np.ndarray
    left: np.ndarray


def observe(world: World, joined: np.ndarray, until: np.ndarray, days: int) -> Observed:
    """Look at stays through daily snapshots.

    Joining is reported at once from the first snapshot on; leaving is noticed at the next
    snapshot, so the true moment lies in (last_seen, left].
    """
    hour = world.snapshot_hour / 24.0
    first = world.first_snapshot + hour
    last = days - 1 + hour
    observed_from = np.maximum(joined, first)
    seen = (until >= first) & (joined < days)
    following = np.ceil(until - hour) + hour  # first snapshot at or after the end of the stay
    gone = seen & (following <= last)
    before = np.where(gone, following - 1.0, last)
    return Observed(
        seen=seen,
        observed_from=observed_from,
        last_seen=np.maximum(before, observed_from),
        left=np.where(gone, following, np.nan),
    )


def _weeks_to_leave(rng: np.random.Generator, theta: np.ndarray) -> np.ndarray:
    """Draw geometric weeks, 1 or more; theta near 0 gives weeks beyond any world."""
    luck = np.log1p(-rng.random(theta.size))
    with np.errstate(divide="ignore", invalid="ignore"):
        weeks = np.ceil(luck / np.log1p(-theta))
    return np.clip(np.nan_to_num(weeks, nan=1.0, posinf=1e6), 1.0, 1e6)


def _choose_group(
    world: World, groups: Groups, code: np.ndarray, at: np.ndarray, dice: np.ndarray
) -> np.ndarray:
    """Send each newcomer to an open group, the younger and the fitting ones first."""
    age = at[:, None] - groups.created[None, :]
    no_more = np.minimum(groups.died, groups.closed - 30.0)
    open_now = (age >= 0) & (at[:, None] < no_more[None, :])
    weight = np.where(open_now, np.exp(-np.maximum(age, 0.0) / world.inflow_days), 0.0)
    weight *= pull(world, groups.decline.home)[code]
    # Where no group takes newcomers, the newest one that still exists does.
    exists = (age >= 0) & (at[:, None] < groups.closed[None, :])
    newest = np.argmax(np.where(exists, groups.created[None, :], -1.0), axis=1)
    none = weight.sum(axis=1) <= 0
    weight[none, newest[none]] = 1.0
    bounds = np.cumsum(weight, axis=1)
    return (bounds < (dice * bounds[:, -1])[:, None]).sum(axis=1)
