"""What winning a member and a buyer cost by channel, from the cost lines that name one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.metrics.rates import minimum
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)
YEAR = 365  # days of costs looked back on: every season once


def cost_lines(ds: Dataset) -> tuple[pd.DataFrame, dt.date]:
    """Return the cost lines of the last year, and the first day that they cover.

    A line that reaches over an end of the year counts with its days inside.

    Args:
        ds: The dataset, with costs.

    Returns:
        Frame: category, channel, campaign_id, spent (currency units); and the first day, not
        before the first line.
    """
    costs = ds.table("costs")
    columns = ("starts_on", "ends_on", "category", "amount", "channel", "campaign_id")
    lines = ds.frame(costs.select(*columns), ["starts_on", "category", "channel", "amount"])
    starts = pd.to_datetime(lines["starts_on"])
    ends = pd.to_datetime(lines["ends_on"]).fillna(starts)
    stop = pd.Timestamp(ds.as_of)
    begin = max(stop - pd.Timedelta(days=YEAR - 1), starts.min() if len(starts) else stop)
    length = (ends - starts).dt.days + 1
    inside = (ends.where(ends < stop, stop) - starts.where(starts > begin, begin)).dt.days + 1
    share = inside.clip(lower=0) / length.clip(lower=1)
    spent = ds.money(lines["amount"].astype(float)) * share
    kept = lines[["category", "channel", "campaign_id"]].assign(spent=spent)
    return kept, begin.date()


def acquisition_costs(ds: Dataset, min_people: int | None = None) -> pd.DataFrame:
    """Return what each channel cost for each who joined by it and each who bought first.

    Counted over the last year (or since costs begin): what the channel's cost lines say, its
    members who joined in that time, and those of its members who made their first purchase in it.
    Full counts, so there is no interval; what a channel brings later is not in them.

    Args:
        ds: The dataset, with costs and members.
        min_people: Joiners or buyers below which a cost is not given; default from the settings.

    Returns:
        Frame, dearest in all first: channel, spent, joined, buyers, per_member, per_buyer
        (currency units; missing below the minimum), status ("ok"; "too_few": fewer joined).

    Raises:
        MissingTableError: There are no costs or no members.
        NotEnoughDataError: No cost line names a channel, or no member has one.
    """
    smallest = minimum(ds, min_people)
    lines, begin = cost_lines(ds)
    spent = lines[lines["channel"].notna()].groupby("channel")["spent"].sum()
    ds.raw("members")
    people = by_channel(ds, set(spent.index))
    first = (begin - _EPOCH).days
    day = people.joined_at.cast("date").epoch_days().cast("int64")
    joined = people.filter(day >= first).group_by("channel").agg(joined=lambda t: t.count())
    days = occasions(ds)
    opened = days.group_by("member_id").agg(day=days.day.min())
    opened = opened.filter(opened.day >= first).inner_join(people, "member_id")
    bought = opened.group_by("channel").agg(buyers=opened.count())
    table = spent.to_frame()
    for part in (joined, bought):
        counts = ds.frame(part.filter(part.channel.notnull())).set_index("channel")
        table = table.join(counts)
    table = table.fillna(0)
    if table.empty or not table["joined"].sum():
        raise NotEnoughDataError(
            "no cost line names a channel by which somebody joined.",
            fix="Fill channel in costs, with the names that members carry.",
        )
    table = table.astype({"joined": int, "buyers": int}).reset_index()
    for name, count in (("per_member", "joined"), ("per_buyer", "buyers")):
        enough = table[count] >= smallest
        table[name] = np.where(enough, table["spent"] / table[count].clip(lower=1), np.nan)
    table["status"] = np.where(table["joined"] >= smallest, "ok", "too_few")
    table = table.sort_values(["spent", "channel"], ascending=[False, True], ignore_index=True)
    return table[["channel", "spent", "joined", "buyers", "per_member", "per_buyer", "status"]]


def by_channel(ds: Dataset, priced: set[str]) -> ir.Table:
    """Return `member_id`, `joined_at`, `channel`: the code, or the channel that it belongs to.

    Members carry channel codes; costs are as a rule written for what codes belong to.
    """
    people = ds.people().select("member_id", "channel", "joined_at")
    if not ds.has("channels") or "parent" not in ds.columns("channels"):
        return people
    codes = ds.table("channels").select(code="channel", parent="parent")
    rows = people.left_join(codes, people.channel == codes.code)
    own = rows.channel.isin(sorted(priced))
    channel = ibis.ifelse(own, rows.channel, ibis.coalesce(rows.parent, rows.channel))
    return rows.select("member_id", "joined_at", channel=channel)
