"""What the people whom a member brought are worth, less what bringing them cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.metrics import departures
from commlab.metrics.member_value import value_basis
from commlab.metrics.ring_rows import referral_links

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Deeper chains than this are circles: a tree of invitations ends after a few generations.
DEEPEST = 50


def referral_value(ds: Dataset) -> pd.DataFrame:
    """Return for each member who brought somebody what came of it so far.

    Args:
        ds: The dataset, with referrals.

    Returns:
        Frame sorted by member_id: member_id, invitees, kept (invitees who have not left every
        group and deleted every adviser), depth (generations below), margin (net margin of the
        invitees so far, net revenue where no margin is known; 0 without orders), reward (paid for
        them), net (margin less reward); money in currency units.

    Raises:
        MissingTableError: There are no referrals.
    """
    links = referral_links(ds)
    links = links.assign(kept=~links["invitee_id"].isin(_gone(ds)), margin=0.0)
    bought = _margins(ds)
    if bought is not None:
        links["margin"] = links["invitee_id"].map(bought).fillna(0.0)
    out = links.groupby("inviter_id", sort=True).agg(
        invitees=("invitee_id", "size"), kept=("kept", "sum"), margin=("margin", "sum"),
        reward=("reward", "sum"),
    )  # fmt: skip
    out = out.rename_axis("member_id").reset_index()
    out["depth"] = out["member_id"].map(_depth(links)).astype(int)
    out["net"] = out["margin"] - out["reward"]
    return out[["member_id", "invitees", "kept", "depth", "margin", "reward", "net"]]


def _gone(ds: Dataset) -> set[str]:
    gone = departures.absences(ds)
    if gone is None:
        return set()
    rows = ds.table("referrals").select(member_id="invitee_id")
    now = gone.filter(gone.gone_until.isnull()).semi_join(rows, "member_id")
    return set(ds.frame(now.select("member_id").distinct())["member_id"])


def _margins(ds: Dataset) -> pd.Series | None:
    from commlab.metrics.margins import margins
    from commlab.metrics.rfm import occasions

    basis = value_basis(ds)
    if basis is None:
        return None
    days = margins(ds) if basis == "margin" else occasions(ds)
    money = days.margin if basis == "margin" else days.net.cast("float64")
    invited = ds.table("referrals").select(member_id="invitee_id").distinct()
    sums = days.mutate(money=money).semi_join(invited, "member_id")
    frame = ds.frame(sums.group_by("member_id").agg(total=sums.money.sum()), ["member_id"])
    return ds.money(frame.set_index("member_id")["total"])


def _depth(links: pd.DataFrame) -> pd.Series:
    """Return how many generations stand below each inviter; circles count as `DEEPEST`."""
    ends = np.concatenate([links["inviter_id"].to_numpy(str), links["invitee_id"].to_numpy(str)])
    names, place = np.unique(ends, return_inverse=True)
    parent, child = place[: len(links)], place[len(links) :]
    depth: npt.NDArray[np.int64] = np.zeros(len(names), dtype=np.int64)
    for _ in range(DEEPEST):
        before = depth.copy()
        np.maximum.at(depth, parent, before[child] + 1)
        if (depth == before).all():
            break
    return pd.Series(depth, index=names)
