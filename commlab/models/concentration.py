"""How much of the value rests on few people: Lorenz curve and shares of the top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate

Array = npt.NDArray[np.float64]
_POINTS = 20  # steps of 5 % of people: each holds enough to be shown
_DRAWS = 400
# Beyond it the bootstrap's interval is narrower than the printed digits; people are sampled.
_MOST = 200_000


def lorenz(values: npt.ArrayLike, points: int = _POINTS) -> pd.DataFrame:
    """Return which share of all value the most valuable people hold, step by step.

    Args:
        values: One a person; those below 0 count as 0.
        points: Steps.

    Returns:
        Frame: buyers (so many of the most valuable), share_people, share_value.

    Raises:
        NotEnoughDataError: Too few people, or nothing above 0.
    """
    value = _checked(values)
    held = np.concatenate([[0.0], np.cumsum(np.sort(value)[::-1])])
    people = np.round(np.linspace(0, len(value), points + 1)).astype(int)
    return pd.DataFrame(
        {
            "buyers": people,
            "share_people": people / len(value),
            "share_value": held[people] / held[-1],
        }
    )


def top_shares(
    values: npt.ArrayLike,
    tops: Sequence[float] = (0.05, 0.10, 0.20),
    *,
    level: float = LEVEL,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the share of all value that the top 5, 10 and 20 % of people hold.

    Args:
        values: One a person; those below 0 count as 0.
        tops: Shares of people.
        level: Confidence level of the percentile bootstrap over people.
        seed: Seed of the bootstrap.

    Returns:
        Frame: top (share of people), buyers (so many), share_value, low, high.

    Raises:
        NotEnoughDataError: Too few people, or nothing above 0.

    Example:
        >>> top_shares([0.0] * 50 + [9.0] * 5 + [1.0] * 45, [0.05])["share_value"].tolist()
        [0.5]
    """
    for top in tops:
        guards.in_range("tops", top, low=0, high=1, open_low=True)
    value = np.sort(_checked(values))[::-1]
    rng = np.random.default_rng(guards.whole("seed", seed))
    sample = value if len(value) <= _MOST else np.sort(rng.choice(value, _MOST, False))[::-1]
    n = len(sample)
    drawn = np.empty((_DRAWS, len(tops)))
    for place in range(_DRAWS):
        # How often each sorted person is drawn: no resample needs sorting again.
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        people, held = np.cumsum(times), np.cumsum(times * sample)
        drawn[place] = np.interp([top * n for top in tops], people, held) / held[-1]
    tail = (1 - level) / 2
    # Of a sample the spread is that of fewer people: as the square root of their numbers.
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    narrow = (n / len(value)) ** 0.5
    held = np.concatenate([[0.0], np.cumsum(value)])
    share = np.interp(np.asarray(tops) * len(value), np.arange(len(value) + 1), held) / held[-1]
    return pd.DataFrame(
        {
            "top": list(tops),
            "buyers": [round(top * len(value)) for top in tops],
            "share_value": share,
            "low": np.minimum(share, share + narrow * (low - share)),
            "high": np.maximum(share, share + narrow * (high - share)),
        }
    )


def top_share(
    values: npt.ArrayLike, top: float = 0.10, *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return one row of `top_shares` as an estimate."""
    row = top_shares(values, (top,), level=level, seed=seed).iloc[0]
    return Estimate(
        value=row["share_value"], low=row["low"], high=row["high"], level=level,
        n=len(np.asarray(values)), unit="share", method="bootstrap of people",
    )  # fmt: skip


def _checked(values: npt.ArrayLike) -> Array:
    value = np.maximum(np.asarray(values, dtype=float), 0.0)
    if len(value) < MIN_AT_RISK or not value.sum() > 0:
        raise NotEnoughDataError(
            f"{len(value)} people with {value.sum():.6g} of value together: nothing can be "
            f"concentrated among fewer than {MIN_AT_RISK}, or without value."
        )
    return value
