"""Who was assigned to a campaign, to which arm, and what was chosen as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab.errors import DesignError
from commlab.metrics.campaigns import Campaign

if TYPE_CHECKING:
    from commlab.dataset import Dataset

OTHERS = "others"  # arm of those who were not listed, where nobody was assigned


def assigned(ds: Dataset, item: Campaign) -> ir.Table:
    """Return who was assigned: `member_id`, `arm`, `unit`, `home`, `participated` (0 or 1).

    Staff are left out. `home` is the chat group at the start, null where none is known. `unit` is
    what was chosen as one: the cluster, or the person; where people chose for themselves it is
    their chat group, whose members move together. Where only participants are listed, everybody
    else who was there at the start is the arm "others".

    Raises:
        DesignError: A cluster stands in two arms, a clustered campaign names no cluster, there is
            one arm, or none of the arms is the control arm.
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


def planned_shares(ds: Dataset, item: Campaign, control: str) -> dict[str, float] | None:
    """Return the shares that arms were to have, as `commlab assign` recorded them.

    Returns:
        Arm → share; None where it was not recorded for everybody, or does not add up.
    """
    listed = ds.table("assignments")
    listed = listed.filter(listed.campaign_id == item.campaign_id)
    listed = listed.anti_join(ds.staff_ids(), "member_id")
    share = listed.planned_share
    rows = ds.frame(listed.group_by("arm").agg(
        n=listed.count(), known=share.count(), mean=share.mean(), low=share.min(), high=share.max(),
    ), ["arm"]).set_index("arm")  # fmt: skip
    if rows.empty or (rows["known"] < rows["n"]).any() or not rows["mean"].between(0, 1).all():
        return None
    if len(rows) == 2 and control in rows.index:
        # Lists that were handed out with different holdouts: the mean of all chances.
        held = rows["mean"].where(rows.index == control, 1 - rows["mean"])
        mine = float((held * rows["n"]).sum() / rows["n"].sum())
        return {arm: mine if arm == control else 1 - mine for arm in rows.index}
    same = bool((rows["high"] - rows["low"] < 1e-9).all())
    if not same or abs(rows["mean"].sum() - 1) > 1e-6:
        return None
    return {str(arm): float(value) for arm, value in rows["mean"].items()}


def control_of(item: Campaign, arms: set[str]) -> str:
    """Return the name of the arm that got nothing."""
    return OTHERS if OTHERS in arms and item.control_arm not in arms else item.control_arm


def _two_arms(item: Campaign, arms: set[str]) -> None:
    names = ", ".join(repr(arm) for arm in sorted(arms)) or "none"
    control = control_of(item, arms)
    if len(arms) < 2 or control not in arms:
        raise DesignError(
            f"campaign {item.campaign_id!r} has the arms {names}: a control arm "
            f"{control!r} and another are needed.",
            where="assignments",
            fix="Name the arm that got nothing in campaigns.control_arm; without one nothing can "
            "be compared. `commlab assign --holdout 0.2` keeps one next time.",
            said="campaign.why.one_arm",
        )


def _units(ds: Dataset, item: Campaign, people: ir.Table) -> ir.Table:
    if item.design == "clustered":
        spread = people.filter(people.cluster_id.notnull())
        arms = spread.group_by("cluster_id").agg(arms=spread.arm.nunique())
        row = ds.frame(arms.agg(n=arms.count(), torn=(arms.arms > 1).sum())).iloc[0]
        if not int(row["n"]):
            raise DesignError(
                f"campaign {item.campaign_id!r} is clustered, but no cluster_id is given.",
                where="assignments",
                fix="Fill cluster_id with the team or group that was assigned as one.",
                said="campaign.why.no_cluster",
            )
        if int(row["torn"] or 0):
            raise DesignError(
                f"{int(row['torn']):,} clusters of campaign {item.campaign_id!r} have members in "
                "two arms.",
                where="assignments",
                fix="Give each cluster one arm, or call the design randomised if single people "
                "were assigned.",
                said="campaign.why.torn",
            )
        people = people.mutate(unit=ibis.coalesce(people.cluster_id, people.member_id))
    if not ds.has("memberships"):
        people = people.mutate(home=ibis.null("string"))
    else:
        people = people.left_join(_homes(ds, item), "member_id").drop("member_id_right")
    if item.design == "randomised":
        people = people.mutate(unit=people.member_id)
    elif item.design != "clustered":
        people = people.mutate(unit=ibis.coalesce(people.home, people.member_id))
    return people.select("member_id", "arm", "participated", "unit", "home")


def _homes(ds: Dataset, item: Campaign) -> ir.Table:
    stays = ds.table("memberships")
    stays = stays.filter(
        stays.joined_at < item.before, stays.left_at.isnull() | (stays.left_at >= item.before)
    )
    # Of several groups the one that came first in the alphabet: any, but the same each time.
    return stays.group_by("member_id").agg(home=stays.group_id.min())
