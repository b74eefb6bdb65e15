"""Outcomes of campaigns made of frames, without an engine's workspace."""

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
