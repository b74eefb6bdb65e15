"""Chat groups as tables: groups and the stays in them, as snapshots saw them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commlab.simulate.chunk import ATMOSPHERE, BOTS
from commlab.simulate.columns import arrow_table, joined, pick
from commlab.simulate.export.labels import Labels
from commlab.simulate.groups import CLOSED, KINDS, SCENES, observe

POSITIONINGS = ("benefit", "content", "resource")
_POSITION_NAMES = ("福利", "护肤学堂", "新品体验")
_GOALS = ("复购", "促活", "口碑")


def groups(labels: Labels) -> pa.Table:
    """Return `groups`."""
    ours = labels.chunk.groups
    n = len(ours)
    place = (np.arange(n) + labels.offsets.groups) % 3
    label = pa.array(np.arange(n) + 1 + labels.offsets.groups).cast(pa.string())
    tags = [[_POSITION_NAMES[i], _GOALS[i]] for i in place]
    return arrow_table(
        "groups",
        group_id=labels.groups(np.arange(n)),
        name=joined("晨雀·", pick(_POSITION_NAMES, place), label, "群"),
        created_at=labels.times(ours.created),
        positioning=pick(POSITIONINGS, place),
        goal=pick(_GOALS, place),
        owner_id=labels.advisers(ours.owner),
        closed_at=labels.times(np.where(np.isfinite(ours.closed), ours.closed, np.nan)),
        tags=pa.array(tags, pa.list_(pa.string())),
    )


def memberships(labels: Labels) -> pa.Table:
    """Return `memberships`: the stays that a snapshot or a callback saw."""
    stays = labels.chunk.stays
    days = labels.frame.days
    seen = observe(labels.world, stays.joined, stays.until, days)
    owner = labels.advisers(labels.chunk.groups.owner[stays.group])
    friend = labels.members(stays.inviter)
    by_adviser = pa.array((stays.scene == 0) & (stays.inviter < 0))
    whole = arrow_table(
        "memberships",
        group_id=labels.groups(stays.group),
        member_id=labels.members(stays.member),
        joined_at=labels.times(stays.joined),
        join_scene=pick(SCENES, stays.scene),
        inviter_id=pc.if_else(by_adviser, owner, friend),
        observed_from=labels.times(seen.observed_from),
        last_seen_at=labels.times(seen.last_seen),
        left_at=labels.times(seen.left),
        leave_kind=pick(KINDS, np.where(np.isfinite(seen.left), stays.kind, -1)),
    ).filter(pa.array(seen.seen))
    return pa.concat_tables([whole, _staff_memberships(labels)]).sort_by(
        [("joined_at", "ascending"), ("group_id", "ascending"), ("member_id", "ascending")]
    )


def _staff_memberships(labels: Labels) -> pa.Table:
    """Return the stays of owners, atmosphere accounts and bot, which last as their group."""
    ours, n = labels.chunk.groups, len(labels.chunk.groups)
    each = ATMOSPHERE + BOTS + 1
    group = np.repeat(np.arange(n), each)
    account = pa.concat_arrays(
        [
            labels.advisers(ours.owner),
            labels.atmosphere(np.tile(np.arange(ATMOSPHERE), n)),
            labels.bots(np.tile(np.arange(BOTS), n)),
        ]
    )
    # The accounts stand by kind; bring them in the order of the groups.
    place = np.concatenate(
        [np.arange(n), np.repeat(np.arange(n), ATMOSPHERE), np.repeat(np.arange(n), BOTS)]
    )
    account = account.take(pa.array(np.argsort(place, kind="stable")))
    begin = ours.created[group]
    seen = observe(labels.world, begin, ours.closed[group], labels.frame.days)
    gone = np.isfinite(seen.left)
    return arrow_table(
        "memberships",
        group_id=labels.groups(group),
        member_id=account,
        joined_at=labels.times(begin),
        join_scene=pick(SCENES, np.zeros(group.size)),
        inviter_id=pa.nulls(group.size, pa.string()),
        observed_from=labels.times(seen.observed_from),
        last_seen_at=labels.times(seen.last_seen),
        left_at=labels.times(seen.left),
        leave_kind=pick(KINDS, np.where(gone, CLOSED, -1)),
    )
