"""Who belongs to which cohort: anchor, segment and chat group of each member, as an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab import guards
from commlab.errors import MissingTableError
from commlab.metrics import periods
from commlab.tables import TABLES

if TYPE_CHECKING:
    from commlab.dataset import Dataset

ANCHORS = ("joined", "group_joined", "first_message", "first_order")
UNITS = ("week", "month")
UNKNOWN = "unknown"  # segment of members of whom the attribute is not known

# Split -> what it is taken from, where it is not a column of `members` of the same name.
_ALIASES = {"adviser": "adviser_id"}
_NOT_SPLITS = ("member_id", "joined_at", "nickname", "role")
_MEMBER_COLUMNS = tuple(name for name in TABLES["members"].names if name not in _NOT_SPLITS)
# What a group is for, by the column of `groups`.
_OF_GROUP = {"positioning": "positioning", "goal": "goal", "group_product": "product",
             "group_region": "region"}  # fmt: skip
_DERIVED = ("group", *_OF_GROUP, "campaign", "product")
SPLITS = (*_MEMBER_COLUMNS, *_ALIASES, *_DERIVED)


def members(
    ds: Dataset, anchor: str = "joined", split: str | None = None, *, cluster: bool = False
) -> ir.Table:
    """Return the members with the moment at which their membership of a cohort starts.

    Args:
        ds: The dataset.
        anchor: "joined" (first contact), "group_joined" (first group), "first_message" (not
            revoked) or "first_order" (paid). Members without that moment are left out.
        split: None, or what tells segments apart: a column of `members` ("channel", "region",
            "city", "gender", "birth_year", "adviser"), "group" (first group joined),
            "positioning", "goal", "group_product", "group_region" (of that
            group), "campaign" (the last one that a touchpoint, referral or order of the member
            names by the end of the anchor's day), "product" (of the largest item of the first
            order). What groups and products say may become known
            after the anchor: they describe those who got so far, so compare them under the
            anchor that fits ("group_joined", "first_order").
        cluster: Whether to add the first chat group joined.

    Returns:
        Expression with `member_id`, `anchor` (naive local time), and on demand `segment` (text,
        "unknown" where not known) and `cluster` (null without a group). One row a member; staff,
        bots and atmosphere accounts are not among them.

    Raises:
        ArgumentError: Unknown anchor or split.
        MissingTableError: The workspace lacks the table or column.
    """
    guards.one_of("anchor", anchor, ANCHORS)
    if split is not None:
        guards.one_of("split", split, SPLITS)
        _require(ds, split)
    people = ds.people()
    if anchor == "joined":
        table = people.mutate(anchor=people.joined_at)
    else:
        table = people.inner_join(_anchors(ds, anchor), "member_id")
    table = table.filter(table.anchor.notnull())
    chosen = ["member_id", "anchor"]
    column = _ALIASES.get(split or "", split)
    if column in _MEMBER_COLUMNS:
        table = table.mutate(segment=table[column].cast("string"))
    table = table.select(*chosen, *(["segment"] if column in _MEMBER_COLUMNS else []))
    if cluster or split == "group" or split in _OF_GROUP:
        table = table.left_join(_first_groups(ds), "member_id").drop("member_id_right")
    if split == "group":
        table = table.mutate(segment=table.cluster)
    elif split in _OF_GROUP:
        groups = ds.table("groups").select(cluster="group_id", segment=_OF_GROUP[split])
        table = table.left_join(groups, "cluster").drop("cluster_right")
    elif split == "campaign":
        table = table.left_join(_campaigns(ds, table), "member_id").drop("member_id_right")
    elif split == "product":
        table = table.left_join(_first_products(ds), "member_id").drop("member_id_right")
    if split is not None:
        table = table.mutate(segment=table.segment.fill_null(UNKNOWN))
        chosen.append("segment")
    if cluster:
        chosen.append("cluster")
    return table.select(*chosen)


def available_splits(ds: Dataset) -> tuple[str, ...]:
    """Return the splits for which the workspace holds the tables and columns.

    Args:
        ds: The dataset.

    Returns:
        Names that `split` of `members`, `retention` and `revenue_retention` accept.
    """
    # Advisers are people, and a raw league of them is one of luck: ask for that split by name.
    names = ("channel", "region", "city", "gender", *_DERIVED)
    return tuple(name for name in names if not _missing(ds, name))


def _missing(ds: Dataset, split: str) -> str:
    """Return what the workspace lacks for a split: a table or table.column, or nothing."""
    if split == "campaign":
        held = [
            name
            for name in ("touchpoints", "referrals", "orders")
            if ds.has(name) and "campaign_id" in ds.columns(name)
        ]
        return "" if held else "campaign_id in touchpoints, referrals or orders"
    needs = {
        "group": ("memberships.group_id",),
        **{
            name: ("memberships.group_id", f"groups.{column}") for name, column in _OF_GROUP.items()
        },
        "product": ("orders.member_id", "order_items.product"),
    }.get(split, (f"members.{_ALIASES.get(split, split)}",))
    for need in needs:
        table, column = need.split(".")
        if not ds.has(table) or column not in ds.columns(table):
            return need
    return ""


def _require(ds: Dataset, split: str) -> None:
    missing = _missing(ds, split)
    if missing:
        possible = ", ".join(available_splits(ds)) or "none"
        raise MissingTableError(
            f"split == {split!r} needs {missing}, which the workspace does not have.",
            where=ds.name,
            fix=f"Possible here: {possible}.",
        )


def _anchors(ds: Dataset, anchor: str) -> ir.Table:
    """Return `member_id`, `anchor`: the first moment of its kind for each person."""
    if anchor == "group_joined":
        rows = ds.table("memberships").select("member_id", at="joined_at")
    elif anchor == "first_message":
        messages = ds.table("messages")
        rows = messages.filter(~messages.revoked).select("member_id", at="sent_at")
    else:
        orders = ds.table("orders")
        rows = orders.filter(orders.member_id.notnull()).select("member_id", at="paid_at")
    return rows.group_by("member_id").agg(anchor=rows.at.min())


def _pick(rows: ir.Table, key: str, value: str, by: str, *, last: bool = False) -> ir.Table:
    """Return per key the value of the row with the least (or greatest) `by`.

    Ties go to the least value, so that engines agree. Two hash aggregations are quicker than a
    window over every row.
    """
    best = rows[by].max() if last else rows[by].min()
    edges = rows.group_by(key).agg(edge=best)
    tied = rows.inner_join(edges, [key, rows[by] == edges.edge])
    return tied.group_by(key).agg(**{value: tied[value].min()})


def _first_groups(ds: Dataset) -> ir.Table:
    """Return `member_id`, `cluster`: the group that each person joined first."""
    stays = ds.table("memberships")
    return _pick(stays.select("member_id", "joined_at", cluster="group_id"),
                 "member_id", "cluster", "joined_at")  # fmt: skip


def _campaigns(ds: Dataset, anchored: ir.Table) -> ir.Table:
    """Return `member_id`, `segment`: the last campaign named by the end of the anchor's day."""
    named = {"touchpoints": ("member_id", "at"), "referrals": ("invitee_id", "at"),
             "orders": ("member_id", "paid_at")}  # fmt: skip
    parts = [
        ds.table(name).select(member_id=member, at=at, segment="campaign_id")
        for name, (member, at) in named.items()
        if ds.has(name) and "campaign_id" in ds.columns(name)
    ]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.filter(rows.segment.notnull() & rows.member_id.notnull())
    rows = rows.inner_join(anchored.select("member_id", "anchor"), "member_id")
    day = periods.number(rows.at, "day")
    rows = rows.filter(day <= periods.number(rows.anchor, "day"))
    return _pick(rows.select("member_id", "at", "segment"), "member_id", "segment", "at", last=True)


def _first_products(ds: Dataset) -> ir.Table:
    """Return `member_id`, `segment`: the product of the largest item of the first order."""
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull()).select("member_id", "order_id", "paid_at")
    first = _pick(orders, "member_id", "order_id", "paid_at")
    items = ds.table("order_items").select("order_id", "product", "amount")
    items = items.inner_join(first, "order_id").select("member_id", "product", "amount")
    items = items.filter(items["product"].notnull())
    return _pick(items.select("member_id", "amount", segment="product"),
                 "member_id", "segment", "amount", last=True)  # fmt: skip
