"""Three readings of retention side by side, because each answers another question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab.estimate import LEVEL
from commlab.metrics.retention import overall_retention

if TYPE_CHECKING:
    from commlab.dataset import Dataset

KINDS = ("on", "unbounded")


def retention_kinds(
    ds: Dataset,
    anchor: str = "joined",
    cohort: str = "month",
    activity: str = "any",
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return retention on and unbounded, pooled over cohorts.

    "on" asks who was active in period k itself; "unbounded" who was active in k or any later
    period: always at least as high, and its tail falls by construction, because the last periods
    leave little time to come back in.

    Args:
        ds: The dataset.
        anchor: See `retention`, and so for the others.
        cohort: "month" or "week".
        activity: See `retention`.
        level: Confidence level.
        min_at_risk: People below which a rate is "too few"; default from the settings.

    Returns:
        Frame with `kind` and the columns of `overall_retention`, sorted by kind and period.
    """
    parts = []
    for kind in KINDS:
        frame = overall_retention(
            ds, anchor, cohort, activity, kind, level=level, min_at_risk=min_at_risk
        )
        frame.insert(0, "kind", kind)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)
