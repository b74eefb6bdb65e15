"""Every week in the life of every chat group: who was there, who wrote, who came and went.

What is written is counted in the engine, one row a group and week; the weeks without a row are
filled in here, so that silence is seen as silence.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics import accounts, groupstays, periods
from commlab.metrics.groupdays import weeks_from_days
from commlab.metrics.grouplives import week_grid

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = np.datetime64("1970-01-01", "D")
_WRITTEN = (
    "active", "unlisted", "messages", "staff_messages", "bot_messages", "atmosphere", "told_ads",
    "ads", "staff_told_ads", "staff_hard_ads",
)  # fmt: skip
_FLOWS = ("joined", "left", "moved")
COLUMNS = (
    "group_id", "week", "status", "age", "members", "active", "active_share", "messages",
    "per_active", "staff_messages", "bot_messages", "staff_share", "atmosphere", "ad_share",
    "staff_hard_share", "joined", "left", "moved", "net_revenue", "silent_days", "closed",
)  # fmt: skip


def group_weeks(ds: Dataset) -> pd.DataFrame:
    """Return one row for every group and local week of its life, silent weeks included.

    Whoever is not staff counts as a member, whether or not the table of members names them.

    Args:
        ds: The dataset.

    Returns:
        Frame by group and week:

        - group_id; week (its first day); age (weeks since the week of the opening);
        - status: "ok"; "open" (not over at `as_of`), "before_data" and "after_data" (the messages
          do not cover it whole), "gap" (nobody wrote in any group: the export, not the group,
          was silent). Counts of weeks that are not "ok" are missing;
        - members: persons there at any time of the week, those included who wrote without a known
          stay; missing without memberships (and `group_days`);
        - active: persons who wrote (not revoked); active_share of members; messages of members;
          per_active; where there are no messages, `active` is the mean a day of `group_days`,
          which counts staff too;
        - staff_messages and bot_messages (missing where no account is known as one of the brand);
          staff_share of the former in what people wrote (a bot
          welcomes newcomers: that is not self-talk); atmosphere (accounts of the atmosphere team
          that wrote; missing where no account has that role);
        - ad_share of the messages of which `is_ad` is known, staff_hard_share the share of hard
          advertising in those of staff;
        - joined, left, moved (stays that ended by migration or closing);
        - net_revenue of orders paid in the week by those present, refunds taken off, in currency
          units; a person in two groups counts in both;
        - silent_days: days since the last message of a member (since the opening if there was
          none) at the end of the week, days without any message anywhere left out;
        - closed: whether the group had been closed by the end of the week, and no member had
          written in a week after that (which opens it again).

    Raises:
        MissingTableError: There are neither messages nor `group_days`.
        NotEnoughDataError: No message is in a group.
    """
    if not ds.has("messages"):
        if not ds.has("group_days"):
            raise MissingTableError(
                "group weeks need the table messages or group_days.",
                where=ds.name,
                fix=f"It has: {', '.join(ds.tables)}.",
            )
        return _finished(ds, weeks_from_days(ds), np.array([], dtype=np.int64))
    said = ds.frame(_written(ds), ["group_id", "number"])
    if said.empty:
        raise NotEnoughDataError(
            "no message is in a group.", fix="messages.group_id names the group of each message."
        )
    frame = week_grid(ds, said)
    frame = frame.merge(said, on=["group_id", "number"], how="left", validate="one_to_one")
    frame[list(_WRITTEN)] = frame[list(_WRITTEN)].fillna(0).astype("int64")
    again = (frame["messages"] > 0) & frame.pop("after_closing")
    frame["closed"] &= ~again.groupby(frame["group_id"]).cummax()
    staff, atmosphere = accounts.known(ds)
    if not atmosphere:
        frame["atmosphere"] = np.nan
    if not staff:
        frame[["staff_messages", "bot_messages"]] = np.nan
    frame = _present(ds, frame)
    return _finished(ds, frame, _spoken_days(ds))


def _written(ds: Dataset) -> ir.Table:
    """Return what was written by group and week."""
    rows = ds.table("messages")
    rows = rows.filter(~rows.revoked, rows.group_id.notnull(), rows.member_id.notnull())
    rows = rows.mutate(week=periods.number(rows.sent_at, "week", ds.settings.week_start))
    # Once by person and week: roles and stays are then looked up for far fewer rows.
    rows = rows.group_by("group_id", "week", "member_id").agg(
        n=rows.count(),
        told=rows.is_ad.count(),
        ads=rows.count(where=rows.is_ad.isin(("soft", "hard"))),
        hard=rows.count(where=rows.is_ad == "hard"),
        last=rows.sent_at.max(),
    )
    who = accounts.roles(ds)
    rows = rows.left_join(who, rows.member_id == who.account_id).drop("account_id")
    if ds.has("memberships"):
        spells = groupstays.present_weeks(ds).mutate(there=ibis.literal(1, "int64"))
        rows = rows.left_join(
            spells,
            [
                rows.group_id == spells.group_id,
                rows.member_id == spells.member_id,
                rows.week >= spells.first_week,
                rows.week <= spells.last_week,
            ],
        )
    else:
        rows = rows.mutate(there=ibis.literal(1, "int64"))
    member = rows.role.isnull()
    staff = (rows.role != "bot").fill_null(False)
    found = rows.group_by("group_id", "week").agg(
        active=rows.count(where=member),
        unlisted=rows.count(where=member & rows.there.isnull()),
        messages=rows.n.sum(where=member).fill_null(0),
        staff_messages=rows.n.sum(where=staff).fill_null(0),
        bot_messages=rows.n.sum(where=rows.role == "bot").fill_null(0),
        atmosphere=rows.count(where=rows.role == "atmosphere"),
        told_ads=rows.told.sum(),
        ads=rows.ads.sum(),
        staff_told_ads=rows.told.sum(where=staff).fill_null(0),
        staff_hard_ads=rows.hard.sum(where=staff).fill_null(0),
        last=rows["last"].max(where=member),
    )
    return found.rename(number="week")


def _spoken_days(ds: Dataset) -> np.ndarray:
    """Return the days on which anybody wrote in any group, as days since 1970."""
    rows = ds.table("messages")
    rows = rows.filter(rows.group_id.notnull())
    day = rows.sent_at.cast("date").epoch_days().cast("int64")
    return ds.frame(rows.select(day=day).distinct(), ["day"])["day"].to_numpy(dtype=np.int64)


def _present(ds: Dataset, frame: pd.DataFrame) -> pd.DataFrame:
    """Add members, flows and revenue by week."""
    frame["members"], frame["net_revenue"] = np.nan, np.nan
    frame[list(_FLOWS)] = np.nan
    if not ds.has("memberships"):
        if ds.has("group_days"):
            told = weeks_from_days(ds)[["group_id", "number", "members", *_FLOWS]]
            both = frame[["group_id", "number"]].merge(told, how="left", on=["group_id", "number"])
            for name in ("members", *_FLOWS):
                frame[name] = both[name].to_numpy()
        return frame
    rows = ds.frame(groupstays.flows(ds), ["group_id", "week"]).rename(columns={"week": "number"})
    merged = frame.merge(rows, how="left", on=["group_id", "number"],
                         suffixes=("_", ""), validate="one_to_one")  # fmt: skip
    change = (merged["came"].fillna(0) - merged["gone"].fillna(0)).astype("int64")
    there = change.groupby(frame["group_id"].to_numpy()).cumsum()
    frame["members"] = there.to_numpy() + frame["unlisted"].to_numpy()
    for name in _FLOWS:
        frame[name] = merged[name].fillna(0).astype("int64").to_numpy()
    if ds.has("orders"):
        money = ds.frame(_revenue(ds), ["group_id", "week"]).rename(columns={"week": "number"})
        both = frame[["group_id", "number"]].merge(money, how="left", on=["group_id", "number"])
        frame["net_revenue"] = ds.money(both["net"].fillna(0).astype(float)).to_numpy()
    return frame


def _revenue(ds: Dataset) -> ir.Table:
    """Return what members present in a group paid in each week, less refunds, in minor units."""
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull(), orders.paid_at.notnull())
    orders = orders.select(
        "member_id",
        week=periods.number(orders.paid_at, "week", ds.settings.week_start),
        net=orders.amount - orders.refund_amount,
    )
    orders = orders.group_by("member_id", "week").agg(net=orders.net.sum())
    spells = groupstays.present_weeks(ds)
    there = orders.inner_join(
        spells,
        [
            orders.member_id == spells.member_id,
            orders.week >= spells.first_week,
            orders.week <= spells.last_week,
        ],
    )
    return there.group_by("group_id", "week").agg(net=there.net.sum())


def _finished(ds: Dataset, frame: pd.DataFrame, spoken: np.ndarray) -> pd.DataFrame:
    """Add shares and silence, and mask what is not over."""
    known = frame["status"] == "ok"
    start = periods.starts(frame["number"], "week", ds.settings.week_start)
    frame = frame.assign(week=start)
    written = frame["messages"] + frame["staff_messages"]
    with np.errstate(invalid="ignore", divide="ignore"):
        frame["active_share"] = _ratio(frame["active"], frame["members"])
        frame["per_active"] = _ratio(frame["messages"], frame["active"])
        frame["staff_share"] = _ratio(frame["staff_messages"], written)
        frame["ad_share"] = _ratio(frame["ads"], frame["told_ads"])
        frame["staff_hard_share"] = _ratio(frame["staff_hard_ads"], frame["staff_told_ads"])
    frame["silent_days"] = _silence(ds, frame, spoken)
    figures = [name for name in COLUMNS[4:] if name != "closed"]
    for name in figures:
        frame[name] = frame[name].astype(float).where(known)
    return frame[list(COLUMNS)].sort_values(["group_id", "week"], ignore_index=True)


def _ratio(part: pd.Series, whole: pd.Series) -> np.ndarray:
    top, base = part.to_numpy(dtype=float), whole.to_numpy(dtype=float)
    return np.where(base > 0, top / np.where(base > 0, base, 1), np.nan)


def _silence(ds: Dataset, frame: pd.DataFrame, spoken: np.ndarray) -> np.ndarray:
    """Return days with messages anywhere since the last one of a member, at the week's end."""
    if not len(spoken):
        return np.full(len(frame), np.nan)
    last = frame["last"].to_numpy(dtype="datetime64[D]").astype("datetime64[D]")
    said = pd.Series(np.where(np.isnat(last), np.nan, (last - _EPOCH).astype(float)))
    heard = said.groupby(frame["group_id"].to_numpy()).ffill().to_numpy()
    opened = (frame["opened"].to_numpy(dtype="datetime64[D]") - _EPOCH).astype(float)
    since = np.where(np.isnan(heard), opened - 1, heard)  # the day of the opening may be silent
    end = (frame["week"].to_numpy(dtype="datetime64[D]") - _EPOCH).astype(np.int64) + 6
    end = np.minimum(end, (ds.as_of - dt.date(1970, 1, 1)).days)
    upto = np.searchsorted(spoken, end, side="right")
    return (upto - np.searchsorted(spoken, since, side="right")).clip(0).astype(float)
