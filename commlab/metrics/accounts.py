"""Who writes for the brand: staff, atmosphere and bot accounts, each with its role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# An account named in several places keeps the most telling role: what a bot writes is no service,
# and only atmosphere accounts count towards a reactivation.
RANKS = {"bot": 1, "atmosphere": 2, "staff": 3}


def roles(ds: Dataset) -> ir.Table:
    """Return the accounts of the brand as an expression: `account_id`, `role`.

    The role is "bot", "atmosphere" or "staff" (advisers, service and all others). Every account of
    `Dataset.staff_ids` is there once.
    """
    parts = [ds.staff_ids().select(account_id="member_id", rank=ibis.literal(3, "int64"))]
    if ds.has("members"):
        members = ds.whole("members")
        parts.append(members.select(account_id="member_id", rank=_rank(members.role)))
    if ds.has("staff"):
        staff = ds.table("staff")
        parts.append(staff.select(account_id="staff_id", rank=_rank(staff.role)))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.filter(rows["rank"].notnull())
    rows = rows.group_by("account_id").agg(least=rows["rank"].min())
    role = rows.least.cases(*((rank, name) for name, rank in RANKS.items()))
    return rows.select("account_id", role=role)


def known(ds: Dataset) -> tuple[bool, bool]:
    """Return whether the workspace names any account of the brand, and any of the atmosphere team.

    Where it names none, what staff wrote is not 0 but unknown.
    """
    rows = roles(ds)
    counts = rows.agg(n=rows.count(), atmosphere=rows.count(where=rows.role == "atmosphere"))
    row = ds.frame(counts).iloc[0]
    return bool(row["n"]), bool(row["atmosphere"])


def _rank(role: ir.StringValue) -> ir.IntegerValue:
    known = [(name, rank) for name, rank in RANKS.items() if name != "staff"]
    return role.cases(*known, else_=ibis.null("int64")).cast("int64")
