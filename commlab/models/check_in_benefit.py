"""Whether checking in pays: margin that follows it against what it was rewarded with (C4)."""

from __future__ import annotations

import pandas as pd

from commlab.config import MIN_AT_RISK
from commlab.estimate import LEVEL
from commlab.models.dose import dose_curve

# None, up to the week that makes a habit (`metrics.streaks.HABIT_DAYS`), a week and more.
BANDS = ((0, 0), (1, 6), (7, None))


def check_in_benefit(
    rows: pd.DataFrame, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return by days of checking in the margin beyond that of members who did not, and the cost.

    Margin: that of the window that follows, adjusted by `dose_curve` for past spend, tenure and
    days of writing in groups. Rewards are a full count, so the ends of the net are those of the
    margin less the reward. Who checks in likes the brand more: association, however adjusted.

    Args:
        rows: From `metrics.check_in_rows`.
        level: Confidence level.
        min_people: Bands with fewer are put together with the one before.

    Returns:
        Frame by band ("0", "1–6", "7+" days): band, people, mean (margin as counted), value
        (adjusted) with low and high, difference (from the first band) with difference_low and
        difference_high, reward (mean of a member), net (difference less reward beyond the first
        band's) with net_low and net_high; the last four missing without money per point.

    Raises:
        NotEnoughDataError: Fewer than two bands hold enough people.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> check_in_benefit(cl.metrics.check_in_rows(ds))  # doctest: +SKIP
    """
    frame = dose_curve(rows, bands=BANDS, level=level, min_people=min_people)
    lows = [int(str(band).split("–")[0].rstrip("+")) for band in frame["band"]]
    place = pd.cut(rows["active_days"], [*lows, float("inf")], right=False, labels=False)
    # Of an amount nobody knows there is no mean: without money per point all are missing.
    paid = rows["reward"].groupby(place).mean().reindex(range(len(frame)))
    frame["reward"] = paid.to_numpy(dtype=float)
    more = frame["reward"] - frame["reward"].iloc[0]
    for name, end in (("net", "difference"), ("net_low", "difference_low"),
                      ("net_high", "difference_high")):  # fmt: skip
        frame[name] = frame[end] - more
    return frame
