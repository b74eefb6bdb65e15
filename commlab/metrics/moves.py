"""What became of members whose group was closed: who came into another group (B7: 迁移率)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.clustered import cluster_sums, clustered_rates, flag
from commlab.metrics.rates import minimum
from commlab.metrics.stays import persons

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 365
JOIN_DAYS = 30  # invitations run a fortnight, and answers take as long again
_DAY = 86_400


def closed_stays(ds: Dataset, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Return the members of groups that were closed, and whether each came into another group.

    A stay counts when it ended by migration or closing (`leave_kind`), or when the group was closed
    while the member was there. The member has moved when a stay in another group began between 30
    days before its end and 30 days after: invitations go out before the closing.

    Args:
        ds: The dataset, with memberships.
        window_days: Days up to `as_of` in which the stay ended; of the last 30 days only those who
            have moved already count, the others may still come.

    Returns:
        Frame with real ids, the latest first: member_id, from_group_id, ended_on, to_group_id,
        joined_on (both missing where the member came nowhere).

    Raises:
        MissingTableError: There are no memberships.
    """
    guards.whole("window_days", window_days, low=1)
    rows = _moves(ds, window_days)
    frame = ds.frame(rows, ["member_id", "from_group_id", "ended", "joined"])
    frame = frame.drop_duplicates(["member_id", "from_group_id", "ended"])
    late = pd.Timestamp(ds.end - dt.timedelta(days=JOIN_DAYS))
    frame = frame[(frame["ended"] < late) | frame["joined"].notna()]
    frame = frame.sort_values(["ended", "member_id"], ascending=[False, True])
    return pd.DataFrame(
        {
            "member_id": frame["member_id"], "from_group_id": frame["from_group_id"],
            "ended_on": frame["ended"].dt.date, "to_group_id": frame["to_group_id"],
            "joined_on": frame["joined"].dt.date,
        }
    ).reset_index(drop=True)  # fmt: skip


def _moves(ds: Dataset, window_days: int) -> ibis.Table:
    stays = persons(ds, ds.table("memberships"))
    closed = ibis.null("timestamp(6)")
    if ds.has("groups"):
        groups = ds.table("groups").select(which="group_id", closed_at="closed_at")
        stays = stays.left_join(groups, stays.group_id == groups.which)
        closed = stays.closed_at
    by_kind = stays.leave_kind.isin(("migrated", "closed")).fill_null(False)
    there = closed.notnull() & (stays.left_at.isnull() | (stays.left_at >= closed))
    stays = stays.mutate(
        ended=ibis.ifelse(by_kind, stays.left_at, ibis.ifelse(there, closed, None))
    )
    start = ds.end - dt.timedelta(days=window_days)
    gone = stays.filter(stays.ended.notnull(), stays.ended >= start, stays.ended < ds.end)
    gone = gone.select("member_id", from_group_id="group_id", ended="ended")
    other = ds.table("memberships").select(
        who="member_id", to_group_id="group_id", joined="joined_at", other_left="left_at"
    )
    near = (other.joined.epoch_seconds() - gone.ended.epoch_seconds()).abs() <= JOIN_DAYS * _DAY
    stayed = other.other_left.isnull() | (other.other_left > gone.ended)
    return gone.left_join(
        other,
        [gone.member_id == other.who, gone.from_group_id != other.to_group_id, near, stayed],
    ).drop("who", "other_left")


def migration_rate(
    ds: Dataset,
    window_days: int = WINDOW_DAYS,
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> Estimate:
    """Return the share of members of closed groups who came into another group.

    Stays that ended in the last 30 days are left out: their time is not over.

    Args:
        ds: The dataset, with memberships.
        window_days: Days up to `as_of`.
        level: Confidence level; closed groups are clusters.
        min_at_risk: Fewer members are "too_few"; default from the settings.

    Raises:
        NotEnoughDataError: No group was closed in the window.
    """
    rows = _moves(ds, window_days)
    rows = rows.filter(rows.ended < ds.end - dt.timedelta(days=JOIN_DAYS))
    rows = rows.group_by("member_id", "from_group_id", "ended").agg(to=rows.to_group_id.min())
    rows = rows.mutate(moved=flag(rows.to.notnull()), one=ibis.literal(1, "int64"))
    sums = ds.frame(
        cluster_sums(rows.mutate(all=ibis.literal("all")), ["all"], "from_group_id", "moved", "one")
    )
    if sums.empty:
        raise NotEnoughDataError("no group was closed, so nobody had to move.")
    least, n = minimum(ds, min_at_risk), int(sums["x"].iloc[0])
    found = clustered_rates(sums, level=level).iloc[0]
    if n >= least and sums["clusters"].iloc[0] < 2:
        return Estimate.too_few(1, unit="share", minimum=2)  # one closing says nothing of others
    if n < least:
        return Estimate.too_few(n, unit="share", minimum=least)
    return Estimate(
        value=float(found["rate"]), low=float(found["low"]), high=float(found["high"]), n=n,
        unit="share", level=level, method="Wilson, closed groups as clusters",
    )  # fmt: skip


def rewards_due(ds: Dataset, days: int = JOIN_DAYS) -> pd.DataFrame:
    """Return who has moved in the last days: the reward for moving is due once they have joined.

    Args:
        ds: The dataset, with memberships.
        days: Days up to `as_of` in which they joined.

    Returns:
        Frame with the columns of the list `moved` (`commlab.tables.lists`), real ids.
    """
    rows = closed_stays(ds, 2 * JOIN_DAYS + days)
    since = (ds.end - dt.timedelta(days=days)).date()
    rows = rows[rows["joined_on"].notna()]
    rows = rows[rows["joined_on"].map(lambda day: day >= since).astype(bool)]
    known = ds.people().select("member_id", "adviser_id")
    known = ds.frame(known.filter(known.member_id.isin(rows["member_id"].unique().tolist())))
    rows = rows.merge(known, on="member_id", how="left")
    return rows[["member_id", "adviser_id", "from_group_id", "to_group_id", "joined_on"]]
