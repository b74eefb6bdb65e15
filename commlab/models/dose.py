"""Return against participation: a dose curve, as counted and adjusted for what was known before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL

Array = npt.NDArray[np.float64]
# Days of taking part: fine where most members are.
BANDS = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 20), (21, None))


def dose_curve(
    rows: pd.DataFrame,
    *,
    bands: Sequence[tuple[int, int | None]] = BANDS,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return the margin that follows by how much people took part.

    Adjusted: what the mean would be in each band if its people had had the past of all (least
    squares on bands, past and earlier margin, past orders, tenure, and other_days where the rows
    have them; standardised over everybody).
    Errors are the sandwich by chat group, Student's quantile. Who takes part more likes the brand
    more: association, however it is adjusted.

    Args:
        rows: From `metrics.participation_rows`.
        bands: First and last day of each band, from 0 on; the last is open.
        level: Confidence level.
        min_people: Bands with fewer are put together with the one before.

    Returns:
        Frame by band: band ("0", "1–2", … "21+"), people, mean (as counted), value (adjusted) with
        low and high, difference (of value from the first band's) with difference_low and
        difference_high.

    Raises:
        NotEnoughDataError: Fewer than two bands hold enough people.
    """
    days = rows["active_days"].to_numpy()
    edges = _bands(days, bands, min_people)
    if len(edges) < 2:
        raise NotEnoughDataError(f"fewer than two bands of participation hold {min_people} people.")
    place = np.searchsorted([low for low, _ in edges], days, side="right") - 1
    D = (place[:, None] == np.arange(len(edges))).astype(float)
    past = np.column_stack(
        [_squashed(rows[name]) for name in ("past_margin", "earlier_margin")]
        + [rows["past_orders"].to_numpy(dtype=float) ** power for power in (0.5, 1.0)]
        + [
            np.log1p(rows[name].to_numpy(dtype=float))
            for name in ("tenure", "other_days")
            if name in rows
        ]
    )
    past -= past.mean(axis=0)
    X, y = np.hstack([D, past]), rows["margin"].to_numpy(dtype=float)
    bread = np.linalg.pinv(X.T @ X)
    beta = bread @ (X.T @ y)
    scores = X * (y - X @ beta)[:, None]
    codes = pd.factorize(rows["home"])[0]
    sums = np.column_stack([np.bincount(codes, weights=column) for column in scores.T])
    groups = len(sums)
    cover = bread @ (sums.T @ sums) @ bread * groups / max(groups - 1, 1)
    q = float(distributions.t.ppf(0.5 + level / 2, max(groups - 1, 1)))
    out = []
    for band, (low, high) in enumerate(edges):
        half = q * float(cover[band, band]) ** 0.5
        gap = float(beta[band] - beta[0])
        spread = float(cover[band, band] + cover[0, 0] - 2 * cover[band, 0])
        wide = q * max(spread, 0.0) ** 0.5 if band else 0.0
        out.append({"band": _name(low, high), "people": int((place == band).sum()),
                    "mean": float(y[place == band].mean()), "value": float(beta[band]),
                    "low": float(beta[band]) - half, "high": float(beta[band]) + half,
                    "difference": gap, "difference_low": gap - wide,
                    "difference_high": gap + wide})  # fmt: skip
    return pd.DataFrame(out)


def _squashed(values: pd.Series) -> Array:
    x = values.to_numpy(dtype=float)
    return np.sign(x) * np.log1p(np.abs(x))


def _bands(
    days: npt.NDArray[np.int64], bands: Sequence[tuple[int, int | None]], least: int
) -> list[tuple[int, int | None]]:
    """Return bands that hold enough people, small ones put together with the one before."""
    kept: list[tuple[int, int | None]] = []
    for low, high in bands:
        inside = (days >= low) & (days <= (high if high is not None else days.max(initial=0)))
        if inside.sum() >= least or not kept:
            kept.append((low, high))
        else:
            kept[-1] = (kept[-1][0], high)
    first = (days >= kept[0][0]) & (days <= (kept[0][1] if kept[0][1] is not None else np.inf))
    if len(kept) > 1 and first.sum() < least:
        kept[:2] = [(kept[0][0], kept[1][1])]
    return kept


def _name(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return f"{low}" if low == high else f"{low}–{high}"
