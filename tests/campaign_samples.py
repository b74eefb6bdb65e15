"""Campaigns as frames: workspaces with one, beside the outcomes that truth tests use too."""

from __future__ import annotations

import numpy as np
import pandas as pd
from truth.campaigns import outcomes_of

__all__ = ["members", "outcomes_of", "workspace"]


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
