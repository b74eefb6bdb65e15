"""Shares made for a reward against spontaneous ones: whom they bring, and who is gone after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import departures

if TYPE_CHECKING:
    from commlab.dataset import Dataset

AFTER_DAYS = 30  # an invitee comes, and who was annoyed goes, within a month
KINDS = ("spontaneous", "rewarded")
OUTCOMES = ("brought", "gone", "deleted")


def shares_by_reward(
    ds: Dataset,
    *,
    after_days: int = AFTER_DAYS,
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return what followed a member's first share, made for a reward or of one's own accord.

    A member counts once, by the first share: later ones are under the impression of it. Who
    shares for a reward is not dealt out at random: association.

    Args:
        ds: The dataset, with touchpoints that say which shares were rewarded.
        after_days: Days after the share that count.
        level: Confidence level.
        min_at_risk: Members below which a rate is "too few".

    Returns:
        Frame by label ("spontaneous", "rewarded") and event ("brought" somebody, with referrals;
        "gone" from all groups and advisers, with memberships or contacts; "deleted" an adviser,
        with contacts): label, event, at_risk (members whose days are over), active (of them, to
        whom it happened), rate with low and high (Wilson), difference (from spontaneous),
        p_adjusted (Benjamini–Hochberg), flagged, status.

    Raises:
        MissingTableError: No touchpoints.
        NotEnoughDataError: Nobody shared, or nothing shows what followed.
    """
    guards.whole("after_days", after_days, low=1)
    first = _first_shares(ds, after_days)
    followed = {name: _followed(ds, name, first, after_days) for name in OUTCOMES}
    rows = [
        _row(kind, name, first, hits, level, min_at_risk)
        for name, hits in followed.items() if hits is not None for kind in KINDS
    ]  # fmt: skip
    if first.empty or not rows:
        raise NotEnoughDataError("nobody shared, or nothing shows what followed.", where=ds.name)
    frame = pd.DataFrame(rows)
    usual = frame.groupby("event")[["active", "at_risk", "rate"]].transform("first")
    p = stats.two_proportion_p(frame["active"], frame["at_risk"], usual["active"],
                               usual["at_risk"])  # fmt: skip
    compared = (frame["label"] != KINDS[0]) & frame["rate"].notna() & usual["rate"].notna()
    frame["difference"] = (frame["rate"] - usual["rate"]).where(compared)
    frame["p_adjusted"] = stats.benjamini_hochberg(np.where(compared, p, np.nan))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    return frame


def _row(
    kind: str, event: str, first: pd.DataFrame, hits: set[str], level: float, smallest: int
) -> dict[str, object]:
    people = first.loc[first["label"] == kind, "member_id"]
    n, k = len(people), int(people.isin(hits).sum())
    low, high = stats.wilson(k, n, level=level)
    enough = n >= smallest
    return {
        "label": kind, "event": event, "at_risk": n, "active": k, "rate": k / n if enough else
        np.nan, "low": float(low) if enough else np.nan, "high": float(high) if enough else np.nan,
        "status": "ok" if enough else "too_few",
    }  # fmt: skip


def _first_shares(ds: Dataset, after_days: int) -> pd.DataFrame:
    """Return the first share of each member whose days after it are over."""
    steps = ds.table("touchpoints")
    steps = steps.filter(steps.event == "shared").anti_join(ds.staff_ids(), "member_id")
    sums = steps.group_by("member_id").agg(
        at=steps["at"].min(), rewarded=steps.rewarded.fill_null(False).argmin(steps["at"])
    )
    frame = ds.frame(sums, ["member_id"])
    frame = frame[frame["at"] + pd.Timedelta(days=after_days) <= pd.Timestamp(ds.end)]
    return frame.assign(label=np.where(frame["rewarded"].astype(bool), KINDS[1], KINDS[0]))


def _followed(ds: Dataset, event: str, first: pd.DataFrame, after_days: int) -> set[str] | None:
    """Return the members to whom something happened in time; None where nothing tells."""
    if event == "brought":
        if not ds.has("referrals"):
            return None
        links = ds.table("referrals")
        links = links.filter(links.inviter_id != links.invitee_id)
        rows = links.select(member_id="inviter_id", when="at")
    elif event == "deleted":
        if not ds.has("contacts"):
            return None
        friends = ds.table("contacts")
        friends = friends.filter(friends.deleted_by.fill_null("customer") == "customer")
        rows = friends.select("member_id", when="deleted_at")
    else:
        gone = departures.absences(ds)
        if gone is None:
            return None
        rows = gone.select("member_id", when="gone_from")
    steps = ds.table("touchpoints")
    shared = steps.filter(steps.event == "shared").select("member_id").distinct()
    rows = rows.filter(rows.when.notnull()).semi_join(shared, "member_id")
    happened = ds.frame(rows, ["member_id", "when"]).merge(first[["member_id", "at"]])
    wait = happened["when"] - happened["at"]
    inside = (wait >= pd.Timedelta(0)) & (wait < pd.Timedelta(days=after_days))
    return set(happened.loc[inside, "member_id"])
