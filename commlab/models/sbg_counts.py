"""Losses by age: what the shifted-beta-geometric model is fitted to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.config import MIN_EVENTS
from commlab.errors import ArgumentError, DataError, NotEnoughDataError


def counts_from_survivors(survivors: npt.ArrayLike) -> pd.DataFrame:
    """Return the counts by age of one cohort that was followed from its start.

    Args:
        survivors: People left at the end of periods 0, 1, 2, …; the first is the cohort's size.

    Example:
        >>> counts_from_survivors([1000, 869, 743]).to_numpy().tolist()
        [[1, 131, 1000], [2, 126, 869]]
    """
    left = np.asarray(survivors)
    if left.ndim != 1 or len(left) < 2 or (np.diff(left) > 0).any() or left.min() < 0:
        raise ArgumentError("survivors must be two or more counts that never grow.")
    ages = np.arange(1, len(left))
    return pd.DataFrame({"age": ages, "lost": -np.diff(left), "at_risk": left[:-1]})


def check_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts by age, added up and sorted, or say why they carry no model."""
    missing = {"age", "lost", "at_risk"} - set(counts.columns)
    if missing:
        raise DataError(f"the counts by age lack {', '.join(sorted(missing))}.")
    values = counts[["age", "lost", "at_risk"]].to_numpy(dtype=float)
    if not np.isfinite(values).all() or (values < 0).any():
        raise DataError("the counts by age must be finite and >= 0.")
    table = counts.groupby("age", as_index=False, sort=True)[["lost", "at_risk"]].sum()
    if (table["age"] < 1).any() or (table["age"] != table["age"].round()).any():
        raise DataError("age must be 1, 2, …: the first period is 1.")
    over = table["lost"] > table["at_risk"] * (1 + 1e-9)
    if over.any():
        raise DataError(f"more lost than at risk at age {table.loc[over, 'age'].iloc[0]}.")
    table = table[table["at_risk"] > 0].reset_index(drop=True)
    lost = float(table["lost"].sum())
    kept = float((table["at_risk"] - table["lost"]).sum())
    seen = f"{lost:,.0f} lost and {kept:,.0f} kept in {len(table)} periods"
    if len(table) < 2:
        raise NotEnoughDataError(f"{seen}: two periods are the least.", fix="Use a shorter step.")
    if lost < MIN_EVENTS or kept < MIN_EVENTS:
        raise NotEnoughDataError(f"{seen}: at least {MIN_EVENTS} of each are needed.")
    return table
