"""One campaign as the tables state it: when it ran, who was assigned, and what is odd about it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, DesignError, nearest

if TYPE_CHECKING:
    from commlab.dataset import Dataset

ASSIGNED = ("randomised", "clustered")


@dataclasses.dataclass(frozen=True)
class Campaign:
    """What is known of one campaign. Times are local.

    Attributes:
        campaign_id: Its id.
        name: Its name, or its id.
        kind: What it is; "" where not said.
        design: "randomised", "clustered" or "observational".
        control_arm: Arm that got nothing.
        starts_at: First moment.
        ends_at: Last moment.
        before: What is earlier cannot have been touched: the start, or the first assignment where
            that is earlier.
        end_seen: Last moment that is read: `ends_at`, or the end of `as_of` while it runs.
    """

    campaign_id: str
    name: str
    kind: str
    design: str
    control_arm: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    before: dt.datetime
    end_seen: dt.datetime

    @property
    def days(self) -> int:
        """Length in days, begun days counting whole."""
        return max(1, math.ceil((self.ends_at - self.starts_at) / dt.timedelta(days=1) - 1e-6))

    @property
    def open(self) -> bool:
        """Whether it still runs at `as_of`."""
        return self.end_seen < self.ends_at

    @property
    def fraction(self) -> float:
        """Share of its time that is over."""
        whole = (self.ends_at - self.starts_at).total_seconds()
        return min(1.0, (self.end_seen - self.starts_at).total_seconds() / whole) if whole else 1.0


def campaigns(ds: Dataset) -> pd.DataFrame:
    """Return the campaigns that began by `as_of`, the first first.

    Returns:
        Frame: campaign_id, name, kind, starts_at, ends_at, design, control_arm, goal, target,
        assigned (people listed in `assignments`).

    Raises:
        MissingTableError: There is no table of campaigns.
    """
    table = ds.table("campaigns")
    frame = ds.frame(table, ["starts_at", "campaign_id"])
    frame["assigned"] = 0
    if ds.has("assignments"):
        listed = ds.table("assignments")
        counts = ds.frame(listed.group_by("campaign_id").agg(n=listed.count()), ["campaign_id"])
        known = counts.set_index("campaign_id")["n"]
        frame["assigned"] = frame["campaign_id"].map(known).fillna(0).astype(int)
    return frame


def campaign(ds: Dataset, campaign_id: str, window_days: int | None = None) -> Campaign:
    """Return one campaign.

    Args:
        ds: The dataset.
        campaign_id: Its id.
        window_days: Days from its start in which outcomes count; default its own dates.

    Raises:
        ArgumentError: There is no such campaign, or it has not begun.
        DesignError: Its dates contradict each other, nobody was assigned, or people were assigned
            after it was over.
        MissingTableError: There is no table of campaigns or assignments.
    """
    frame = campaigns(ds)
    found = frame[frame["campaign_id"] == campaign_id]
    if found.empty:
        raise ArgumentError(
            f"campaign_id == {campaign_id!r}, no campaign of this id began by "
            f"{ds.as_of.isoformat()}.",
            fix=nearest(campaign_id, frame["campaign_id"].astype(str)),
        )
    row = found.iloc[0]
    starts, ends = row["starts_at"].to_pydatetime(), row["ends_at"].to_pydatetime()
    if window_days is not None:
        guards.whole("window_days", window_days, low=1)
        ends = starts + dt.timedelta(days=window_days, microseconds=-1)
    if not starts < ends:
        raise DesignError(
            f"campaign {campaign_id!r} ends before it begins.",
            where="campaigns",
            fix="Correct starts_at or ends_at.",
            said="campaign.why.dates",
        )
    listed = ds.table("assignments")
    listed = listed.filter(listed.campaign_id == campaign_id)
    times = ds.frame(listed.agg(n=listed.count(), first=listed.assigned_at.min())).iloc[0]
    if not int(times["n"]):
        raise DesignError(
            f"nobody is listed in assignments for campaign {campaign_id!r}.",
            fix="Assign the next list with `commlab assign LIST --campaign ID --holdout 0.2`.",
            said="campaign.why.nobody_listed",
        )
    before = starts
    if row["design"] in ASSIGNED:
        _not_after_the_outcome(ds, listed, campaign_id, ends)
        before = min(starts, pd.Timestamp(times["first"]).to_pydatetime())
    moment = dt.timedelta(microseconds=1)
    return Campaign(
        campaign_id=campaign_id,
        name=_text(row["name"]) or campaign_id,
        kind=_text(row["kind"]),
        design=row["design"],
        control_arm=row["control_arm"],
        starts_at=starts,
        ends_at=ends,
        before=before,
        end_seen=min(ends, ds.end - moment),
    )


def overlapping(ds: Dataset, item: Campaign) -> pd.DataFrame:
    """Return other campaigns that treated the same people in the same days, by arm of ours.

    Returns:
        Frame: campaign_id, arm (of this campaign), n (people of the arm who were in another's
        arm that got something), share (of the arm). Empty where nothing overlaps.
    """
    every = ds.table("campaigns")
    others = every.filter(
        every.campaign_id != item.campaign_id,
        every.starts_at <= item.end_seen,
        every.ends_at >= item.before,
    ).select("campaign_id", "control_arm")
    listed = ds.table("assignments")
    theirs = listed.inner_join(others, "campaign_id")
    theirs = theirs.filter(theirs.arm != theirs.control_arm).select("campaign_id", "member_id")
    ours = listed.filter(listed.campaign_id == item.campaign_id).select("member_id", "arm")
    both = theirs.inner_join(ours, "member_id")
    counts = ds.frame(both.group_by("campaign_id", "arm").agg(n=both.count()),
                      ["campaign_id", "arm"])  # fmt: skip
    sizes = ds.frame(ours.group_by("arm").agg(size=ours.count()), ["arm"])
    if counts.empty:
        return counts.assign(share=pd.Series(dtype=float))
    grid = pd.MultiIndex.from_product([counts["campaign_id"].unique(), sizes["arm"]],
                                      names=["campaign_id", "arm"])  # fmt: skip
    frame = counts.set_index(["campaign_id", "arm"]).reindex(grid, fill_value=0).reset_index()
    frame["share"] = frame["n"] / frame["arm"].map(sizes.set_index("arm")["size"])
    return frame


def _not_after_the_outcome(
    ds: Dataset, listed: ir.Table, campaign_id: str, ends: dt.datetime
) -> None:
    late = int(ds.frame(listed.agg(n=(listed.assigned_at > ends).sum()))["n"].iloc[0] or 0)
    if late:
        raise DesignError(
            f"{late:,} people of campaign {campaign_id!r} were assigned after it was over: who was "
            "chosen may depend on what they did.",
            where="assignments",
            fix="Correct assigned_at, or call the campaign's design observational.",
            said="campaign.why.assigned_late",
        )


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
