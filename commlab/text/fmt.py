"""Everything that writes a figure: `fmt.share(x, lang)`, `fmt.estimate(est, lang)`, and so on.

English: 12.3k, ¥12.3k, 44 % (41–47 %). Chinese: 1.23万, ￥1.23万, 44%（41%–47%）.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from commlab.estimate import Estimate
from commlab.text.change import change, could_be_chance, difference
from commlab.text.dates import UNITS, date, period
from commlab.text.estimates import estimate, interval, refusal, value
from commlab.text.numbers import MISSING, NBSP, count, days, money, number, p_value, points, share

__all__ = [
    "MISSING", "NBSP", "UNITS", "any_value", "change", "could_be_chance", "count", "date", "days",
    "difference", "estimate", "interval", "money", "number", "p_value", "period", "points",
    "refusal", "share", "value",
]  # fmt: skip


def any_value(x: Any, lang: str, *, currency: str = "CNY") -> str:
    """Return anything that may fill a slot, formatted by its type; text stays as it is.

    Example:
        >>> any_value(12345, "zh"), any_value(dt.date(2026, 6, 30), "zh"), any_value("直播", "zh")
        ('1.23万', '2026年6月30日', '直播')
    """
    if isinstance(x, Estimate):
        return estimate(x, lang, currency=currency)
    if isinstance(x, dt.date):
        return date(x, lang)
    if isinstance(x, str):
        return x
    if x is None or isinstance(x, int | float) or hasattr(x, "__float__"):
        return number(None if x is None else float(x), lang)
    return str(x)
