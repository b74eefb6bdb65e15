"""Fewer, wider steps where single days hold too few people: distributions and curves by day.

To put rows together is what statistical offices do before they hide cells ("redesign of tables",
Hundepool et al. 2012, chapter 4). A reader loses the single day, not the shape.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def coarsen(frame: pd.DataFrame, small: int) -> pd.DataFrame | None:
    """Return a frame by days with rows put together, or None where the frame is no such one.

    Args:
        frame: `active_days`, `members` and what goes with them (`commlab.metrics.active_days`);
            or `day`, `at_risk`, `lost`, `survival` and what goes with them, in one curve or
            several by `segment` (`commlab.models.survival_curve`).
        small: The smallest number of people that may be shown.
    """
    columns = set(frame.columns)
    if {"active_days", "members", "at_risk"} <= columns:
        return _distribution(frame, small)
    if {"day", "at_risk", "lost", "survival"} <= columns:
        keys = ["segment"] if "segment" in columns else []
        parts = [
            _curve(part, small)
            for _, part in (frame.groupby(keys, sort=False) if keys else [((), frame)])
        ]
        return pd.concat(parts, ignore_index=True)
    return None


def spans(counts: np.ndarray, small: int) -> list[tuple[int, int]]:
    """Return first and last place of spans that hold nobody or at least `small` people each.

    Example:
        >>> spans(np.array([9, 0, 3, 0, 4, 1]), 5)
        [(0, 0), (1, 1), (2, 5)]
    """
    found: list[tuple[int, int]] = []
    first, held = 0, 0
    for place, count in enumerate(counts):
        held += int(count)
        if held == 0 or held >= small:
            found.append((first, place))
            first, held = place + 1, 0
    if held:
        # Too few are left over: they go with the last span that holds people.
        while found and counts[found[-1][0] : found[-1][1] + 1].sum() == 0:
            first = found.pop()[0]
        if found:
            first = found.pop()[0]
        found.append((first, len(counts) - 1))
    return found


def _distribution(frame: pd.DataFrame, small: int) -> pd.DataFrame:
    from commlab.stats import wilson

    rows = frame.sort_values("active_days", kind="stable").reset_index(drop=True)
    counts = rows["members"].to_numpy(dtype=np.int64)
    if 0 < counts.sum() < small:
        return rows.head(0).assign(until=pd.Series(dtype="int64"))
    found = spans(counts, small)
    starts, ends = [first for first, _ in found], [last for _, last in found]
    out = rows.iloc[starts].reset_index(drop=True)
    out["members"] = [int(counts[first : last + 1].sum()) for first, last in found]
    out.insert(1, "until", rows["active_days"].to_numpy()[ends])
    ok = (out["status"] == "ok").to_numpy() if "status" in out else np.ones(len(out), dtype=bool)
    if "share" in out and ok.any():
        # Days put together are as alike within groups as the most alike of them.
        deff = np.ones(len(out))
        if "deff" in rows:
            each = rows["deff"].to_numpy(dtype=float)
            deff = np.array([each[first : last + 1].max() for first, last in found])
            out["deff"] = deff
        low, high = wilson(out["members"], out["at_risk"], deff=deff)
        share = out["members"] / out["at_risk"].clip(lower=1)
        joint = np.array(starts) != np.array(ends)
        for name, values in (("share", share), ("low", low), ("high", high)):
            out[name] = np.where(ok, np.where(joint, values, out[name]), np.nan)
    return out


def _curve(rows: pd.DataFrame, small: int) -> pd.DataFrame:
    """Keep days at which nobody or enough have left, and gone out of sight, since the last kept."""
    rows = rows.sort_values("day", kind="stable").reset_index(drop=True)
    at_risk = rows["at_risk"].to_numpy(dtype=float)
    lost = rows["lost"].to_numpy(dtype=float).cumsum()
    kept: list[int] = []
    for place in range(len(rows)):
        if not kept:
            if at_risk[place] >= small and (lost[place] == 0 or lost[place] >= small):
                kept.append(place)
            continue
        left = lost[place] - lost[kept[-1]]
        gone = abs(at_risk[place] - at_risk[kept[-1]])
        enough = all(step == 0 or step >= small for step in (left, gone))
        if enough and at_risk[place] >= small:
            kept.append(place)
    out = rows.iloc[kept].reset_index(drop=True)
    out["lost"] = np.diff(lost[kept], prepend=0).astype("int64")
    return out
