"""Where days stand among bars of periods that are centred on whole numbers."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence


def span(start: dt.date, unit: str) -> int:
    """Return the days of the period (day, week or month) that starts on a day."""
    if unit != "month":
        return {"day": 1, "week": 7}[unit]
    return calendar.monthrange(start.year, start.month)[1]


def place(starts: Sequence[dt.date], unit: str, day: dt.date) -> float:
    """Return where a day stands: k is the middle of the bar that starts on the k-th day.

    Args:
        starts: First day of each bar, by date.
        unit: "day", "week" or "month".
        day: The day; before the first bar its left edge, after the last its right one.

    Example:
        >>> place([dt.date(2026, 4, 1), dt.date(2026, 5, 1)], "month", dt.date(2026, 4, 16))
        0.0
    """
    for index, start in enumerate(starts):
        length = span(start, unit)
        if start <= day < start + dt.timedelta(days=length):
            return index - 0.5 + (day - start).days / length
    return -0.5 if day < starts[0] else len(starts) - 0.5
