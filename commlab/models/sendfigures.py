"""Headline figures of sends, from the frames of the metrics."""

from __future__ import annotations

import pandas as pd

from commlab.estimate import LEVEL, Estimate

STEPS = {"executed": "planned", "delivered": "executed", "clicked": "over"}


def send_estimate(rates: pd.DataFrame, step: str, *, level: float = LEVEL) -> Estimate:
    """Return the share of a step for the form that is sent most.

    Forms are not put together: a post to a group and a message to one person are no sum.

    Args:
        rates: `metrics.send_rates`.
        step: "executed", "delivered" or "clicked".
        level: Level of the intervals in `rates`.
    """
    known = rates[rates[f"{step}_rate"].notna()]
    n = int(rates["planned"].sum())
    if known.empty:
        return Estimate.refused("content.refusal.no_clicks" if step == "clicked" else
                                "common.status.too_few", unit="share", n=n)  # fmt: skip
    row = known.sort_values("planned", ascending=False, kind="stable").iloc[0]
    return Estimate(
        value=float(row[f"{step}_rate"]), low=float(row[f"{step}_low"]),
        high=float(row[f"{step}_high"]), n=int(row[STEPS[step]]), unit="share", level=level,
        method="Wilson, sends as clusters",
    )  # fmt: skip


def send_outcome(effects: pd.DataFrame, *, level: float = LEVEL) -> Estimate:
    """Return what follows 1,000 delivered sends within 72 hours, beyond matched days.

    Args:
        effects: `metrics.send_orders` or `metrics.send_deletions`.
        level: Level of the intervals in it.
    """
    rows = effects[effects["audience"] == "all"]
    if rows.empty or rows["status"].iloc[0] != "ok":
        n = int(rows["batches"].iloc[0]) if len(rows) else 0
        return Estimate(value=None, n=n, unit="per_mille", status="too_few",
                        reason=f"{n} sends with clean days")  # fmt: skip
    row = rows.iloc[0]
    return Estimate(
        value=float(row["difference"]), low=float(row["low"]), high=float(row["high"]),
        n=int(row["delivered"]), unit="per_mille", level=level,
        method="matched days, sends and people as clusters",
    )  # fmt: skip
