"""Reading of the small frames that charts get: columns checked, numbers as plain floats."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from commlab.errors import ArgumentError, NotEnoughDataError


def need(frame: pd.DataFrame, columns: Iterable[str], chart: str) -> None:
    """Raise unless `frame` has rows and every one of `columns`.

    Raises:
        ArgumentError: Columns are missing; the message names them and what there is.
        NotEnoughDataError: The frame has no rows.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ArgumentError(
            f"The frame lacks the columns {', '.join(missing)}.",
            where=chart,
            fix=f"It has: {', '.join(map(str, frame.columns))}.",
        )
    if frame.empty:
        raise NotEnoughDataError("The frame has no rows to draw.", where=chart)


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column as floats, missing as NaN; all NaN when the frame lacks it.

    Example:
        >>> numbers(pd.DataFrame({"n": pd.array([1, None], dtype="Int64")}), "n").tolist()
        [1.0, nan]
    """
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def days(frame: pd.DataFrame, column: str) -> list[dt.date]:
    """Return a column of dates or timestamps as dates."""
    return [pd.Timestamp(value).date() for value in frame[column]]


def flags(frame: pd.DataFrame, column: str, *, default: bool = False) -> np.ndarray:
    """Return a column as booleans, missing as `default`."""
    if column not in frame.columns:
        return np.full(len(frame), default)
    return frame[column].astype("boolean").fillna(default).to_numpy(dtype=bool)


def status(frame: pd.DataFrame) -> np.ndarray:
    """Return the status of each row; "ok" where the frame has none."""
    if "status" not in frame.columns:
        return np.full(len(frame), "ok", dtype=object)
    return frame["status"].fillna("ok").astype(str).to_numpy(dtype=object)
