"""In which groups advertising drives members away: single groups drawn towards all of them (C2)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.shrinkage import shrink
from commlab.stats import benjamini_hochberg, quantile

NEED = ("group_id", "days", "losses", "member_days", "rest_losses", "months", "ratio", "variance")
FEWEST = 5  # losses after ads and without: the normal reading of a log ratio of counts needs them
_MONTHS = 3  # fewer say nothing of how months differ


def ad_harm_by_group(rows: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return for each group how many times as many are lost after ads, drawn in.

    The log of each group's ratio is drawn towards the mean of all groups (`shrinkage`). Small
    groups say little by themselves. When staff advertise is not dealt out at random: association.

    Args:
        rows: From `metrics.group_losses_after_ads`.
        level: Confidence level.

    Returns:
        Frame, highest first, those with too few last: group_id, days, losses, member_days, raw
        (ratio as counted), ratio (drawn in) with low and high, p_adjusted (of "no more than
        without", Benjamini–Hochberg over groups), flagged (more, beyond chance), status
        ("too_few": fewer than five losses after ads or without, or than three
        months with both).

    Raises:
        ArgumentError: A column is missing.
        NotEnoughDataError: Fewer than two groups have enough losses.
    """
    lacking = [name for name in NEED if name not in rows]
    if lacking:
        raise ArgumentError(f"rows lacks {', '.join(lacking)}.", fix=f"It needs {', '.join(NEED)}.")
    a, b = rows["losses"].to_numpy(dtype=float), rows["rest_losses"].to_numpy(dtype=float)
    enough = (a >= FEWEST) & (b >= FEWEST) & (rows["months"] >= _MONTHS).to_numpy()
    if enough.sum() < 2:
        raise NotEnoughDataError(
            f"{int(enough.sum())} groups have {FEWEST} losses after ads and without: two are the "
            "least to compare."
        )
    own = np.log(rows["ratio"].to_numpy(dtype=float)[enough])
    variance = rows["variance"].to_numpy(dtype=float)[enough]
    drawn, spread, _ = shrink(own, variance)
    half = quantile(level) * spread**0.5
    frame = rows[["group_id", "days", "losses", "member_days"]].copy()
    for name, values in (("raw", own), ("ratio", drawn), ("low", drawn - half),
                         ("high", drawn + half)):  # fmt: skip
        frame[name] = np.nan
        frame.loc[enough, name] = np.exp(values)
    p = np.full(len(frame), np.nan)
    p[enough] = special.ndtr(-own / variance**0.5)
    frame["p_adjusted"] = benjamini_hochberg(p)
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    frame = frame.assign(_last=~enough, _value=-frame["ratio"])
    frame = frame.sort_values(["_last", "_value", "group_id"], kind="stable", ignore_index=True)
    return frame.drop(columns=["_last", "_value"])
