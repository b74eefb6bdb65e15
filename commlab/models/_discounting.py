"""A yearly discount rate in the time unit of a frame."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import DataError
from commlab.models._btyd_data import UNIT_ATTR

PER_YEAR = {"D": 365.2425, "W": 365.2425 / 7, "M": 12.0}


def yearly_rate(rfm: pd.DataFrame, discount_rate: float) -> float:
    """Return the continuous rate for a unit of the frame's time."""
    guards.in_range("discount_rate", float(discount_rate), low=0, high=10)
    unit = rfm.attrs.get(UNIT_ATTR)
    if unit not in PER_YEAR:
        raise DataError(
            "the frame does not say in which unit its time is, so a yearly rate cannot be used.",
            fix='Set rfm.attrs["time_unit"] to "D", "W" or "M".',
        )
    return float(np.log1p(discount_rate)) / PER_YEAR[unit]


def annuity(rate: float, horizon: float) -> float:
    """Return the discounted length of the horizon."""
    return float(-np.expm1(-rate * horizon) / rate) if rate > 0 else float(horizon)
