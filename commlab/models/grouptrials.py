"""What was done for groups on trial, and how active they were before and meanwhile (B4)."""

from __future__ import annotations

import numpy as np
import pandas as pd

BEFORE_WEEKS = 4  # as long as a trial lasts


def trial_means(trials: pd.DataFrame, weeks: pd.DataFrame) -> pd.DataFrame:
    """Return trials with what staff put into them and how active members were.

    A group is tried because it was low, and who is low by chance rises by itself: a rise is no
    proof of the means.

    Args:
        trials: `group_trials`: group_id, start, end (missing while it lasts), outcome.
        weeks: `metrics.group_weeks`.

    Returns:
        The trials with staff_messages and atmosphere (accounts that wrote), means a week of the
        trial, share_before and share_after (mean active share of the four weeks before it, and of
        its weeks); missing where no week of them is known.
    """
    rows = weeks[(weeks["status"] == "ok") & ~weeks["closed"]]
    found = []
    for trial in trials.to_dict("records"):
        start, end = pd.Timestamp(trial["start"]), pd.Timestamp(trial["end"])
        own = rows[rows["group_id"] == trial["group_id"]]
        during = own[own["week"] >= start]
        if not pd.isna(end):
            during = during[during["week"] < end]
        begin = start - pd.Timedelta(weeks=BEFORE_WEEKS)
        before = own[(own["week"] < start) & (own["week"] >= begin)]
        found.append((
            during["staff_messages"].mean(), during["atmosphere"].mean(),
            before["active_share"].mean(), during["active_share"].mean(),
        ))  # fmt: skip
    names = ["staff_messages", "atmosphere", "share_before", "share_after"]
    means = np.array(found, dtype=float).reshape(-1, len(names))
    return trials.assign(**dict(zip(names, means.T, strict=True)))
