"""What the return would be if only a stated part of members' margin came from the community."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import Estimate

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


def read_shares(text: str) -> tuple[float, ...]:
    """Return shares written as "0.1, 0.5"; empty: the usual ones.

    Raises:
        ArgumentError: One is no number above 0 and at most 1.
    """
    if not text.strip():
        return SHARES
    try:
        shares = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ArgumentError(f"shares == {text!r}, must be numbers.", fix="0.1, 0.5, 1") from None
    for share in shares:
        guards.in_range("shares", share, low=0, high=1, open_low=True)
    return tuple(sorted(set(shares)))


def scenarios(
    figures: dict[str, Estimate],
    shares: Sequence[float] = SHARES,
    *,
    margin_change: float = 0.0,
    cost_change: float = 0.0,
) -> pd.DataFrame:
    """Return net value if a share of members' margin would not have come without the community.

    Arithmetic on assumptions that are stated, no forecast: margin × (1 + margin_change) × share −
    cost × (1 + cost_change). Intervals are those of the margin.

    Args:
        figures: From `return_figures`.
        shares: Shares of the margin that the community adds.
        margin_change: Assumed change of the margin, e.g. 0.1 for a tenth more.
        cost_change: Assumed change of the cost.

    Returns:
        Frame, a row a share: share, buyers, margin, spent, value with low and high, ratio.

    Raises:
        NotEnoughDataError: There is no margin to start from.
    """
    guards.in_range("margin_change", margin_change, low=-1)
    guards.in_range("cost_change", cost_change, low=-1)
    margin, spent = figures["margin"], figures["spent"]
    if margin.value is None or margin.low is None or margin.high is None or spent.value is None:
        raise NotEnoughDataError(f"there is no margin to start from: {margin.reason}.")
    cost = spent.value * (1 + cost_change)
    rows = []
    for share in shares:
        times = share * (1 + margin_change)
        value, low, high = (times * end for end in (margin.value, margin.low, margin.high))
        rows.append({"share": share, "buyers": margin.n, "margin": value, "spent": cost,
                     "value": value - cost, "low": low - cost, "high": high - cost,
                     "ratio": value / cost if cost else float("nan")})  # fmt: skip
    return pd.DataFrame(rows)


def needed_share(figures: dict[str, Estimate]) -> Estimate:
    """Return which share of members' margin the community must add to pay for itself.

    The inverse of the ratio, ends turned round; above 1: not even all of it pays for the cost.
    """
    ratio = figures["ratio"]
    if ratio.value is None or ratio.low is None or ratio.high is None:
        return Estimate.refused(ratio.reason or "no ratio", unit="share", n=ratio.n)
    if ratio.low <= 0:
        return Estimate.refused("the margin is not surely above 0", unit="share", n=ratio.n)
    return Estimate(value=1 / ratio.value, low=1 / ratio.high, high=1 / ratio.low,
                    level=ratio.level, n=ratio.n, unit="share", method=ratio.method)  # fmt: skip
