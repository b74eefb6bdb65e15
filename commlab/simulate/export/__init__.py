"""A chunk as canonical tables: local numbers become ids, days become timestamps."""

from __future__ import annotations

import pyarrow as pa

from commlab.simulate.export import persons, rooms, talk, ties, trade
from commlab.simulate.export.labels import ZONE, Labels, Offsets
from commlab.simulate.texts import Phrasebook

__all__ = ["ZONE", "Labels", "Offsets", "chunk_tables"]


def chunk_tables(labels: Labels, book: Phrasebook) -> dict[str, pa.Table]:
    """Return the tables of one chunk by name; those without rows are left out.

    Args:
        labels: The chunk and how its things are named.
        book: The sentences of the messages.
    """
    tables = {
        "members": persons.members(labels),
        "staff": persons.staff(labels),
        "groups": rooms.groups(labels),
        "memberships": rooms.memberships(labels),
        "contacts": persons.contacts(labels),
        "assignments": persons.assignments(labels),
        "orders": trade.orders(labels),
        "order_items": trade.items(labels),
        "messages": talk.messages(labels, book),
        "touchpoints": trade.touchpoints(labels),
        "check_ins": trade.check_ins(labels),
        "referrals": ties.referrals(labels),
        "identities": ties.identities(labels),
    }
    return {name: rows for name, rows in tables.items() if rows is not None and rows.num_rows}
