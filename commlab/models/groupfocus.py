"""Whether a group was filled with people of one kind: how far its channel codes differ from all.

Focus is chi-square of its codes against those of all groups, less its degrees of freedom, per
member: 0 for a random handful of the brand's newcomers. Its interval is that of the noncentral
chi-square. A group is filled imprecisely when the whole interval lies below the focus of the middle
group: others were filled with a purpose, this one was not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, stats as distributions

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL

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
    focus = np.maximum(chi - degrees, 0.0) / people
    ends = np.array([_noncentral(x, degrees, level) for x in chi]) / people[:, None]
    middle = float(np.median(focus[enough]))
    frame = pd.DataFrame(
        {
            "group_id": table.index,
            "people": people.astype(np.int64),
            "focus": np.where(enough, focus, np.nan),
            "focus_low": np.where(enough, ends[:, 0], np.nan),
            "focus_high": np.where(enough, ends[:, 1], np.nan),
            "middle": middle,
            "imprecise": enough & (ends[:, 1] < middle),
            "status": np.where(enough, "ok", "too_few"),
        }
    )
    return frame.reset_index(drop=True)


def _noncentral(chi: float, degrees: int, level: float) -> tuple[float, float]:
    """Return the interval of the noncentrality of a chi-square that came out as `chi`."""
    tails = (1 - (1 - level) / 2, (1 - level) / 2)
    found = []
    for tail in tails:

        def gap(x: float, tail: float = tail) -> float:
            return float(distributions.ncx2.cdf(chi, degrees, x)) - tail

        if float(distributions.chi2.cdf(chi, degrees)) <= tail:
            found.append(0.0)
        else:
            found.append(float(optimize.brentq(gap, 1e-9, 4 * chi + 100)))
    return found[0], found[1]
