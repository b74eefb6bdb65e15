"""Rewards promised for points: given in time, late or never, and what the people did then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import activity as activities

if TYPE_CHECKING:
    from commlab.dataset import Dataset

AFTER_DAYS = 60  # two months: time enough to come back for the next gift
STATES = ("in_time", "late", "unfulfilled")


def promised_rewards(
    ds: Dataset, *, after_days: int = AFTER_DAYS, level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
) -> pd.DataFrame:  # fmt: skip
    """Return promised rewards by how they were kept, and who was active after they were due.

    A member counts once, by the first promise that fell due: people with many promises would
    count many times else. Late is what was given after the promised time, unfulfilled what was
    due and is not given at the end of `as_of`; what is not due yet is not judged.

    Args:
        ds: The dataset, with points that say by when a reward was promised.
        after_days: Days after the due time in which a sign of life counts.
        level: Confidence level.
        min_at_risk: Members below which a share is "too few".

    Returns:
        Frame of "in_time", "late" and "unfulfilled": label, promises, people, share (of promises
        that are due), at_risk (members whose first promise was of that kind and whose days after
        it are over), active, rate with low and high (Wilson), difference (from "in_time"),
        p_adjusted (Benjamini–Hochberg), flagged, status.

    Raises:
        MissingTableError: No points, or nothing that shows activity.
        NotEnoughDataError: No promised reward has fallen due.
    """
    guards.whole("after_days", after_days, low=1)
    due = _due(ds)
    first = due.drop_duplicates("member_id")
    over = pd.Timestamp(ds.end) - pd.Timedelta(days=after_days)
    judged = first[first["promised_by"] < over].copy()
    judged["active"] = judged["member_id"].isin(_active(ds, after_days))
    out = [_row(name, due, judged, level, min_at_risk) for name in STATES]
    frame = pd.DataFrame(out)
    usual = frame.iloc[0]
    compared = (frame["status"] == "ok") & (frame.index > 0) & (usual["status"] == "ok")
    p = stats.two_proportion_p(frame["active"], frame["at_risk"], usual["active"],
                               usual["at_risk"])  # fmt: skip
    frame["difference"] = (frame["rate"] - usual["rate"]).where(compared)
    frame["p_adjusted"] = stats.benjamini_hochberg(np.where(compared, p, np.nan))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    return frame


def broken_promises(
    ds: Dataset, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> Estimate:
    """Return the share of due rewards that were late or are not given (units: members).

    Args:
        ds: The dataset, with points that say by when a reward was promised.
        level: Confidence level.
        min_people: Fewer members are "too few".

    Raises:
        MissingTableError: No points.
        NotEnoughDataError: No promised reward has fallen due.
    """
    due = _due(ds)
    each = due.assign(hit=due["label"] != STATES[0]).groupby("member_id")["hit"]
    y, x = each.sum().astype(float), each.size().astype(float)
    if len(y) < min_people:
        return Estimate.too_few(len(y), unit="share", minimum=min_people)
    share, low, high = stats.ratio_interval(len(y), y.sum(), x.sum(), (y * y).sum(),
                                            (x * x).sum(), (x * y).sum(), level=level)  # fmt: skip
    return Estimate(value=float(share), low=max(float(low), 0.0), high=min(float(high), 1.0),
                    level=level, n=len(y), unit="share", method="delta")  # fmt: skip


def _due(ds: Dataset) -> pd.DataFrame:
    """Return the promises whose time is over: member_id, promised_by, label."""
    rows = ds.table("points")
    rows = rows.filter(rows.promised_by < ibis.literal(ds.end, "timestamp(6)"))
    rows = rows.anti_join(ds.staff_ids(), "member_id")
    state = ibis.cases(
        (rows.fulfilled_at.isnull(), STATES[2]),
        (rows.fulfilled_at > rows.promised_by, STATES[1]),
        else_=STATES[0],
    )
    due = ds.frame(rows.select("member_id", "promised_by", label=state),
                   ["member_id", "promised_by", "label"])  # fmt: skip
    if due.empty:
        raise NotEnoughDataError("no promised reward has fallen due.", where=ds.name)
    return due


def _row(
    name: str, due: pd.DataFrame, judged: pd.DataFrame, level: float, smallest: int
) -> dict[str, object]:
    own, people = due[due["label"] == name], judged[judged["label"] == name]
    n, k = len(people), int(people["active"].sum())
    low, high = stats.wilson(k, n, level=level)
    enough = n >= smallest
    return {
        "label": name, "promises": len(own), "people": own["member_id"].nunique(),
        "share": len(own) / len(due), "at_risk": n, "active": k,
        "rate": k / n if enough else np.nan, "low": float(low) if enough else np.nan,
        "high": float(high) if enough else np.nan, "status": "ok" if enough else "too_few",
    }  # fmt: skip


def _active(ds: Dataset, after_days: int) -> set[str]:
    """Return who showed a sign of life in the days after the first promise fell due."""
    rows = ds.table("points")
    rows = rows.filter(rows.promised_by < ibis.literal(ds.end, "timestamp(6)"))
    first = rows.group_by("member_id").agg(due=rows.promised_by.min())
    signs = activities.events(ds, "any").inner_join(first, "member_id")
    signs = signs.filter(
        signs["at"] >= signs.due, signs["at"] < signs.due + ibis.interval(days=after_days)
    )
    return set(ds.frame(signs.select("member_id").distinct(), ["member_id"])["member_id"])
