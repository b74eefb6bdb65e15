"""Persons as tables: members, staff, friendships, assignments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from commlab.simulate.assigned import ARMS
from commlab.simulate.columns import arrow_table, pick
from commlab.simulate.contacts import WAYS
from commlab.simulate.export.labels import Labels
from commlab.simulate.names import places
from commlab.simulate.people import GENDERS
from commlab.simulate.streams import stream


def members(labels: Labels) -> pa.Table:
    """Return `members`: newcomers by joining time, then the staff accounts."""
    who = labels.chunk.people
    rng = stream(labels.frame.seed, "places", labels.number)
    region, city = places(rng, len(who))
    ours = arrow_table(
        "members",
        member_id=labels.members(np.arange(len(who))),
        joined_at=labels.times(who.joined),
        channel=labels.codes(who.code),
        adviser_id=labels.advisers(who.adviser),
        gender=pick(GENDERS, who.gender),
        birth_year=who.birth_year,
        region=region,
        city=city,
        nickname=labels.nickname,
        role=pick(["member"], np.zeros(len(who))),
    )
    account, role, name = labels.staff()
    empty = pa.nulls(len(account), pa.string())
    theirs = arrow_table(
        "members",
        member_id=account,
        joined_at=labels.times(np.zeros(len(account))),
        channel=empty,
        adviser_id=empty,
        gender=empty,
        birth_year=pa.nulls(len(account), pa.int64()),
        region=empty,
        city=empty,
        nickname=name,
        role=pick(["staff", "atmosphere", "bot"], role),
    )
    return pa.concat_tables([ours, theirs])


def staff(labels: Labels) -> pa.Table:
    """Return `staff`."""
    account, role, _ = labels.staff()
    n = len(account)
    stores = sorted({item.store for item in labels.world.codes if item.store})
    store = np.where(np.arange(n) < labels.chunk.advisers, np.arange(n) % (len(stores) + 1), -1)
    return arrow_table(
        "staff",
        staff_id=account,
        role=pick(["adviser", "atmosphere", "bot"], role),
        store_id=pick(stores, np.where(store < len(stores), store, -1)),
        valid_from=pa.array([labels.frame.start] * n, pa.date32()),
        valid_to=pa.nulls(n, pa.date32()),
    )


def contacts(labels: Labels) -> pa.Table:
    """Return `contacts`: friendships that lasted until the first snapshot or began later."""
    ours = labels.chunk.contacts
    first = labels.world.first_snapshot + labels.world.snapshot_hour / 24.0
    gone = ours.deleted < labels.frame.days
    return arrow_table(
        "contacts",
        member_id=labels.members(ours.member),
        staff_id=labels.advisers(labels.chunk.people.adviser[ours.member]),
        added_at=labels.times(ours.added),
        add_way=pick(WAYS, ours.way),
        channel=labels.codes(labels.chunk.people.code[ours.member]),
        observed_from=labels.times(np.maximum(ours.added, first)),
        deleted_at=labels.times(np.where(gone, ours.deleted, np.nan)),
        deleted_by=pick(["customer", "staff"], np.where(gone, ours.by_staff.astype(np.int64), -1)),
    ).filter(pa.array(ours.deleted >= first))


def assignments(labels: Labels) -> pa.Table | None:
    """Return `assignments`, or None where no campaign ran."""
    parts = [
        arrow_table(
            "assignments",
            campaign_id=labels.campaigns(np.full(item.member.size, place)),
            member_id=labels.members(item.member),
            arm=pick(ARMS, item.treated.astype(np.int64)),
            assigned_at=labels.times(np.full(item.member.size, item.at)),
            cluster_id=labels.groups(
                np.full(item.member.size, -1) if item.cluster is None else item.cluster
            ),
            participated_at=labels.times(item.participated),
        )
        for place, item in enumerate(labels.chunk.campaigns)
    ]
    return pa.concat_tables(parts) if parts else None
