"""Days and periods as each language writes them."""

from __future__ import annotations

import datetime as dt

from commlab import guards
from commlab.config import LANGUAGES
from commlab.text.numbers import MISSING

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August",
           "September", "October", "November", "December")  # fmt: skip
UNITS = ("day", "week", "month", "quarter", "year")


def date(d: dt.date | None, lang: str) -> str:
    """Return a day.

    Example:
        >>> date(dt.date(2026, 6, 30), "en"), date(dt.date(2026, 6, 30), "zh")
        ('30 June 2026', '2026年6月30日')
    """
    guards.one_of("lang", lang, LANGUAGES)
    if d is None or d != d:  # NaT is not equal to itself
        return MISSING
    if lang == "zh":
        return f"{d.year}年{d.month}月{d.day}日"
    return f"{d.day} {_MONTHS[d.month - 1]} {d.year}"


def period(d: dt.date | None, unit: str, lang: str, *, short: bool = False) -> str:
    """Return the name of the day, week, month, quarter or year that starts on `d`.

    Args:
        d: First day of the period.
        unit: One of `UNITS`.
        lang: "en" or "zh".
        short: The shortest unambiguous form, for phones: 2026-06, 06-29.

    Example:
        >>> period(dt.date(2026, 6, 1), "month", "en"), period(dt.date(2026, 6, 1), "month", "zh")
        ('Jun 2026', '2026年6月')
        >>> period(dt.date(2026, 6, 29), "week", "en"), period(dt.date(2026, 6, 29), "week", "zh")
        ('week of 29 Jun 2026', '2026年6月29日当周')
    """
    guards.one_of("unit", unit, UNITS)
    guards.one_of("lang", lang, LANGUAGES)
    if d is None or d != d:
        return MISSING
    quarter = (d.month + 2) // 3
    if short:
        forms = {"day": f"{d:%m-%d}", "week": f"{d:%m-%d}", "month": f"{d:%Y-%m}"}
        return forms.get(unit) or (f"{d.year}Q{quarter}" if unit == "quarter" else f"{d.year}")
    if lang == "zh":
        return {
            "day": f"{d.year}年{d.month}月{d.day}日",
            "week": f"{d.year}年{d.month}月{d.day}日当周",
            "month": f"{d.year}年{d.month}月",
            "quarter": f"{d.year}年第{quarter}季度",
            "year": f"{d.year}年",
        }[unit]
    month = _MONTHS[d.month - 1][:3]
    return {
        "day": f"{d.day} {month} {d.year}",
        "week": f"week of {d.day} {month} {d.year}",
        "month": f"{month} {d.year}",
        "quarter": f"Q{quarter} {d.year}",
        "year": f"{d.year}",
    }[unit]
