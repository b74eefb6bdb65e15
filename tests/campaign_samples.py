"""Campaigns as frames: outcomes on the engine without a workspace, and workspaces with one."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from commlab.metrics.campaigns import Campaign
from commlab.metrics.outcomes import SPANS, Outcomes

START, END = dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 14, 23, 59, 59)
METRICS = ("orders", "buyers", "revenue")


def outcomes_of(frame: pd.DataFrame, design: str = "randomised", **changes) -> Outcomes:
    """Outcomes of a frame with arm, orders and what else is given; the rest is 0."""
    full = pd.DataFrame({"member_id": [f"m{i:06}" for i in range(len(frame))]}, index=frame.index)
    for span in SPANS:
        for metric in METRICS:
            full[span + metric] = 0.0
    full = full.assign(unit=full["member_id"], home=None, participated=0.0, size=1.0, tenure=100.0,
                       recency=np.nan)  # fmt: skip
    for name in frame.columns:
        full[name] = frame[name]
    for span in SPANS:
        if f"{span}orders" in frame and f"{span}buyers" not in frame:
            full[f"{span}buyers"] = (full[f"{span}orders"] > 0).astype(float)
    item = Campaign("c", "c", "coupon", design, "control", START, END, START, END)
    facts = {"pre_days": 90, "pre_seen": 90, "after_seen": 14} | changes
    arms = tuple(sorted(set(full["arm"]) - {"control"}))
    return Outcomes(campaign=item, table=ibis.memtable(full), metrics=METRICS, arms=arms,
                    control="control", **facts)  # fmt: skip


def members(n: int) -> list[str]:
    return [f"m{i}" for i in range(n)]


def workspace(n: int = 120, **changes) -> dict[str, pd.DataFrame]:
    """Tables of a campaign of n people, half of them held out; `changes` replace tables."""
    who = members(n)
    day = pd.Timestamp("2026-03-01")
    orders = [(m, day + pd.Timedelta(days=d)) for i, m in enumerate(who)
              for d in ([-20] if i % 3 == 0 else []) + ([i % 14] if i % 2 else [])]  # fmt: skip
    tables = {
        "members": pd.DataFrame({"member_id": who, "joined_at": "2025-06-01"}),
        "campaigns": pd.DataFrame({
            "campaign_id": ["c"], "starts_at": ["2026-03-01"], "ends_at": ["2026-03-14 23:59:59"],
            "design": ["randomised"],
        }),
        "assignments": pd.DataFrame({
            "campaign_id": "c", "member_id": who,
            "arm": np.where(np.arange(n) % 4 < 2, "control", "treated"),
            "assigned_at": "2026-02-28 12:00",
        }),
        "orders": pd.DataFrame({
            "order_id": [f"o{i}" for i in range(len(orders))],
            "member_id": [m for m, _ in orders], "paid_at": [str(at) for _, at in orders],
            "amount": 50.0,
        }),
    }  # fmt: skip
    return tables | changes
