"""Faults of whole rows: copies, contradictions, orphans, silent days, people taken for others."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commlab.simulate.columns import arrow_table
from commlab.simulate.export import ZONE
from commlab.simulate.faults import Stage, changed, found

GAP_DAYS, STALE_DAYS = 5, 20


def duplicate_rows(stage: Stage) -> dict[str, Any]:
    """Some orders were exported twice."""
    orders = stage.read("orders")
    twice = stage.some(np.arange(orders.num_rows), 0.01)
    stage.write("orders", pa.concat_tables([orders, orders.take(pa.array(twice))]))
    return found("orders", "order_id", twice.size, "duplicate_rows")


def conflicting_keys(stage: Stage) -> dict[str, Any]:
    """Some orders are there twice, with another amount."""
    orders = stage.read("orders")
    twice = stage.some(np.arange(orders.num_rows), 0.002)
    other = orders.take(pa.array(twice))
    amounts = pc.add(other["amount"].cast(pa.decimal128(17, 2)), pa.scalar(1, pa.int64()))
    other = changed(other, "amount", np.arange(twice.size), amounts.combine_chunks())
    stage.write("orders", pa.concat_tables([orders, other]))
    return found("orders", "order_id", twice.size, "conflicting_keys")


def orphans(stage: Stage) -> dict[str, Any]:
    """Some orders belong to members who are not in the member table."""
    orders = stage.read("orders")
    known = np.flatnonzero(orders["member_id"].is_valid().to_numpy())
    lost = stage.some(known, 0.02)
    strangers = pa.array([f"x{place:06d}" for place in range(lost.size)])
    stage.write("orders", changed(orders, "member_id", lost, strangers))
    return found("orders", "member_id", lost.size, "orphans")


def gap(stage: Stage) -> dict[str, Any]:
    """The messages of five days in the middle were never exported."""
    days = (stage.as_of - stage.start).days
    first = stage.start + dt.timedelta(days=days * 2 // 3)
    rows = _cut(stage, "messages", "sent_at", first, first + dt.timedelta(days=GAP_DAYS))
    return found("messages", "sent_at", rows, "gap", GAP_DAYS, first=first.isoformat())


def stale(stage: Stage) -> dict[str, Any]:
    """The messages of the last twenty days are missing."""
    first = stage.as_of - dt.timedelta(days=STALE_DAYS - 1)
    rows = _cut(stage, "messages", "sent_at", first, stage.as_of + dt.timedelta(days=1))
    return found("messages", "sent_at", rows, "stale", STALE_DAYS, first=first.isoformat())


def staff_as_members(stage: Stage) -> dict[str, Any]:
    """Staff accounts are marked as members, and the staff table is missing."""
    members, messages = stage.read("members"), stage.read("messages")
    staff = np.flatnonzero(pc.not_equal(members["role"], "member").to_numpy())
    accounts = members["member_id"].take(pa.array(staff))
    stage.write("members", changed(members, "role", staff, ["member"] * staff.size))
    if stage.has("staff"):
        stage.path("staff").unlink()
    written = pc.sum(pc.is_in(messages["member_id"], accounts.combine_chunks())).as_py()
    return found(
        "members", "role", staff.size, "looks_like_staff", written, table_of_the_finding="messages"
    )


def one_person_many_ids(stage: Stage) -> dict[str, Any]:
    """Some people have two member ids: the same phone stands behind both."""
    members = stage.read("members")
    people = np.flatnonzero(pc.equal(members["role"], "member").to_numpy())
    chosen = stage.rng.permutation(stage.some(people, 0.02, least=10))
    pairs = chosen[: chosen.size // 2 * 2].reshape(-1, 2)
    member = members["member_id"].take(pa.array(pairs.ravel()))
    phone = pa.array([f"f{pair:015x}" for pair in range(len(pairs)) for _ in range(2)])
    rows = arrow_table(
        "identities",
        member_id=member.combine_chunks(),
        kind=["phone"] * len(phone),
        value_hash=phone,
    )
    if stage.has("identities"):
        known = stage.read("identities")
        rows = pa.concat_tables([known, rows.select(known.column_names).cast(known.schema)])
    stage.write("identities", rows)
    return found("identities", "value_hash", pairs.size, "one_person_many_ids",
                 persons=len(pairs))  # fmt: skip


def _cut(stage: Stage, name: str, column: str, first: dt.date, end: dt.date) -> int:
    """Take the rows of some local days out of a table."""
    table = stage.read(name)
    edges = [
        pa.scalar(dt.datetime.combine(day, dt.time(), ZoneInfo(ZONE)), table[column].type)
        for day in (first, end)
    ]
    inside = pc.and_(pc.greater_equal(table[column], edges[0]), pc.less(table[column], edges[1]))
    stage.write(name, table.filter(pc.invert(inside)))
    return int(pc.sum(inside).as_py() or 0)


FAULTS = {
    plant.__name__: plant
    for plant in (
        duplicate_rows,
        conflicting_keys,
        orphans,
        gap,
        stale,
        staff_as_members,
        one_person_many_ids,
    )
}
