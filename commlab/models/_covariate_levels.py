"""Levels of covariates: who belongs to which, and what cannot be told apart."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.errors import ArgumentError, DataError, NotEnoughDataError, StatisticalWarning

# Every level adds coefficients to a matrix that is factored once a draw: with 100 levels and two
# effects some milliseconds. Levels beyond it are names or numbers rather than segments.
MAX_LEVELS = 100
Whole = npt.NDArray[np.intp]


def labels(rfm: pd.DataFrame, covariates: Sequence[str]) -> list[npt.NDArray[np.str_]]:
    """Return the levels of each row as text, a list with one array a covariate.

    Raises:
        DataError: A column is missing, or holds missing values; the message counts them.
    """
    absent = [name for name in covariates if name not in rfm.columns]
    if absent:
        raise DataError(
            f"the frame lacks {', '.join(absent)}.",
            fix="Join the covariates of the fit to it, one value a customer.",
        )
    empty = {name: int(rfm[name].isna().sum()) for name in covariates}
    if any(empty.values()):
        told = ", ".join(f"{name} in {count:,}" for name, count in empty.items() if count)
        raise DataError(
            f"of {len(rfm):,} rows the level is missing: {told}.",
            fix="Make them a level of their own, rfm[name].fillna('unknown'), or drop them.",
        )
    return [rfm[name].astype(str).to_numpy(dtype=str) for name in covariates]


def learn(
    rows: Sequence[npt.NDArray[np.str_]], covariates: Sequence[str]
) -> list[npt.NDArray[np.str_]]:
    """Return the sorted levels of each covariate, or say why they cannot be compared.

    Raises:
        NotEnoughDataError: A covariate has one level.
        ArgumentError: A covariate has too many, or two tell the same customers apart.
    """
    if not len(rows[0]):
        raise NotEnoughDataError("there is no customer with a purchase.")
    levels = [np.unique(row) for row in rows]
    for name, found in zip(covariates, levels, strict=True):
        if len(found) < 2:
            raise NotEnoughDataError(
                f"{name} has one level, {str(found[0])!r}: two are the least to compare.",
                fix="Leave it out; the model without covariates says the same.",
            )
        if len(found) > MAX_LEVELS:
            raise ArgumentError(
                f"{name} has {len(found):,} levels, must be <= {MAX_LEVELS}.",
                fix="Put small levels together, or cut a number into bands with pandas.cut.",
            )
    codes = [np.searchsorted(found, row) for found, row in zip(levels, rows, strict=True)]
    patterns = np.unique(np.column_stack(codes), axis=0)
    for second in range(len(codes)):
        for first in range(second):
            pairs = len(np.unique(patterns[:, [first, second]], axis=0))
            if pairs == len(levels[first]) == len(levels[second]):
                raise ArgumentError(
                    f"{covariates[first]} and {covariates[second]} tell the same customers apart: "
                    "their effects cannot be told from each other.",
                    fix=f"Leave {covariates[second]} out.",
                )
    _warn_if_collinear(patterns, [len(found) for found in levels], covariates)
    return levels


def _warn_if_collinear(
    patterns: npt.NDArray[np.integer], sizes: Sequence[int], covariates: Sequence[str]
) -> None:
    dummies = np.hstack(
        [patterns[:, [c]] == np.arange(size)[None, :] for c, size in enumerate(sizes)]
    ).astype(float)
    wanted = 1 + sum(size - 1 for size in sizes)
    rank = int(np.linalg.matrix_rank(dummies))
    if rank < wanted:
        warnings.warn(
            f"the levels of {', '.join(covariates)} do not occur independently (rank {rank} of "
            f"{wanted}): what is common to them is shared out by their spreads. Predictions and "
            "their intervals hold; read the coefficients together.",
            StatisticalWarning,
            stacklevel=4,
        )


def encode(
    rows: Sequence[npt.NDArray[np.str_]], levels: Sequence[npt.NDArray[np.str_]]
) -> npt.NDArray[np.intp]:
    """Return codes (rows, covariates); a level that is not among `levels` gets their number."""
    codes = []
    for row, known in zip(rows, levels, strict=True):
        place = np.minimum(np.searchsorted(known, row), len(known) - 1)
        codes.append(np.where(known[place] == row, place, len(known)))
    return np.column_stack(codes).astype(np.intp)


def group(codes: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], list[Whole]]:
    """Return the patterns of levels that occur, and the rows of each."""
    # One whole number a pattern: sorting rows of a matrix takes twenty times as long.
    base = int(codes.max(initial=0)) + 1
    key = codes @ base ** np.arange(codes.shape[1])[::-1]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=len(first)))
    return codes[first], np.split(order, ends[:-1])


def count(
    known: Sequence[npt.NDArray[np.str_]], covariates: Sequence[str], patterns: Whole,
    customers: npt.NDArray[np.float64], repeat_buyers: npt.NDArray[np.float64],
) -> pd.DataFrame:  # fmt: skip
    """Return covariate, level, customers and repeat_buyers, from those of the patterns."""
    frames = []
    for c, (name, levels) in enumerate(zip(covariates, known, strict=True)):
        sums = [np.bincount(patterns[:, c], weights=values, minlength=len(levels))
                for values in (customers, repeat_buyers)]  # fmt: skip
        frames.append(
            pd.DataFrame({"covariate": name, "level": levels, "customers": sums[0],
                          "repeat_buyers": sums[1]})
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)
