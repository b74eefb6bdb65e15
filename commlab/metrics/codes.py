"""What channel codes belong to: type, parent channel, store and script (F5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab import guards
from commlab.errors import MissingTableError

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_COLUMNS = {"type": "type", "parent": "parent", "store": "store_id", "script": "script"}
SPLITS = tuple(_COLUMNS)


def code_splits(ds: Dataset) -> tuple[str, ...]:
    """Return by what codes can be told apart here: two values at least, borne by members.

    Args:
        ds: The dataset.
    """
    if not ds.has("channels", "members") or "channel" not in ds.columns("members"):
        return ()
    there = [name for name, column in _COLUMNS.items() if column in ds.columns("channels")]
    found = []
    for name in there:
        rows = code_segments(ds, name)
        if int(ds.frame(rows.agg(n=rows.segment.nunique()))["n"].iloc[0]) > 1:
            found.append(name)
    return tuple(found)


def code_segments(ds: Dataset, by: str) -> ir.Table:
    """Return the segment of each member whose code says one, as `newcomer_outcomes` takes it.

    Args:
        ds: The dataset, with members that carry a code, and channels.
        by: "type", "parent", "store" or "script" (invitation text).

    Returns:
        Expression: member_id, segment, held (what is held constant: scripts and stores are
        compared within the parent channel, since a channel may have one of them only).

    Raises:
        ArgumentError: Unknown split.
        MissingTableError: The workspace lacks the table or column.
    """
    guards.one_of("by", by, SPLITS)
    column = _COLUMNS[by]
    if not ds.has("channels", "members") or column not in ds.columns("channels"):
        raise MissingTableError(
            f"comparing codes by {by} needs members and channels.{column}.", where=ds.name
        )
    codes = ds.table("channels")
    parent = codes.parent if "parent" in ds.columns("channels") else ibis.null("string")
    inside = ibis.coalesce(parent, codes.channel) if by in ("store", "script") else ibis.literal("")
    codes = codes.select(code="channel", segment=codes[column].cast("string"), held=inside)
    people = ds.people()
    rows = people.inner_join(codes, people.channel == codes.code)
    return rows.filter(rows.segment.notnull()).select("member_id", "segment", "held")
