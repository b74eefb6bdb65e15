"""Those active in a window, with their points and what stands behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab.metrics.member_value import MONEY, WHOLE, member_parts, priced
from commlab.metrics.replies import WINDOW_DAYS
from commlab.metrics.voices import member_voices
from commlab.schedule import PARTS, PointSchedule

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def member_profiles(
    ds: Dataset, window_days: int = WINDOW_DAYS, schedule: PointSchedule | None = None
) -> pd.DataFrame:
    """Return those active in the window with their points and what stands behind them.

    Args:
        ds: See `member_parts`.
        window_days: Days up to `as_of`.
        schedule: Points for each thing; default that of the settings.

    Returns:
        Frame sorted by member_id, one row an active member: member_id, adviser_id, channel, the
        four parts, points, the counts of `WHOLE` and `MONEY` (currency units), and, with messages,
        written, answered, expected, questions (`member_voices`).
    """
    plan = schedule or ds.settings.value_points
    did = member_parts(ds, window_days, plan)
    people = ds.people().select(known="member_id", adviser_id="adviser_id", channel="channel")
    did = did.filter(did.active)
    did = did.mutate(**priced(ds, did, plan))
    did = did.mutate(points=sum((did[name] for name in PARTS[1:]), start=did[PARTS[0]]))
    rows = did.left_join(people, did.member_id == people.known)
    frame = ds.frame(rows.drop("known", "active"), ["member_id"])
    for name in MONEY:
        frame[name] = ds.money(frame[name])
    first = ["member_id", "adviser_id", "channel", *PARTS, "points"]
    frame = frame[[*first, *WHOLE, *MONEY]]
    if not ds.has("messages"):
        return frame
    heard = member_voices(ds, window_days).drop(columns="answers")
    frame = frame.merge(heard, on="member_id", how="left")
    own = [str(name) for name in heard.columns if name != "member_id"]
    frame[own] = frame[own].fillna(0)
    return frame
