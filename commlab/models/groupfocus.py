"""Whether a group was filled with people of one kind: how far its channel codes differ from all.

Focus is chi-square of its codes against those of all groups, less its degrees of freedom, per
member: 0 for a random handful of the brand's newcomers. Its variance is that of a multinomial by
the delta method, with what chi-square has without any focus added. A group is filled imprecisely
when its focus lies below that of the middle group beyond chance (one-sided, Benjamini–Hochberg over
groups): others were filled with a purpose, this one was not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.stats import benjamini_hochberg, quantile

MIN_MEMBERS = 25  # with fewer, codes of chance look like a purpose
MIN_GROUPS = 5  # a middle group needs some on either side


def group_focus(channels: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return the focus of each group with its interval.

    Args:
        channels: `metrics.group_channels`: group_id, channel, people.
        level: Confidence level.

    Returns:
        Frame: group_id, people, focus, focus_low, focus_high, middle (focus of the middle group),
        imprecise, status ("ok", "too_few").

    Raises:
        NotEnoughDataError: Fewer than five groups have enough members with a code, or all came
            by one code.
    """
    table = channels.pivot_table(
        index="group_id", columns="channel", values="people", aggfunc="sum", fill_value=0
    )
    counts = table.to_numpy(dtype=float)
    if counts.shape[1] < 2:
        raise NotEnoughDataError("all members came by one channel code.")
    people = counts.sum(axis=1)
    everyone = counts.sum(axis=0) / counts.sum()
    # Against all other groups and itself: with many groups its own share hardly matters.
    expected = people[:, None] * everyone
    chi = ((counts - expected) ** 2 / expected).sum(axis=1)
    degrees = counts.shape[1] - 1
    enough = people >= MIN_MEMBERS
    if enough.sum() < MIN_GROUPS:
        raise NotEnoughDataError(
            f"{int(enough.sum())} groups have {MIN_MEMBERS} members with a channel code: "
            f"{MIN_GROUPS} are needed.",
        )
    share = counts / people[:, None]
    weight = (share - everyone) / everyone
    spread = (share * weight**2).sum(axis=1) - (share * weight).sum(axis=1) ** 2
    error = np.sqrt(4 * np.maximum(spread, 0) / people + 2 * degrees / people**2)
    raw = (chi - degrees) / people
    focus = np.maximum(raw, 0.0)
    low, high = raw - quantile(level) * error, np.maximum(raw + quantile(level) * error, 0.0)
    middle = float(np.median(focus[enough]))
    p = np.where(enough, special.ndtr((raw - middle) / error), np.nan)
    frame = pd.DataFrame(
        {
            "group_id": table.index,
            "people": people.astype(np.int64),
            "focus": np.where(enough, focus, np.nan),
            "focus_low": np.where(enough, np.maximum(low, 0.0), np.nan),
            "focus_high": np.where(enough, high, np.nan),
            "middle": middle,
            "imprecise": benjamini_hochberg(p) < 1 - level,
            "status": np.where(enough, "ok", "too_few"),
        }
    )
    return frame.reset_index(drop=True)
