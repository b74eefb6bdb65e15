"""A random holdout from a list of people, stratified and blocked by the order of the list."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pandas as pd

from commlab.errors import ArgumentError

TREATED = "treated"
_LONGEST_BLOCK = 20  # longer blocks would leave the ends of a list to chance
_BANDS = 5  # of a numeric column: fifths
_FEW_VALUES = 10  # a numeric column with more than these is cut into bands


def seed_of(campaign_id: str) -> int:
    """Return the seed that belongs to a campaign, so that assigning again gives the same arms.

    Example:
        >>> seed_of("win-back-07") == seed_of("win-back-07")
        True
    """
    return int.from_bytes(hashlib.sha256(campaign_id.encode()).digest()[:8], "big")


def held_share(holdout: float) -> float:
    """Return the share that is held out in truth: a fraction of at most 20 parts.

    Example:
        >>> held_share(0.333)
        0.3333333333333333
    """
    return float(_fraction(holdout))


def _fraction(holdout: float) -> Fraction:
    least, most = 1 / _LONGEST_BLOCK, 1 - 1 / _LONGEST_BLOCK
    if not least <= holdout <= most:
        raise ArgumentError(
            f"holdout is {holdout:g}: of each hundred people at least {100 * least:.0f} and at "
            f"most {100 * most:.0f} can be held out.",
            fix="Give it as a share: 0.2 holds out a fifth.",
        )
    return Fraction(holdout).limit_denominator(_LONGEST_BLOCK)


def strata(frame: pd.DataFrame, by: str) -> pd.Series:
    """Return the stratum of each row: the values of a column, or its fifths when it is numeric.

    Args:
        frame: The list.
        by: Name of the column; missing values are a stratum of their own.

    Raises:
        ArgumentError: The list has no such column.
    """
    if by not in frame:
        raise ArgumentError(
            f"by == {by!r}, the list has no such column.",
            fix=f"It has: {', '.join(map(str, frame.columns))}.",
        )
    values = frame[by]
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > _FEW_VALUES:
        values = pd.qcut(values, _BANDS, labels=False, duplicates="drop")
    return values.astype("object").where(values.notna(), "").astype(str)


def holdout_arms(
    frame: pd.DataFrame,
    holdout: float,
    *,
    by: str | None = None,
    control: str = "control",
    seed: int = 0,
) -> pd.Series:
    """Return the arm of each row: `control` with probability `holdout`, else "treated".

    Permuted blocks (Rosenberger & Lachin 2016, Randomization in Clinical Trials, ch. 3): within
    a stratum, neighbours in the order of the list form blocks of q with p controls each, where
    holdout = p / q. The arms are so alike in what the list is sorted by, and everybody has the
    same chance.

    Args:
        frame: The list, best first.
        holdout: Share held out, 0.05 to 0.95; rounded to a fraction of at most 20 parts.
        by: Column to stratify by; None: the whole list is one stratum.
        control: Name of the arm held out.
        seed: Seed; see `seed_of`.

    Returns:
        Series of "treated" and `control`, aligned with `frame`.

    Raises:
        ArgumentError: `holdout` is out of bounds or `by` is not a column.

    Example:
        >>> arms = holdout_arms(pd.DataFrame({"member_id": list("abcdefghij")}), 0.2)
        >>> int((arms == "control").sum())
        2
    """
    share = _fraction(holdout)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(frame), dtype=bool)
    groups = strata(frame, by) if by is not None else pd.Series("", index=frame.index)
    codes, _ = pd.factorize(groups, sort=True)
    for code in range(codes.max(initial=-1) + 1):
        rows = np.flatnonzero(codes == code)
        held[rows] = _blocks(len(rows), share, rng)
    return pd.Series(np.where(held, control, TREATED), index=frame.index, name="arm")


def _blocks(n: int, share: Fraction, rng: np.random.Generator) -> np.ndarray:
    """Return n draws in blocks; a last block that is not full keeps the chance of each."""
    size, controls = share.denominator, share.numerator
    whole = -(-n // size)
    block = np.zeros((whole, size), dtype=bool)
    block[:, :controls] = True
    # The part of a full permuted block that exists: each of its places is a control as often.
    return np.asarray(rng.permuted(block, axis=1).ravel()[:n])
