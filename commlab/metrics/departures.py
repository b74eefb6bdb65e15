"""When people were gone: neither in a group nor the friend of an adviser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_NOT_LEAVING = ("migrated", "closed")


def absences(ds: Dataset) -> ir.Table | None:
    """Return the spells in which a person had left: `member_id`, `gone_from`, `gone_until`.

    A person has left when every stay in a group and every friendship has ended and the last end
    was a leaving, a removal or a deletion. An end by migration or closing is not leaving. The
    spell lasts until the next stay or friendship begins (null: it has not).

    Args:
        ds: The dataset.

    Returns:
        Expression, one row a spell, the spells of one person disjoint; None where the workspace
        has neither memberships nor contacts.
    """
    parts: list[ir.Table] = []
    if ds.has("memberships"):
        stays = ds.table("memberships")
        kept = stays.leave_kind.isin(_NOT_LEAVING).fill_null(False)
        parts += _edges(stays, stays.joined_at, stays.left_at, kept)
    if ds.has("contacts"):
        friends = ds.table("contacts")
        parts += _edges(friends, friends.added_at, friends.deleted_at, ibis.literal(False))
    if not parts:
        return None
    edges = ibis.union(*parts)
    # At one moment beginnings come first (moving is not an absence) and endings that are not
    # leaving come last (they decide).
    order = [edges.at, edges.rank]
    running = ibis.window(group_by="member_id", order_by=order, preceding=None, following=0)
    spell = ibis.window(group_by="member_id", order_by=order)
    edges = edges.mutate(
        inside=edges.change.sum().over(running), gone_until=edges.at.lead().over(spell)
    )
    gone = edges.filter((edges.inside == 0) & (edges.rank == 1))
    return gone.select("member_id", gone_from="at", gone_until="gone_until")


def _edges(
    rows: ir.Table, begin: ir.Value, end: ir.Value, kept: ir.Value
) -> tuple[ir.Table, ir.Table]:
    """Return begins (rank 0) and ends (rank 1, or 2 when not leaving) of stays."""
    begins = rows.select(
        "member_id", at=begin, rank=ibis.literal(0, "int64"), change=ibis.literal(1, "int64")
    )
    # Exports may hold ends before begins; such a stay is over as soon as it begins.
    ends = rows.select(
        "member_id",
        at=ibis.ifelse(end < begin, begin, end),
        rank=ibis.ifelse(kept, 2, 1).cast("int64"),
        change=ibis.literal(-1, "int64"),
    )
    return begins, ends.filter(ends["at"].notnull())
