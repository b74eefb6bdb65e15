"""Why groups died, as far as it left traces: neglect, nothing but advertising, imprecise pulling.

Traces are read before the last message of a member: what staff did to a group that was already
silent cannot have silenced it. Traces are evidence, not proof: groups that live are held to the
same signs, and stand beside.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab import guards

CAUSES = ("neglect", "ads_only", "imprecise")
LOOK_BACK = 8  # weeks before the silence: a month of decline and the month that brought it about
GAP_WEEKS = 2  # of those in which no staff member wrote: as long as silence may last (14 days)
HARD_SHARE = 0.9  # of staff's messages: more advertising than self-talk may be
MIN_POSTS = 5  # posts of staff below which their share says nothing


def group_causes(
    weeks: pd.DataFrame,
    found: pd.DataFrame,
    focus: pd.DataFrame | None = None,
    *,
    look_back: int = LOOK_BACK,
) -> pd.DataFrame:
    """Return the signs of each cause in every group, dead or alive.

    Args:
        weeks: `metrics.group_weeks`.
        found: `models.group_deaths`.
        focus: `models.group_focus`; None where channel codes are not known.
        look_back: Weeks up to the last one in which a member wrote.

    Returns:
        Frame: group_id, state, died, gap_weeks (the longest row of weeks in which no staff member
        wrote, in those looked at), hard_share (largest over any two weeks with enough posts),
        focus, focus_low, focus_high, neglect, ads_only, imprecise (missing where the table behind
        it is), cause (the sign that tells most: neglect before advertising before pulling; "none":
        nothing shows, "": alive and nothing shows).
    """
    guards.whole("look_back", look_back, low=2)
    rows = weeks[(weeks["status"] == "ok") & ~weeks["closed"]].sort_values(["group_id", "week"])
    parts = dict(tuple(rows.groupby("group_id", sort=False)))
    signs = []
    for name, last in zip(found["group_id"], found["last_active"], strict=True):
        part = parts.get(name)
        if part is not None and pd.notna(last):
            part = part[part["week"] <= last]
        signs.append(_signs(part.tail(look_back) if part is not None else None))
    frame = found[["group_id", "state", "died"]].reset_index(drop=True)
    frame = pd.concat([frame, pd.DataFrame(signs, columns=["gap_weeks", "hard_share"])], axis=1)
    told = frame["gap_weeks"].notna()
    frame["neglect"] = _known(frame["gap_weeks"] >= GAP_WEEKS, told)
    frame["ads_only"] = _known(frame["hard_share"] >= HARD_SHARE, frame["hard_share"].notna())
    names = ["focus", "focus_low", "focus_high", "imprecise"]
    if focus is None:
        frame[names[:3]] = np.nan
        frame["imprecise"] = pd.array([pd.NA] * len(frame), dtype="boolean")
    else:
        frame = frame.merge(focus[["group_id", *names]], on="group_id", how="left")
        frame["imprecise"] = _known(
            frame["imprecise"].fillna(False).astype(bool), frame["focus"].notna()
        )
    frame["cause"] = _cause(frame)
    return frame


def _known(sign: pd.Series, told: pd.Series) -> pd.Series:
    return sign.astype("boolean").mask(~told)


def _signs(part: pd.DataFrame | None) -> tuple[float, float]:
    if part is None or part.empty or part["staff_messages"].isna().all():
        return np.nan, np.nan
    silent = (part["staff_messages"] == 0).to_numpy()
    longest = run = 0
    for quiet in silent:
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    # The opening week may be a single evening.
    posts = part["staff_messages"].rolling(2).sum()
    hard = (part["staff_hard_share"].fillna(0) * part["staff_messages"]).rolling(2).sum()
    share = (hard / posts).where((posts >= MIN_POSTS) & part["staff_hard_share"].notna().rolling(2)
                                 .max().astype(bool))  # fmt: skip
    return float(longest), float(share.max()) if share.notna().any() else np.nan


def _cause(frame: pd.DataFrame) -> np.ndarray:
    cause = np.full(len(frame), "none", dtype=object)
    for name in reversed(CAUSES):
        cause[frame[name].fillna(False).to_numpy(dtype=bool)] = name
    alive = frame["died"].isna().to_numpy()
    cause[alive & (cause == "none")] = ""
    return cause
