"""One campaign as the tables state it: when it ran, who was assigned, and what is odd about it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, DataError, NotEnoughDataError, nearest

if TYPE_CHECKING:
    from commlab.dataset import Dataset

OTHERS = "others"  # arm of those who were not listed, where nobody was assigned
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
        DataError: Its dates contradict each other, or people were assigned after it was over.
        MissingTableError: There is no table of campaigns or assignments.
        NotEnoughDataError: Nobody was assigned.
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
        raise DataError(
            f"campaign {campaign_id!r} ends before it begins.",
            where="campaigns",
            fix="Correct starts_at or ends_at.",
        )
    listed = ds.table("assignments")
    listed = listed.filter(listed.campaign_id == campaign_id)
    times = ds.frame(listed.agg(n=listed.count(), first=listed.assigned_at.min())).iloc[0]
    if not int(times["n"]):
        raise NotEnoughDataError(
            f"nobody is listed in assignments for campaign {campaign_id!r}.",
            fix="Assign the next list with `commlab assign LIST --campaign ID --holdout 0.2`.",
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


def assigned(ds: Dataset, item: Campaign) -> ir.Table:
    """Return who was assigned: `member_id`, `arm`, `unit`, `participated` (0 or 1).

    Staff are left out. `unit` is what was chosen as one: the cluster, or the person; where
    people chose for themselves it is their chat group, whose members move together. Where only
    participants are listed, everybody else who was there at the start is the arm "others".

    Raises:
        DataError: A cluster stands in two arms, or a clustered campaign names no cluster.
        NotEnoughDataError: There is one arm, or none of the arms is the control arm.
    """
    listed = ds.table("assignments")
    listed = listed.filter(listed.campaign_id == item.campaign_id)
    listed = listed.anti_join(ds.staff_ids(), "member_id")
    took_part = listed.participated_at.notnull() & (listed.participated_at <= item.end_seen)
    people = listed.select(
        "member_id",
        "arm",
        "cluster_id",
        participated=ibis.ifelse(took_part.fill_null(False), 1.0, 0.0),
    )
    arms = set(ds.frame(people.select("arm").distinct(), ["arm"])["arm"].astype(str))
    if item.design == "observational" and len(arms) == 1 and item.control_arm not in arms:
        rest = ds.people().filter(ds.people().joined_at < item.before)
        rest = rest.anti_join(people, "member_id").select(
            "member_id",
            arm=ibis.literal(OTHERS),
            cluster_id=ibis.null("string"),
            participated=ibis.literal(0.0),
        )
        people, arms = ibis.union(people, rest), arms | {OTHERS}
    _two_arms(item, arms)
    return _units(ds, item, people)


def control_of(item: Campaign, arms: set[str]) -> str:
    """Return the name of the arm that got nothing."""
    return OTHERS if OTHERS in arms and item.control_arm not in arms else item.control_arm


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
        raise DataError(
            f"{late:,} people of campaign {campaign_id!r} were assigned after it was over: who was "
            "chosen may depend on what they did.",
            where="assignments",
            fix="Correct assigned_at, or call the campaign's design observational.",
        )


def _two_arms(item: Campaign, arms: set[str]) -> None:
    names = ", ".join(repr(arm) for arm in sorted(arms)) or "none"
    control = control_of(item, arms)
    if len(arms) < 2 or control not in arms:
        raise NotEnoughDataError(
            f"campaign {item.campaign_id!r} has the arms {names}: a control arm "
            f"{control!r} and another are needed.",
            where="assignments",
            fix="Name the arm that got nothing in campaigns.control_arm; without one nothing can "
            "be compared. `commlab assign --holdout 0.2` keeps one next time.",
        )


def _units(ds: Dataset, item: Campaign, people: ir.Table) -> ir.Table:
    if item.design == "clustered":
        spread = people.filter(people.cluster_id.notnull())
        arms = spread.group_by("cluster_id").agg(arms=spread.arm.nunique())
        row = ds.frame(arms.agg(n=arms.count(), torn=(arms.arms > 1).sum())).iloc[0]
        if not int(row["n"]):
            raise DataError(
                f"campaign {item.campaign_id!r} is clustered, but no cluster_id is given.",
                where="assignments",
                fix="Fill cluster_id with the team or group that was assigned as one.",
            )
        if int(row["torn"] or 0):
            raise DataError(
                f"{int(row['torn']):,} clusters of campaign {item.campaign_id!r} have members in "
                "two arms.",
                where="assignments",
                fix="Give each cluster one arm, or call the design randomised if single people "
                "were assigned.",
            )
        unit = ibis.coalesce(people.cluster_id, people.member_id)
        return people.select("member_id", "arm", "participated", unit=unit)
    if item.design == "randomised" or not ds.has("memberships"):
        return people.select("member_id", "arm", "participated", unit="member_id")
    stays = ds.table("memberships")
    stays = stays.filter(
        stays.joined_at < item.before, stays.left_at.isnull() | (stays.left_at >= item.before)
    )
    # Of several groups the one that came first in the alphabet: any, but the same each time.
    home = stays.group_by("member_id").agg(home=stays.group_id.min())
    joined = people.left_join(home, "member_id")
    unit = ibis.coalesce(joined.home, joined.member_id)
    return joined.select("member_id", "arm", "participated", unit=unit)


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
