"""Which groups are dead, since when, and by which sign.

A group is dead when no member has written for `death_days` days, or when staff wrote more than
`staff_limit` of its messages over four weeks (self-talk: staff talk to themselves). It can come
back to life.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab import guards
from commlab.config import DEATH_DAYS

STAFF_LIMIT = 0.9  # staff share above which a group only hears staff
MIN_MESSAGES = 10  # with fewer, nine of ten by staff are a handful of posts
# In its first weeks a group hears staff before it has members: four weeks are needed, as many as
# the trade looks at before it watches a group.
TALK_WEEKS = 4
# Until then a group is filling up, and few members beside many welcomes are no death (own choice).
OPENING_WEEKS = 8
STATES = ("alive", "dead", "closed", "unknown")
SIGNS = ("silent", "self_talk")


def dead_weeks(
    weeks: pd.DataFrame, *, death_days: int = DEATH_DAYS, staff_limit: float = STAFF_LIMIT
) -> pd.DataFrame:
    """Return by group week whether the group was dead at its end, as known then.

    Args:
        weeks: `metrics.group_weeks`.
        death_days: Days without a message of a member.
        staff_limit: Share of messages by staff over four weeks above which a group counts as dead.

    Returns:
        The rows of `weeks` by group and week, with silent, self_talk and dead (missing where the
        week is not known, or the group was closed by its end). A group in its first eight weeks
        is dead only when members wrote and then fell silent.
    """
    guards.whole("death_days", death_days, low=1)
    guards.in_range("staff_limit", staff_limit, low=0, high=1, open_low=True)
    rows = weeks.sort_values(["group_id", "week"], ignore_index=True)
    spoken = (rows["messages"] > 0).to_numpy()
    known = ((rows["status"] == "ok") & ~rows["closed"]).to_numpy()
    group = rows["group_id"]
    staff = rows["staff_messages"].fillna(0)
    # group_days counts staff with members: what they wrote cannot be told there.
    told = rows["staff_messages"].notna().to_numpy()
    rolled = [_rolled(values, group) for values in (staff, rows["messages"].fillna(0))]
    total = rolled[0] + rolled[1]
    old = rows["age"].to_numpy() >= OPENING_WEEKS
    with np.errstate(invalid="ignore", divide="ignore"):
        talk = told & old & (total >= MIN_MESSAGES) & (rolled[0] / total > staff_limit)
    ever = pd.Series(spoken).groupby(group.to_numpy()).cumsum().to_numpy() > 0
    silent = (_quiet_days(rows) >= death_days) & (ever | old)
    dead = pd.array(silent | talk, dtype="boolean")
    dead[~known] = pd.NA
    return rows.assign(silent=silent & known, self_talk=talk & known, dead=dead)


def _rolled(values: pd.Series, group: pd.Series) -> np.ndarray:
    rolled = values.groupby(group, sort=False).rolling(TALK_WEEKS, min_periods=1).sum()
    return rolled.to_numpy(dtype=float)


def _quiet_days(rows: pd.DataFrame) -> np.ndarray:
    """Return days without a message; from `group_days`, seven for each silent week."""
    if rows["silent_days"].notna().any():
        return rows["silent_days"].to_numpy(dtype=float)
    spoke = (rows["messages"] > 0).to_numpy()
    spell = pd.Series(spoke).groupby(rows["group_id"].to_numpy()).cumsum()
    silent = pd.Series(np.where((rows["status"] == "ok") & ~spoke, 7.0, 0.0))
    return silent.groupby([rows["group_id"].to_numpy(), spell.to_numpy()]).cumsum().to_numpy()


def group_deaths(
    weeks: pd.DataFrame, *, death_days: int = DEATH_DAYS, staff_limit: float = STAFF_LIMIT
) -> pd.DataFrame:
    """Return the state of each group at the last known week, and when it first died.

    Args:
        weeks: `metrics.group_weeks`.
        death_days: See `dead_weeks`.
        staff_limit: See `dead_weeks`.

    Returns:
        Frame by group: group_id, state ("alive", "dead", "closed", "unknown": no week is known),
        sign ("silent", "self_talk", or ""), last_active (last week in which a member wrote before
        the first death; of a group that lives, the last one), died (week at whose end it was first
        dead), age_at_death (weeks), revived (whether it was alive later), age (weeks), entry (age
        in the first week known).
    """
    rows = dead_weeks(weeks, death_days=death_days, staff_limit=staff_limit)
    found = [_one(name, part) for name, part in rows.groupby("group_id", sort=True)]
    names = ["group_id", "state", "sign", "last_active", "died", "age_at_death", "revived", "age",
             "entry"]  # fmt: skip
    frame = pd.DataFrame(found, columns=names)
    for name in ("last_active", "died"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def _one(name: object, part: pd.DataFrame) -> tuple[object, ...]:
    known = part[part["dead"].notna()]
    closed = bool(part["closed"].iloc[-1])
    if known.empty:
        state = "closed" if closed else "unknown"
        return (name, state, "", pd.NaT, pd.NaT, np.nan, False, int(part["age"].iloc[-1]), np.nan)
    gone = known[known["dead"].astype(bool)]
    wrote = known[known["messages"] > 0]
    age, entry = int(known["age"].iloc[-1]), int(known["age"].iloc[0])
    if gone.empty:
        last = wrote["week"].iloc[-1] if len(wrote) else pd.NaT
        return (name, "closed" if closed else "alive", "", last, pd.NaT, np.nan, False, age, entry)
    first = gone.iloc[0]
    before = wrote[wrote["week"] <= first["week"]]
    now = bool(known["dead"].iloc[-1])
    later = known[known["week"] > first["week"]]
    state = "closed" if closed else "dead" if now else "alive"
    return (
        name, state, "silent" if first["silent"] else "self_talk",
        before["week"].iloc[-1] if len(before) else pd.NaT, first["week"], float(first["age"]),
        bool((~later["dead"].astype(bool)).any()), age, entry,
    )  # fmt: skip
