"""Posts of some members, who was there to see them, and what those bought and when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics import replies
from commlab.metrics.replies import window_start

if TYPE_CHECKING:
    from commlab.dataset import Dataset

INFLUENCE_DAYS = 365  # of posts: a member who posts once a week has some fifty in a year


@dataclasses.dataclass(frozen=True)
class InfluenceRows:
    """What an event study of posts needs; times are days since the first midnight of the window.

    Attributes:
        posts: member_id, group_id, at.
        stays: group_id, member_id, begins, ends (`length` while it goes on).
        orders: member_id, at: paid orders of those who stay in one of the groups.
        hours: Share of all orders by hour of the day, 24 numbers that sum to 1.
        length: Days of the window.
    """

    posts: pd.DataFrame
    stays: pd.DataFrame
    orders: pd.DataFrame
    hours: npt.NDArray[np.float64]
    length: float


def influence_rows(
    ds: Dataset, members: Sequence[str], days: int = INFLUENCE_DAYS
) -> InfluenceRows:
    """Return the posts of some members, and stays and orders of their groups.

    A post is an original message in a group: it answers nobody and is no advertisement. Present is
    who stays in the group at the time and is no staff.

    Args:
        ds: The dataset, with messages, memberships and orders.
        members: Ids of the members.
        days: Days up to `as_of`.

    Raises:
        MissingTableError: One of the tables is missing.
        NotEnoughDataError: None of the members posted.
    """
    guards.whole("days", days, low=14)
    missing = [name for name in ("messages", "memberships", "orders") if not ds.has(name)]
    if missing:
        raise MissingTableError(
            f"what follows a post cannot be seen without {' and '.join(missing)}.",
            where=ds.name,
            fix="Add who is in which group, and orders.",
        )
    start = window_start(ds, days)
    chosen = ibis.memtable({"member_id": list(map(str, members))}, schema={"member_id": "string"})
    said = replies.addressed(ds, days)
    said = said.filter(said.signal.isnull(), said.is_ad.fill_null("none") == "none")
    said = said.filter(said.group_id.notnull()).semi_join(chosen, "member_id")
    posts = ds.frame(
        said.select("member_id", "group_id", at="sent_at"), ["member_id", "at", "group_id"]
    )
    if posts.empty:
        raise NotEnoughDataError("none of the candidates posted in a group.")
    where = ibis.memtable(
        {"group_id": sorted(posts["group_id"].unique())}, schema={"group_id": "string"}
    )
    stays = ds.table("memberships").semi_join(where, "group_id")
    stays = stays.anti_join(ds.staff_ids(), "member_id")
    stays = stays.select("group_id", "member_id", begins="joined_at", ends="left_at")
    orders = ds.table("orders")
    orders = orders.filter(orders.paid_at >= start, orders.member_id.notnull())
    hour = orders.paid_at.hour()
    hours = ds.frame(orders.group_by(hour=hour).agg(n=orders.count()), ["hour"])
    bought = orders.semi_join(stays, "member_id").select("member_id", at="paid_at")
    held = ds.frame(stays, ["group_id", "member_id", "begins"])
    found = ds.frame(bought, ["member_id", "at"])
    count = np.zeros(24)
    count[hours["hour"].to_numpy(dtype=int)] = hours["n"]
    length = float(days)
    return InfluenceRows(
        posts=posts.assign(at=_days(posts["at"], start)),
        stays=held.assign(
            begins=_days(held["begins"], start),
            ends=_days(held["ends"], start).fillna(length).clip(upper=length),
        ),
        orders=found.assign(at=_days(found["at"], start)),
        # One order an hour more: where there are few, hours without any are no rule.
        hours=(count + 1) / (count + 1).sum(),
        length=length,
    )


def _days(times: pd.Series, start: dt.datetime) -> pd.Series:
    return (times - pd.Timestamp(start)) / pd.Timedelta(days=1)
