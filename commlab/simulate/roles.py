"""Who is who: opinion leaders, those taken for them, and freebie hunters.

Roles are given to people as they were drawn, none is redrawn: what the other modules promise of
stays, purchases, amounts and invitations holds for all, roles included.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from commlab.simulate.closed_forms import membership_survival
from commlab.simulate.groups import LEFT, REMOVED, Groups, Stays
from commlab.simulate.people import People
from commlab.simulate.purchases import Purchases, ever_buys
from commlab.simulate.streams import stream
from commlab.simulate.world import World


@dataclasses.dataclass(frozen=True)
class Roles:
    """Roles of the members of one chunk; masks by local number.

    Attributes:
        koc: Key opinion consumers.
        loud: Decoys who write very much.
        spender: Decoys who spend most.
        cluster: Number of the homophilous cluster; -1 for none.
        hub: Who posts for its cluster.
        helper: Decoys who answer questions as often as a KOC.
        hunter: Freebie hunters.
        ring: Accounts of self-referral rings.
        quiet: Who does not write by the ordinary rate of messages: KOC and hubs post instead,
            hunters and the accounts of rings are silent.
        stay: Place of the stay in which a KOC, helper, loud member or cluster member acts; -1 for
            others.
    """

    koc: np.ndarray
    loud: np.ndarray
    spender: np.ndarray
    cluster: np.ndarray
    hub: np.ndarray
    helper: np.ndarray
    hunter: np.ndarray
    ring: np.ndarray
    quiet: np.ndarray
    stay: np.ndarray


def hunter_shares(world: World) -> np.ndarray:
    """Return the probability that a newcomer is a freebie hunter, by kind of channel."""
    wanted = dict(world.freebies.shares)
    shares = np.array([wanted.get(item.name, 0.0) for item in world.channels])
    return np.minimum(shares, _candidate_shares(world))


def draw_roles(
    world: World,
    seed: int,
    chunk: int,
    people: People,
    groups: Groups,
    stays: Stays,
    purchases: Purchases,
    days: int,
) -> Roles:
    """Give the members of a chunk their roles."""
    rng = stream(seed, "roles", chunk)
    plan, n = world.influence, len(people)
    hunter = _hunters(world, seed, chunk, people, stays)
    stay, settled = _settled(world, people, groups, stays, days)
    settled[hunter] = False  # those who leave at once are never settled
    invitees = np.bincount(people.inviter[people.inviter >= 0], minlength=n)
    weight = 0.8 * people.liveliness + np.log1p(invitees)  # of KOC: lively, and they bring people
    koc = _pick(rng, weight, settled, plan.koc_share)
    loud = _pick(rng, people.liveliness, settled & ~koc, plan.loud_share)
    cluster = _clusters(world, rng, stays, stay, settled & ~koc & ~loud, len(groups))
    hub = np.zeros(n, dtype=bool)
    members = np.flatnonzero(cluster >= 0)
    hub[members[np.unique(cluster[members], return_index=True)[1]]] = True
    helper = _helpers(world, seed, chunk, people, settled & ~koc & ~loud & (cluster < 0))
    acts = koc | helper | loud | (cluster >= 0)
    silent = hunter & ~_chatty(world, seed, chunk, n)
    return Roles(
        koc=koc,
        loud=loud,
        spender=_spenders(world, purchases, koc),
        cluster=cluster,
        hub=hub,
        helper=helper,
        hunter=hunter,
        ring=people.ring >= 0,
        quiet=koc | hub | silent | (people.ring >= 0),
        stay=np.where(acts, stay, -1),
    )


def _hunters(world: World, seed: int, chunk: int, people: People, stays: Stays) -> np.ndarray:
    """Mark hunters among never-buyers who join no group or leave it soon.

    A candidate is marked with probability share / P(candidate), so being a hunter has the planted
    share in each channel, independently from person to person.
    """
    rng = stream(seed, "freebies", chunk)
    entry = ~stays.migrated_in
    soon = stays.until < stays.joined + 7.0 * world.freebies.leave_weeks
    soon &= np.isin(stays.kind, (LEFT, REMOVED))
    lasting = np.zeros(len(people), dtype=bool)
    lasting[stays.member[entry & ~soon]] = True
    candidate = ~ever_buys(world, seed, chunk, people) & ~lasting & (people.ring < 0)
    chance = hunter_shares(world) / np.maximum(_candidate_shares(world), 1e-12)
    return candidate & (rng.random(len(people)) < chance[people.type])


def _candidate_shares(world: World) -> np.ndarray:
    weeks = np.array([world.freebies.leave_weeks])
    soon = np.array([1.0 - membership_survival(item, weeks)[0] for item in world.channels])
    joins = np.array([item.join_rate for item in world.channels])
    buys = np.array([item.buyer_share for item in world.channels])
    return (1.0 - buys) * (1.0 - joins + joins * soon)


def _settled(
    world: World, people: People, groups: Groups, stays: Stays, days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the stay of each member, and who stays long in a group that lasts."""
    entry = np.flatnonzero(~stays.migrated_in)
    stay = np.full(len(people), -1)
    stay[stays.member[entry]] = entry
    enough = world.influence.settled_days
    lasts = ~np.isfinite(groups.died) & ~np.isfinite(groups.closed)
    long = lasts[stays.group] & (stays.joined < days - enough)
    long &= stays.until > stays.joined + enough
    return stay, (stay >= 0) & long[stay] & (people.ring < 0)


def _pick(
    rng: np.random.Generator, log_weight: np.ndarray, may: np.ndarray, share: float
) -> np.ndarray:
    """Mark a share of all people among those who may be, weighted, without replacement."""
    n = may.size
    count = min(int(n * share + rng.random()), int(may.sum()))
    # Gumbel noise on log weights: the first `count` are a weighted sample.
    key = np.where(may, log_weight + rng.gumbel(size=n), -np.inf)
    chosen = np.zeros(n, dtype=bool)
    chosen[np.argsort(-key, kind="stable")[:count]] = True
    return chosen


# Draws of their own: worlds without helpers or chatty hunters are drawn as if there were none.
def _helpers(world: World, seed: int, chunk: int, people: People, may: np.ndarray) -> np.ndarray:
    rng = stream(seed, "helpers", chunk)
    return _pick(rng, people.liveliness, may, world.influence.helper_share)


def _chatty(world: World, seed: int, chunk: int, n: int) -> np.ndarray:
    return stream(seed, "chatty", chunk).random(n) < world.freebies.chatty


def _clusters(
    world: World,
    rng: np.random.Generator,
    stays: Stays,
    stay: np.ndarray,
    may: np.ndarray,
    groups: int,
) -> np.ndarray:
    """Form clusters within groups, one a group at most; returns the cluster of each member."""
    plan, cluster = world.influence, np.full(may.size, -1)
    who = np.flatnonzero(may)
    who = who[rng.permutation(who.size)]
    group = stays.group[stay[who]]
    order = np.argsort(group, kind="stable")
    who, group = who[order], group[order]
    size = np.bincount(group, minlength=groups)
    rank = np.arange(who.size) - (np.cumsum(size) - size)[group]
    fits = np.flatnonzero(size >= plan.cluster_size)
    count = min(int(may.size * plan.cluster_share / plan.cluster_size + rng.random()), fits.size)
    number = np.full(groups, -1)
    number[rng.permutation(fits)[:count]] = np.arange(count)
    chosen = (rank < plan.cluster_size) & (number[group] >= 0)
    cluster[who[chosen]] = number[group[chosen]]
    return cluster


def _spenders(world: World, purchases: Purchases, koc: np.ndarray) -> np.ndarray:
    total = np.bincount(purchases.member, purchases.spend, minlength=koc.size)
    total[koc] = 0.0
    count = min(int(koc.size * world.influence.spender_share), int((total > 0).sum()))
    chosen = np.zeros(koc.size, dtype=bool)
    chosen[np.argsort(-total, kind="stable")[:count]] = True
    return chosen
