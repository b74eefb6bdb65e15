"""Text cells to instants and dates: the ways in which exports write a time.

A time without an offset is wall-clock time in the source's zone. Seconds and milliseconds since
1970 and times with an offset are instants already.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from commlab.loaders.values import EMPTY_VALUE, Parsed, narrow

TWICE = "hour that the clock showed twice: the first was taken"
SKIPPED = "hour that the clock skipped: moved to the end of the gap"

_CALENDAR = re.compile(
    r"^(?P<year>\d{4})(?P<mark>[-/.年])\s?(?P<month>\d{1,2})[-/.月]\s?(?P<day>\d{1,2})日?"
    r"(?:[T\s]*(?P<half>上午|下午|AM|PM)?\s*(?P<hour>\d{1,2})[:时点]\s?(?P<minute>\d{1,2})分?"
    r"(?:[:]?\s?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?秒?)?"
    r"\s*(?P<half_after>AM|PM)?)?"
    r"\s*(?P<offset>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?$",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?$")
_SERIAL = re.compile(r"^\d{5}(\.\d+)?$")
_EPOCH = re.compile(r"^\d{9,10}(\.\d{1,6})?$|^\d{12,13}$|^\d{15,16}$")
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 80_000  # 1927 to 2119: later than Excel's leap year error
_DAY_US = 86_400_000_000
_SERIAL_START_US = -25_569 * _DAY_US  # 1899-12-30


def to_time(text: pd.Series, *, zone: str, form: str = "") -> Parsed:
    """Return instants in UTC, microseconds.

    Reads `2016/5/23 22:02`, `2016-05-23 22:02:00`, `2016年5月23日 下午10:02`, `20160523220200`,
    Excel serials, seconds, milliseconds or microseconds since 1970, and ISO 8601 with an offset.
    Day-first and month-first dates cannot be told apart: they need `form`.

    Args:
        text: Text column.
        zone: IANA zone of wall-clock times.
        form: strptime format, when the source has one of its own.

    Returns:
        datetime64[us, UTC]; times that a change of the clock makes doubtful are flagged.

    Example:
        >>> to_time(pd.Series(["2016年5月23日 22:02"]), zone="Asia/Shanghai").cells[0]
        Timestamp('2016-05-23 14:02:00+0000', tz='UTC')
    """
    codes, distinct = pd.factorize(text)
    cells = [str(cell) for cell in distinct]
    micros, instant, bad = _read(cells, form)
    wall = _wall(micros)
    # Wall-clock times that exist twice are taken as summer time, the first of the two.
    local = wall.dt.tz_localize(zone, ambiguous=np.ones(len(wall), bool), nonexistent="NaT")
    shifted = wall.dt.tz_localize(
        zone, ambiguous=np.ones(len(wall), bool), nonexistent="shift_forward"
    )
    second = wall.dt.tz_localize(zone, ambiguous=np.zeros(len(wall), bool), nonexistent="NaT")
    known = wall.notna() & ~instant
    twice = known & (local != second) & local.notna()
    skipped = known & local.isna()
    utc = shifted.dt.tz_convert("UTC").where(~instant, wall.dt.tz_localize("UTC"))
    values = utc.astype("datetime64[us, UTC]").take(codes).set_axis(text.index).rename(text.name)
    flags = {
        name: pd.Series(mask.to_numpy()[codes], index=text.index)
        for name, mask in ((TWICE, twice), (SKIPPED, skipped))
        if mask.any()
    }
    return Parsed(values, pd.Series(bad[codes], index=text.index), flags)


def to_date(text: pd.Series, *, form: str = "") -> Parsed:
    """Return calendar dates (datetime64[us] at midnight); a time of day is dropped.

    Example:
        >>> to_date(pd.Series(["2016/5/23", "42513"])).cells.dt.date.astype(str).tolist()
        ['2016-05-23', '2016-05-23']
    """
    codes, distinct = pd.factorize(text)
    micros, _, bad = _read([str(cell) for cell in distinct], form)
    values = _wall(micros).dt.normalize().take(codes).set_axis(text.index).rename(text.name)
    return Parsed(values, pd.Series(bad[codes], index=text.index))


def _wall(micros: list[int | None]) -> pd.Series:
    missing = np.iinfo("int64").min  # numpy's NaT
    filled = np.array([missing if item is None else item for item in micros], dtype="int64")
    return pd.Series(filled.view("datetime64[us]"))


def _read(cells: list[str], form: str) -> tuple[list[int | None], np.ndarray, np.ndarray]:
    """Microseconds since 1970 (wall-clock or instant), which are instants, which are bad."""
    found = [_strptime(cell, form) if form else _one(narrow(cell)) for cell in cells]
    micros = [item[0] if item else None for item in found]
    instant = np.array([bool(item and item[1]) for item in found], dtype=bool)
    bad = np.array(
        [
            item is None and cell.strip() not in EMPTY_VALUE
            for item, cell in zip(found, cells, strict=True)
        ],
        dtype=bool,
    )
    return micros, instant, bad


def _strptime(cell: str, form: str) -> tuple[int, bool] | None:
    moment = pd.to_datetime(narrow(cell), format=form, errors="coerce")
    if pd.isna(moment):
        return None
    aware = moment.tzinfo is not None
    utc = moment.tz_convert("UTC").tz_localize(None) if aware else moment
    return int((utc - pd.Timestamp(0)) // pd.Timedelta(microseconds=1)), aware


def _one(cell: str) -> tuple[int, bool] | None:
    if match := _CALENDAR.match(cell):
        return _calendar(match)
    if match := _COMPACT.match(cell):
        micros = _micros(*(int(part or 0) for part in match.groups()))
        return None if micros is None else (micros, False)
    if _SERIAL.match(cell) and _FIRST_SERIAL <= float(cell) <= _LAST_SERIAL:
        # A day fraction written with ten digits is good to 0.01 ms: whole milliseconds.
        return _SERIAL_START_US + round(float(cell) * 86_400_000) * 1000, False
    if _EPOCH.match(cell):
        whole = len(cell.partition(".")[0])
        scale = 1_000_000 if whole <= 10 else 1_000 if whole <= 13 else 1
        digits, _, part = cell.partition(".")
        return int(digits) * scale + int(part.ljust(6, "0") or 0), True
    return None


def _calendar(match: re.Match[str]) -> tuple[int, bool] | None:
    hour = int(match["hour"] or 0)
    half = (match["half"] or match["half_after"] or "").upper()
    if half in ("下午", "PM") and hour < 12:
        hour += 12
    elif half in ("上午", "AM") and hour == 12:
        hour = 0
    micros = _micros(
        int(match["year"]), int(match["month"]), int(match["day"]),
        hour, int(match["minute"] or 0), int(match["second"] or 0),
    )  # fmt: skip
    if micros is None:
        return None
    micros += int((match["fraction"] or "").ljust(6, "0")[:6])
    offset = (match["offset"] or "").upper().replace(":", "")
    if not offset:
        return micros, False
    if offset not in ("Z", "UTC"):
        minutes = int(offset[1:3]) * 60 + int(offset[3:5] or 0)
        micros -= (1 if offset[0] == "+" else -1) * minutes * 60_000_000
    return micros, True


def _micros(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> int | None:
    try:
        moment = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "D")
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    clock = (hour * 3600 + minute * 60 + second) * 1_000_000
    return int(moment.astype("datetime64[D]").astype("int64")) * _DAY_US + clock
