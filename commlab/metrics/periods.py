"""Calendar periods as consecutive whole numbers: the arithmetic of days, weeks and months.

Numbers make "k periods later" a subtraction, on every engine alike. Days count from 1970-01-01
(0), weeks from the week that holds it, months as year × 12 + month − 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards

UNITS = ("day", "week", "month")
_EPOCH = dt.date(1970, 1, 1)
# 1970-01-01 was a Thursday: three days after a Monday, four after a Sunday.
_SHIFT = {"monday": 3, "sunday": 4}


def number(when: ir.Value, unit: str, week_start: str = "monday") -> ir.IntegerValue:
    """Return the consecutive number of the period that holds a naive local time or a date.

    Args:
        when: Timestamp or date expression.
        unit: "day", "week" or "month".
        week_start: "monday" or "sunday".

    Returns:
        int64 expression.
    """
    guards.one_of("unit", unit, UNITS)
    guards.one_of("week_start", week_start, tuple(_SHIFT))
    if unit == "month":
        return (when.year().cast("int64") * 12 + when.month().cast("int64") - 1).cast("int64")
    # By the date: an epoch in seconds is a double that a cast would round up into the next day.
    days = when.cast("date").epoch_days().cast("int64")
    if unit == "day":
        return days
    return ((days + _SHIFT[week_start]) / 7).floor().cast("int64")


def number_of(day: dt.date, unit: str, week_start: str = "monday") -> int:
    """Return the consecutive number of the period that holds a day.

    Example:
        >>> number_of(dt.date(2026, 2, 1), "month") - number_of(dt.date(2025, 12, 31), "month")
        2
    """
    guards.one_of("unit", unit, UNITS)
    if unit == "month":
        return day.year * 12 + day.month - 1
    days = (day - _EPOCH).days
    return days if unit == "day" else (days + _SHIFT[week_start]) // 7


def starts(numbers: Iterable[int], unit: str, week_start: str = "monday") -> pd.DatetimeIndex:
    """Return the first day of each numbered period.

    Example:
        >>> starts([number_of(dt.date(2026, 6, 30), "week")], "week")[0].date()
        datetime.date(2026, 6, 29)
    """
    guards.one_of("unit", unit, UNITS)
    whole = np.asarray(list(numbers), dtype="int64")
    if unit == "month":
        days = (whole - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    elif unit == "day":
        days = whole.astype("datetime64[D]")
    else:
        days = (whole * 7 - _SHIFT[week_start]).astype("datetime64[D]")
    return pd.DatetimeIndex(days.astype("datetime64[us]"))


def month_name(number: ir.IntegerValue) -> ir.StringValue:
    """Return the months of numbers as text, e.g. "2026-03"."""
    month = (number % 12 + 1).cast("string").lpad(2, "0")
    return (number // 12).cast("string").concat("-", month)


def last_complete(as_of: dt.date, unit: str, week_start: str = "monday") -> int:
    """Return the number of the last period that is over at the end of `as_of`.

    Example:
        >>> last_complete(dt.date(2026, 6, 30), "month") == number_of(dt.date(2026, 6, 1), "month")
        True
        >>> last_complete(dt.date(2026, 6, 29), "month") == number_of(dt.date(2026, 5, 1), "month")
        True
    """
    return number_of(as_of + dt.timedelta(days=1), unit, week_start) - 1


__all__ = ["UNITS", "last_complete", "month_name", "number", "number_of", "starts"]
