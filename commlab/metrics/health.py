"""Data health: what is there, how fresh, what it can answer, and whose it is.

Everything here works on broken data too: cells that cannot be read count as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from commlab.config import EARLIEST
from commlab.errors import ArgumentError, DataError
from commlab.estimate import Estimate
from commlab.metrics import periods
from commlab.quality.rules_people import suspects
from commlab.quality.tolerant import FEW, Tolerant, day_of
from commlab.tables import TABLES

if TYPE_CHECKING:
    from commlab.dataset import Dataset

STATUSES = ("can", "partly", "cannot")


def coverage(ds: Dataset) -> pd.DataFrame:
    """Return the rows of each dated table in each month up to `as_of`.

    Args:
        ds: The dataset.

    Returns:
        Frame with table, month (first day) and rows, by table as declared and month. The grid is
        complete: every table has every month from the first row of any table to `as_of`; months
        without rows hold 0. Tables without a time (channels, identities, …) are not in it.
    """
    counted = _by_month(ds)
    if counted.empty:
        return _typed(pd.DataFrame({"table": [], "month": [], "rows": []}))
    rows = counted.set_index(["table", "month"])["rows"]
    last = periods.number_of(ds.as_of, "month")
    months = range(int(counted["month"].min()), last + 1)
    names = [name for name in ds.tables if name in set(counted["table"])]
    grid = pd.MultiIndex.from_product([names, months], names=["table", "month"])
    frame = rows.reindex(grid, fill_value=0).reset_index()
    frame["month"] = periods.starts(frame["month"], "month")
    return _typed(frame)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"table": "str", "month": "datetime64[us]", "rows": "int64"})


def _by_month(ds: Dataset) -> pd.DataFrame:
    """Return rows, first and last day (numbers) of each dated table and month up to `as_of`.

    One query for all tables. Rows before 2010 are left out where they are few: placeholders.
    """
    tolerant = Tolerant(ds)
    parts = []
    for name in ds.tables:
        if tolerant.dated(name):
            when = tolerant.when(name)
            when = when.mutate(
                table=ibis.literal(name), month=periods.number(when["when"], "month")
            )
            parts.append(
                when.group_by("table", "month").agg(
                    rows=when.count(),
                    first=periods.number(when["when"].min(), "day"),
                    last=periods.number(when["when"].max(), "day"),
                )
            )
    if not parts:
        return pd.DataFrame({"table": [], "month": [], "rows": [], "first": [], "last": []})
    union = ibis.union(*parts) if len(parts) > 1 else parts[0]
    frame = ds.frame(union, ["table", "month"])
    early = frame["month"] < periods.number_of(EARLIEST, "month")
    share = frame["rows"].where(early, 0).groupby(frame["table"]).transform("sum")
    few = share <= FEW * frame.groupby("table")["rows"].transform("sum")
    return frame[~(early & few)].reset_index(drop=True)


def freshness(ds: Dataset) -> pd.DataFrame:
    """Return when each table begins and ends.

    Args:
        ds: The dataset.

    Returns:
        One row a table, as declared: table, rows (all of the source), first and last (local days
        of the first and last row up to `as_of`; NaT where rows are not dated), and
        days_before_as_of (0: there is a row on `as_of`; missing where rows are not dated).
    """
    begins, ends = _ends(ds)
    parts = [ds.raw(name).agg(rows=ibis._.count()) for name in ds.tables]
    named = [
        part.mutate(table=ibis.literal(name)) for name, part in zip(ds.tables, parts, strict=True)
    ]
    rows = ds.frame(ibis.union(*named) if len(named) > 1 else named[0]).set_index("table")["rows"]
    records = []
    for name in ds.tables:
        dated = name in begins
        last = day_of(ends[name]) if dated else None
        records.append(
            {
                "table": name,
                "rows": int(rows[name]),
                "first": pd.Timestamp(day_of(begins[name])) if dated else None,
                "last": pd.Timestamp(last) if last else None,
                "days_before_as_of": (ds.as_of - last).days if last else None,
            }
        )
    return pd.DataFrame(records).astype(
        {
            "table": "str",
            "first": "datetime64[us]",
            "last": "datetime64[us]",
            "days_before_as_of": "Int64",
        }
    )


def _ends(ds: Dataset) -> tuple[dict[str, int], dict[str, int]]:
    """Return the first and last day (numbers) of each dated table that has rows up to `as_of`."""
    tolerant = Tolerant(ds)
    parts = []
    for name in ds.tables:
        if tolerant.dated(name):
            ends = tolerant.ends(name)
            parts.append(
                ends.select(
                    table=ibis.literal(name),
                    first=periods.number(ends["first"], "day"),
                    last=periods.number(ends["last"], "day"),
                )
            )
    if not parts:
        return {}, {}
    frame = ds.frame(ibis.union(*parts) if len(parts) > 1 else parts[0]).dropna()
    if (frame["first"] < periods.number_of(EARLIEST, "day")).any():
        # A placeholder perhaps: only the months tell how many there are.
        frame = _by_month(ds)
    tables = frame.groupby("table")
    return tables["first"].min().to_dict(), tables["last"].max().to_dict()


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
    status = orders.buyer_status.fill_null("unknown")
    grouped = (
        orders.mutate(status_=ibis.ifelse(status.isin(["member", "non_member"]), status, "unknown"))
        .group_by(status="status_")
        .agg(
            named=ibis._.member_id.nunique(),
            unnamed=ibis._.member_id.isnull().sum(),
            orders=ibis._.count(),
            revenue=(ibis._.amount - ibis._.refund_amount).sum(),
        )
    )
    return {
        row["status"]: {
            "buyers": int(row["named"]) + int(row["unnamed"]),
            "orders": int(row["orders"]),
            "revenue": int(row["revenue"] or 0),
        }
        for row in ds.frame(grouped, order_by=["status"]).to_dict("records")
    }


def _bounded(key: str, count: Mapping[str, Mapping[str, int]]) -> Estimate:
    parts = {kind: count.get(kind, {}).get(key, 0) for kind in ("member", "non_member", "unknown")}
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
    return suspects(Tolerant(ds))
