"""Data health: what the data can answer, and whose they are.

Everything here works on broken data too: cells that cannot be read count as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from commlab.errors import ArgumentError, DataError
from commlab.estimate import Estimate
from commlab.quality.rules_people import suspects
from commlab.quality.tolerant import Tolerant
from commlab.tables import TABLES

if TYPE_CHECKING:
    from commlab.dataset import Dataset

STATUSES = ("can", "partly", "cannot")
_SURE = ("member", "non_member")  # every other buyer status says that nobody knows


def answers(ds: Dataset, notebooks: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return what each notebook can answer with the tables that are there.

    Args:
        ds: The dataset.
        notebooks: One mapping a notebook: `name`; `needs`, a list of lists of tables, of each of
            which at least one must be there; `uses`, all tables that it can make use of.

    Returns:
        One row a notebook, in the order given: notebook, status, missing. Status is "cannot"
        (a need is not met: `missing` lists the alternatives of each unmet need), "partly"
        (`missing` lists the tables that would add something) or "can". `missing` is a tuple.

    Raises:
        ArgumentError: A notebook has no name, or names a table that does not exist.

    Example:
        >>> page = {"name": "04_ltv", "needs": [["orders"]], "uses": ["orders", "costs"]}
        >>> answers(ds, [page])  # doctest: +SKIP
          notebook  status   missing
        0   04_ltv  partly  (costs,)
    """
    rows = []
    for page in notebooks:
        needs = [tuple(options) for options in page.get("needs", ())]
        uses = tuple(page.get("uses", ()))
        _known_tables(page, [*uses, *(name for options in needs for name in options)])
        unmet = [options for options in needs if not any(ds.has(name) for name in options)]
        status, missing = "can", tuple(name for name in uses if not ds.has(name))
        if unmet:
            status, missing = (
                "cannot",
                tuple(dict.fromkeys(name for options in unmet for name in options)),
            )
        elif missing:
            status = "partly"
        rows.append({"notebook": page["name"], "status": status, "missing": missing})
    return pd.DataFrame(rows, columns=["notebook", "status", "missing"])


def _known_tables(page: Mapping[str, Any], names: Iterable[str]) -> None:
    if not page.get("name"):
        raise ArgumentError(f"a notebook has no name: {dict(page)!r}.")
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise ArgumentError(
            f"{page['name']} names the table {unknown[0]!r}, which does not exist.",
            fix="See `commlab tables`.",
        )


def buyer_membership(ds: Dataset) -> dict[str, Estimate]:
    """Return the share of buyers, orders and net revenue that is the members' (F4).

    A buyer is a member, a non-member or unknown (`orders.buyer_status`). The value is the part
    that is sure: unknown buyers counted as non-members. The interval is no sampling error but
    what the unknown could change: its upper end counts them all as members. An order without a
    buyer is taken for a buyer of its own. Orders of staff are left out.

    Args:
        ds: The dataset; it needs orders.

    Returns:
        Estimates (unit "share") under "buyers", "orders" and "revenue" (net of refunds), or
        refusals where every order is a member's by construction: a brand that exports its
        members' orders only cannot know its non-members. Refusals with the reason, too, where
        the orders cannot be read.

    Raises:
        MissingTableError: There are no orders.
    """
    keys = ("buyers", "orders", "revenue")
    try:
        count = _buyers(ds)
    except DataError as error:
        return {key: Estimate.refused(str(error), unit="share") for key in keys}
    return {key: _bounded(key, count) for key in keys}


def _buyers(ds: Dataset) -> dict[str, dict[str, int]]:
    """Buyers, orders and net revenue (minor units) of each buyer status."""
    orders = ds.table("orders").anti_join(ds.staff_ids(), "member_id")
    # Two yes-or-no keys are hashed in a third of the time of the words they stand for.
    keys = {kind: (orders.buyer_status == kind).fill_null(False) for kind in _SURE}
    sums = orders.group_by(**keys).agg(
        named=orders.member_id.nunique(),
        unnamed=orders.member_id.isnull().sum(),
        orders=orders.count(),
        revenue=(orders.amount - orders.refund_amount).sum(),
    )
    return {
        next((kind for kind in _SURE if row[kind]), "unknown"): {
            "buyers": int(row["named"]) + int(row["unnamed"]),
            "orders": int(row["orders"]),
            "revenue": int(row["revenue"] or 0),
        }
        for row in ds.frame(sums, order_by=list(_SURE)).to_dict("records")
    }


def _bounded(key: str, count: Mapping[str, Mapping[str, int]]) -> Estimate:
    parts = {kind: count.get(kind, {}).get(key, 0) for kind in (*_SURE, "unknown")}
    total, n = sum(parts.values()), sum(part["orders"] for part in count.values())
    if key == "buyers":
        n = total
    if not n:
        return Estimate.refused("no orders", unit="share", n=0)
    if "non_member" not in count and "unknown" not in count:
        return Estimate.refused("health.reason.all_members", unit="share", n=n)
    if total <= 0 or min(parts.values()) < 0:
        return Estimate.refused("net revenue is not positive", unit="share", n=n)
    unknown = parts["unknown"]
    return Estimate(
        value=parts["member"] / total,
        low=parts["member"] / total,
        high=(parts["member"] + unknown) / total,
        n=n,
        unit="share",
        method="bounds for unknown buyers",
        reason="" if "non_member" in count else "no buyer is known to be a non-member",
    )


def staff_share(ds: Dataset) -> Estimate:
    """Return the share of messages that known staff, bots and atmosphere accounts wrote.

    Args:
        ds: The dataset; it needs messages.

    Returns:
        Estimate in unit "share"; a full count, without interval; n is the number of messages.
        Refused with the reason where the messages cannot be read.

    Raises:
        MissingTableError: There are no messages.
    """
    try:
        messages = ds.table("messages")
        staff = ds.staff_ids().distinct().mutate(known=ibis.literal(1))
        marked = messages.left_join(staff, "member_id")
        counts = ds.frame(marked.agg(total=marked.count(), by_staff=marked.known.count()))
        total, by_staff = (int(item) for item in counts.iloc[0])
    except DataError as error:
        return Estimate.refused(str(error), unit="share")
    if not total:
        return Estimate.refused("no messages", unit="share", n=0)
    return Estimate(value=by_staff / total, n=total, unit="share", method="count")


def suspected_staff(ds: Dataset) -> pd.DataFrame:
    """Return accounts that count as members and look like staff, for `staff` in the settings.

    Args:
        ds: The dataset.

    Returns:
        Frame with member_id (real ids: for `private/` only), messages, share (of messages not by
        known staff), groups (written in), night_share (00:00–06:00) and reasons ("; " between
        works, everywhere, round_the_clock and loud); most messages first.
    """
    return suspects(ds.kept(Tolerant))
