"""Argument checks: each returns the value or raises an `ArgumentError`.

A message is always: name == value, the bound, how to mend it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from typing import TypeVar

from commlab.errors import ArgumentError, nearest

T = TypeVar("T")


def one_of(name: str, value: T, allowed: Collection[T]) -> T:
    """Return `value` if it is one of `allowed`.

    Example:
        >>> one_of("kind", "on", ("on", "unbounded"))
        'on'
    """
    if value not in allowed:
        options = ", ".join(repr(item) for item in allowed)
        hint = nearest(str(value), [str(item) for item in allowed])
        raise ArgumentError(
            f"{name} == {value!r}, must be one of {options}.",
            fix=hint if hint.startswith("Did") else "",
        )
    return value


def in_range(
    name: str,
    value: float,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return `value` if it is a finite number between `low` and `high`.

    Example:
        >>> in_range("level", 0.95, low=0, high=1, open_low=True, open_high=True)
        0.95
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ArgumentError(f"{name} == {value!r}, must be a finite number.")
    if value < low or (open_low and value == low):
        raise ArgumentError(f"{name} == {value!r}, must be {'>' if open_low else '>='} {low:g}.")
    if value > high or (open_high and value == high):
        raise ArgumentError(f"{name} == {value!r}, must be {'<' if open_high else '<='} {high:g}.")
    return value


def whole(name: str, value: int, *, low: int = 0, high: int | None = None) -> int:
    """Return `value` if it is a whole number between `low` and `high`, both inclusive.

    Example:
        >>> whole("jobs", 2, low=1)
        2
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(f"{name} == {value!r}, must be a whole number.")
    in_range(name, value, low=low, high=math.inf if high is None else high)
    return value


def date(name: str, value: str | dt.date | None) -> dt.date | None:
    """Return `value` as a date; None stays None.

    Example:
        >>> date("as_of", "2026-06-30")
        datetime.date(2026, 6, 30)
    """
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise ArgumentError(
            f"{name} is {value!r}, which is no date.", fix="Write it as 2026-06-30."
        ) from None
