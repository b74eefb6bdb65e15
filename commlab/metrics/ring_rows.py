"""Referrals with the times at which both ends came, and accounts that share an identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from commlab.dataset import Dataset

MOST_SHARED = 50  # accounts behind one value: more is a default value, not a person


def referral_links(ds: Dataset) -> pd.DataFrame:
    """Return who brought whom.

    Args:
        ds: The dataset, with referrals.

    Returns:
        Frame sorted by inviter, invitee: inviter_id, invitee_id, at (first time), reward
        (currency units), inviter_joined, invitee_joined (missing where not known). Who invites
        himself is left out, and so are invitations by staff.

    Raises:
        MissingTableError: There are no referrals.
    """
    rows = ds.table("referrals")
    rows = rows.filter(rows.inviter_id.notnull(), rows.invitee_id.notnull())
    rows = rows.filter(rows.inviter_id != rows.invitee_id)
    links = rows.group_by("inviter_id", "invitee_id").agg(
        at=rows["at"].min(), reward=rows.reward_cost.fill_null(0).sum()
    )
    staff = ds.staff_ids()
    links = links.anti_join(staff.select(inviter_id="member_id"), "inviter_id")
    people = ds.people()
    came = people.select(inviter="member_id", inviter_joined="joined_at")
    links = links.left_join(came, links.inviter_id == came.inviter).drop("inviter")
    came = people.select(invitee="member_id", invitee_joined="joined_at")
    links = links.left_join(came, links.invitee_id == came.invitee).drop("invitee")
    frame = ds.frame(links, ["inviter_id", "invitee_id"])
    frame["reward"] = ds.money(frame["reward"].astype(float))
    return frame


def shared_identifiers(ds: Dataset) -> pd.DataFrame:
    """Return the accounts that share an identifier with another, one row an account and value.

    Returns:
        Frame sorted by value and member: member_id, kind, value (a number that stands for the
        hash). Empty without a table of identities; values behind more than 50 accounts are left
        out.
    """
    if not ds.has("identities"):
        return pd.DataFrame(columns=["member_id", "kind", "value"])
    rows = ds.table("identities").select("member_id", "kind", "value_hash").distinct()
    rows = rows.filter(rows.value_hash.notnull()).anti_join(ds.staff_ids(), "member_id")
    counts = rows.group_by("kind", "value_hash").agg(n=rows.count())
    counts = counts.filter((counts.n > 1) & (counts.n <= MOST_SHARED))
    shared = rows.semi_join(counts, ["kind", "value_hash"])
    frame = ds.frame(shared, ["kind", "value_hash", "member_id"])
    frame["value"] = frame.groupby(["kind", "value_hash"], sort=True).ngroup()
    return frame[["member_id", "kind", "value"]]
