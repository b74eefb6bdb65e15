"""Made-up group weeks: frames as `metrics.group_weeks` returns them, written down by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

MONDAY = pd.Timestamp("2026-01-05")


def weeks(
    messages: Sequence[float], group: str = "g", *, first_age: int = 0, **columns: Any
) -> pd.DataFrame:
    """Weeks of one group by the messages of its members; NaN is a week that is not known.

    Args:
        messages: One a week.
        group: Its id.
        first_age: Age in the first week.
        **columns: Other columns, a value or one a week.
    """
    said = np.asarray(messages, dtype=float)
    n, known = len(said), ~np.isnan(said)
    silent, run = [], 0
    for number in said:
        run = 0 if number > 0 else run + 7
        silent.append(float(run))
    frame = pd.DataFrame(
        {
            "group_id": group, "week": MONDAY + pd.to_timedelta(7 * np.arange(n), unit="D"),
            "status": np.where(known, "ok", "gap"), "age": first_age + np.arange(n),
            "members": 40.0, "active": np.minimum(np.nan_to_num(said), 20.0), "messages": said,
            "staff_messages": 8.0, "bot_messages": 0.0, "staff_hard_share": 0.2, "ad_share": 0.1,
            "atmosphere": 3.0, "joined": 1.0, "left": 1.0, "moved": 0.0, "net_revenue": 100.0,
            "silent_days": silent, "closed": False,
        }
    )  # fmt: skip
    frame = frame.assign(**columns)
    frame["active_share"] = frame["active"] / frame["members"]
    frame["per_active"] = frame["messages"] / frame["active"].where(frame["active"] > 0)
    frame["staff_share"] = frame["staff_messages"] / (frame["staff_messages"] + frame["messages"])
    return frame
