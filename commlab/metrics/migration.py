"""Whom to invite out of a group that is to close, and into which group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab.errors import ArgumentError
from commlab.metrics import groupstays
from commlab.metrics.groupmeans import HIGH_VALUE

if TYPE_CHECKING:
    from commlab.dataset import Dataset

CAPACITY = 500  # members of a customer group in WeCom
COLUMNS = (
    "member_id", "adviser_id", "from_group_id", "to_group_id", "points", "notice_on", "closing_on",
)  # fmt: skip
_LIKE = ("product", "region", "positioning")  # the more of them a group shares, the better it fits


def migration_list(
    ds: Dataset,
    place: pd.DataFrame,
    stages: pd.DataFrame,
    points: pd.DataFrame,
    *,
    high_value: float = HIGH_VALUE,
    capacity: int = CAPACITY,
) -> pd.DataFrame:
    """Return the members to invite, one to one, out of groups that are to close.

    The receiving group is open, golden, neither on watch nor closing, has room, and is not one the
    member is in: the one that shares most of product, region and positioning, then the liveliest
    (mean drawn towards the whole).

    Args:
        ds: The dataset, with memberships.
        place: `models.group_places`: group_id, place, notice_on, closing_on; members of groups that
            are "closing" or "dead" are invited.
        stages: `models.group_stages`: group_id, value, rank_stage, status.
        points: member_id, points.
        high_value: Members with more points than this are invited.
        capacity: Most members of a group.

    Returns:
        Frame with real ids, for `private/` only, highest points first: member_id, adviser_id
        (missing where not known), from_group_id, to_group_id (missing where no group fits),
        points, notice_on, closing_on.

    Raises:
        ArgumentError: A frame lacks a column.
    """
    for name, frame, need in (
        ("place", place, ("group_id", "place", "notice_on", "closing_on")),
        ("stages", stages, ("group_id", "value", "rank_stage", "status")),
        ("points", points, ("member_id", "points")),
    ):
        lacking = [column for column in need if column not in frame]
        if lacking:
            raise ArgumentError(f"{name} lacks the column {lacking[0]!r}.")
    closing = place[place["place"].isin(["closing", "dead"])].set_index("group_id")
    worth = points.loc[points["points"] > high_value, ["member_id", "points"]]
    if closing.empty or worth.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    stays = groupstays.member_stays(ds)
    there = stays.filter(stays.left_at.isnull()).select("group_id", "member_id").distinct()
    who = ibis.memtable(worth[["member_id"]])
    mine = ds.frame(there.semi_join(who, "member_id"), ["group_id", "member_id"])
    sizes = ds.frame(there.group_by("group_id").agg(people=there.count()), ["group_id"])
    room = (capacity - sizes.set_index("group_id")["people"]).to_dict()
    leaving = mine[mine["group_id"].isin(closing.index)]
    leaving = leaving.merge(worth, on="member_id").sort_values(
        ["points", "member_id", "group_id"], ascending=[False, True, True]
    )
    open_ = _receivers(place, stages)
    fits = {name: _order(ds, name, open_) for name in leaving["group_id"].unique()}
    inside = mine.groupby("member_id")["group_id"].agg(set).to_dict()
    rows = []
    for member, source, worth_of in zip(
        leaving["member_id"], leaving["group_id"], leaving["points"], strict=True
    ):
        target = next(
            (name for name in fits[source]
             if room.get(name, capacity) > 0 and name not in inside[member]),
            None,
        )  # fmt: skip
        if target is not None:
            room[target] = room.get(target, capacity) - 1
        notice, end = (closing.loc[source, name].date() for name in ("notice_on", "closing_on"))
        rows.append((member, source, target, worth_of, notice, end))
    names = ["member_id", "from_group_id", "to_group_id", "points", "notice_on", "closing_on"]
    frame = pd.DataFrame(rows, columns=names)
    known = ds.people().select("member_id", "adviser_id")
    known = ds.frame(known.filter(known.member_id.isin(frame["member_id"].unique().tolist())))
    return frame.merge(known, on="member_id", how="left")[list(COLUMNS)]


def _receivers(place: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """Return the groups that may take members, the liveliest first."""
    states = place.set_index("group_id")["place"]
    able = stages[(stages["status"] == "ok") & (stages["rank_stage"] == "golden")]
    able = able[able["group_id"].map(states).isin(["golden", "trial"])]
    return able.sort_values(["value", "group_id"], ascending=[False, True])[["group_id", "value"]]


def _order(ds: Dataset, name: str, able: pd.DataFrame) -> list[str]:
    """Return the receiving groups for one that closes, the best fit first."""
    if not ds.has("groups"):
        return able["group_id"].tolist()
    groups = ds.frame(ds.table("groups").select("group_id", *_LIKE)).set_index("group_id")
    if name not in groups.index:
        return able["group_id"].tolist()
    own = groups.loc[name]
    alike = np.array(
        [
            sum(
                bool(pd.notna(own[kind]) and own[kind] == groups.loc[other, kind]) for kind in _LIKE
            )
            if other in groups.index
            else 0
            for other in able["group_id"]
        ]
    )
    # A stable sort keeps the liveliest first among those that fit as well.
    return able["group_id"].iloc[np.argsort(-alike, kind="stable")].tolist()
