"""A clock on which events come evenly: calendar time bent by hours of the day and festivals.

A Poisson process in operational time, read off in calendar time, is a Poisson process whose rate
follows the profile exactly. Closed forms hold in operational time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from commlab.config import china_calendar

SPARE_DAYS = 400  # the clock runs on beyond the end, for waits that end there


class Clock:
    """Maps calendar days (since the first local midnight) to operational days and back.

    Without festivals every whole day lasts exactly one operational day.

    Args:
        start: First day.
        days: Length of the world.
        hours: 24 weights by hour of the day.
        festivals: Factor on the rate by festival name; others 1.

    Example:
        >>> clock = Clock(dt.date(2025, 4, 1), 30, [1] * 24)
        >>> float(clock.operational(np.array([1.25]))[0])
        1.25
    """

    def __init__(
        self,
        start: dt.date,
        days: int,
        hours: Sequence[float],
        festivals: Mapping[str, float] | None = None,
    ) -> None:
        total = days + SPARE_DAYS
        factor = np.ones(total)
        last = start + dt.timedelta(days=total)
        for festival in china_calendar(start.year - 1, last.year):
            weight = (festivals or {}).get(festival.name, 1.0)
            first = (festival.starts_on - start).days
            beyond = (festival.ends_on - start).days + 1
            factor[max(first, 0) : max(beyond, 0)] *= weight
        day = np.asarray(hours, dtype=float)
        rate = (factor[:, None] * (day / day.mean())[None, :]).ravel() / 24.0
        self._calendar = np.arange(total * 24 + 1) / 24.0
        self._operational = np.concatenate([[0.0], np.cumsum(rate)])

    def operational(self, days: np.ndarray | float) -> np.ndarray:
        """Return operational days for calendar days."""
        return np.asarray(np.interp(days, self._calendar, self._operational))

    def calendar(self, days: np.ndarray | float) -> np.ndarray:
        """Return calendar days for operational days."""
        return np.asarray(np.interp(days, self._operational, self._calendar))
