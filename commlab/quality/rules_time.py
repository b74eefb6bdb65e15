"""Rules about when rows come: days without any, an end too early, clocks that are hours off."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd

from commlab.quality.findings import Finding
from commlab.quality.tolerant import Tolerant, day_of
from commlab.tables import table

# Tables that fill day by day; the others come in campaigns, and their silence means nothing.
FLOWS = ("members", "memberships", "messages", "orders", "contacts")
# Tables of what people do themselves, at the hours when they are awake.
HUMAN = ("members", "memberships", "messages", "orders", "contacts", "touchpoints", "check_ins")

LEVEL = 0.001  # chance of one false alarm a table, over all of its days
NEIGHBOURS = 4  # same weekdays on each side of a silence: a month, within which trade hardly moves
BOTH_SIDES = 2  # equal weekdays on each side of a gap
BUSY_ZEROS = 0.25  # where more of the neighbours are empty too, the table is not busy then
FLOOR_DISPERSION = 0.05  # days are never as even as Poisson: a coefficient of variation of .22

SHIFT_ROWS = 500  # an hour of the quietest quarter then still holds some five rows
PLACELESS = ("UTC", "Etc/UTC", "GMT", "Etc/GMT")  # zones that claim nothing about people's nights
SHIFT_DAYS = 7  # one evening's chat is no rhythm of the day
WINDOW = 6  # hours of sleep
NIGHT = slice(0, WINDOW)  # 00:00–06:00, when people in one zone sleep
QUIET_SHARE = 0.125  # half of what six even hours would hold: there is a trough at all
BUSY_SHARE = 0.20  # the night holds nearly as much as six even hours would (.25)
DAYTIME = range(9, 22)  # middle of the trough, were it in the day
ONE_HOUR = 0.95  # dates written as times: all at the same hour


@dataclasses.dataclass(frozen=True)
class Silence:
    """Consecutive days without a row where rows were to be expected.

    Attributes:
        first: First silent day, as an index of the series.
        days: Number of days.
        expected: Rows that the same weekdays around it let expect.
        chance: Probability of so long a silence, times the number of days looked at.
    """

    first: int
    days: int
    expected: float
    chance: float


def silences(counts: np.ndarray) -> list[Silence]:
    """Return the silences of a daily series that chance hardly makes.

    A day is compared with up to four equal weekdays on each side outside its own run of empty
    days, so that closed weekends and slow trends raise nothing. The count is negative binomial
    with the spread of the table's own days; P(0) = (1 + a m)^(-1/a) for the mean m and the
    dispersion a. The product over the run is corrected for the number of days (Bonferroni).

    Args:
        counts: Rows a day, one element a day without holes.

    Returns:
        Silences in order of time; the last may reach the end of the series.

    Example:
        >>> import numpy as np
        >>> counts = np.full(60, 40)
        >>> counts[30:32] = 0
        >>> [(item.first, item.days, item.expected) for item in silences(counts)]
        [(30, 2, 80.0)]
    """
    counts = np.asarray(counts, dtype="float64")
    dispersion = max(_dispersion(counts), FLOOR_DISPERSION)
    found = []
    for start, stop in _empty_runs(counts):
        expected, log_chance = 0.0, 0.0
        for offset in range(min(7, stop - start)):
            before, after = _same_weekdays(counts, start, stop, start + offset)
            around = np.concatenate((before, after))
            if len(around) < NEIGHBOURS or np.mean(around == 0) > BUSY_ZEROS:
                continue
            # One row years before the others opens no silence: both sides must be busy.
            if min(len(before), NEIGHBOURS if stop == len(counts) else len(after)) < BOTH_SIDES:
                continue
            mean, repeats = float(around.mean()), len(range(start + offset, stop, 7))
            expected += mean * repeats
            log_chance -= repeats * np.log1p(dispersion * mean) / dispersion
        chance = float(np.exp(log_chance)) * len(counts)
        if expected and chance < LEVEL:
            found.append(Silence(start, stop - start, expected, chance))
    return found


def _empty_runs(counts: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], counts == 0, [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _same_weekdays(
    counts: np.ndarray, start: int, stop: int, day: int
) -> tuple[np.ndarray, np.ndarray]:
    before = np.arange(day, -1, -7)
    before = before[before < start][:NEIGHBOURS]
    after = np.arange(day, len(counts), 7)
    after = after[after >= stop][:NEIGHBOURS]
    return counts[before], counts[after]


def _dispersion(counts: np.ndarray) -> float:
    """Moment estimate of the negative binomial's a, around the mean of equal weekdays nearby.

    Empty days are left out: they are what is being judged.
    """
    shifts = [7 * k for k in range(-NEIGHBOURS, NEIGHBOURS + 1) if k]
    padded = np.pad(np.where(counts > 0, counts, np.nan), 7 * NEIGHBOURS, constant_values=np.nan)
    here = np.arange(len(counts)) + 7 * NEIGHBOURS
    around = np.stack([padded[here + shift] for shift in shifts])
    seen = np.isfinite(around).sum(axis=0)
    usable = (counts > 0) & (seen >= NEIGHBOURS)
    if not usable.any():
        return 0.0
    mean = np.nansum(around, axis=0)[usable] / seen[usable]
    squares = (counts[usable] - mean) ** 2 / (1 + 1 / seen[usable])
    return float((squares - mean).sum() / (mean**2).sum())


def trough(hours: np.ndarray) -> int | None:
    """Return the middle hour of the quietest six hours if that is in the daytime, else None.

    Told only where there are `SHIFT_ROWS` rows, a clear trough, and a night as busy as the day:
    a community around the globe or rows without a time of day say nothing.

    Args:
        hours: Rows by local hour, 24 elements.

    Example:
        >>> awake = [0] * 7 + [40] * 17
        >>> trough(awake) is None, trough(awake[-8:] + awake[:-8])
        (True, 11)
    """
    hours = np.asarray(hours, dtype="float64")
    total = hours.sum()
    if total < SHIFT_ROWS or hours.max() > ONE_HOUR * total:
        return None
    share = hours / total
    windows = np.array([np.roll(share, -start)[:WINDOW].sum() for start in range(24)])
    quiet = float(windows.min())
    night = float(share[NIGHT].sum())
    if quiet > QUIET_SHARE or night < BUSY_SHARE:
        return None
    # Equally quiet windows side by side: the middle of them, round the clock.
    angles = 2 * np.pi * np.flatnonzero(windows <= quiet + 0.005) / 24
    start = round(np.angle(np.exp(1j * angles).mean()) * 24 / (2 * np.pi)) % 24
    middle = (start + WINDOW // 2) % 24
    return middle if middle in DAYTIME else None


def time_rules(tolerant: Tolerant, name: str) -> list[Finding]:
    """Return gaps, an early end, and hours that look shifted, for one table."""
    column = tolerant.dated(name)
    if not column:
        return []
    activity = tolerant.activity(name)
    if activity.empty:
        return []
    found = _gap_findings(tolerant, name, column, activity) if name in FLOWS else []
    if name in HUMAN and table(name)[column].dtype == "time":
        found += _hour_findings(tolerant, name, column, activity)
    return found


def _gap_findings(
    tolerant: Tolerant, name: str, column: str, activity: pd.DataFrame
) -> list[Finding]:
    first = int(activity["day"].min())
    last = (tolerant.ds.as_of - dt.date(1970, 1, 1)).days
    counts = np.zeros(last - first + 1)
    np.add.at(counts, activity["day"].to_numpy() - first, activity["n"].to_numpy())
    found = silences(counts)
    ending = [item for item in found if item.first + item.days == len(counts)]
    gaps = [item for item in found if item not in ending]
    findings = []
    for rule, items in (("gap", gaps), ("stale", ending)):
        if items:
            days = sum(item.days for item in items)
            spans = [
                (day_of(first + item.first), day_of(first + item.first + item.days - 1))
                for item in items
            ]
            values = {
                "first": spans[0][0],
                "last": spans[-1][1],
                "gaps": len(items),
                "expected": round(sum(item.expected for item in items)),
                "as_of": tolerant.ds.as_of,
                "last_row": spans[0][0] - dt.timedelta(days=1),
            }
            shown = tuple(
                a.isoformat() if a == b else f"{a.isoformat()}/{b.isoformat()}"
                for a, b in spans[:3]
            )
            share = days / len(counts)
            findings.append(Finding(name, column, rule, "warning", days, share, shown, values))
    return findings


def _hour_findings(
    tolerant: Tolerant, name: str, column: str, activity: pd.DataFrame
) -> list[Finding]:
    hours = _by_hour(activity)
    total = int(hours.sum())
    if total >= SHIFT_ROWS and hours.max() > ONE_HOUR * total:
        values = {"hour": f"{int(hours.argmax()):02d}:00"}
        rows = int(hours.max())
        return [Finding(name, column, "no_time_of_day", "note", rows, rows / total, (), values)]
    if tolerant.ds.settings.zone in PLACELESS:
        return []
    middle = trough(hours) if activity["day"].nunique() >= SHIFT_DAYS else None
    if middle is not None:
        return [_shifted(name, column, total, total, middle, "")]
    # One month may have come from an export of its own.
    months = activity["day"].to_numpy().astype("datetime64[D]").astype("datetime64[M]")
    wrong = {}
    for month, part in activity.groupby(months, sort=True):
        middle = trough(_by_hour(part)) if part["day"].nunique() >= SHIFT_DAYS else None
        if middle is not None:
            wrong[f"{month:%Y-%m}"] = (int(part["n"].sum()), middle)
    if not wrong:
        return []
    rows = sum(n for n, _ in wrong.values())
    middle = max(wrong.values())[1]
    return [_shifted(name, column, rows, total, middle, ", ".join(wrong))]


def _by_hour(activity: pd.DataFrame) -> np.ndarray:
    return np.bincount(activity["hour"], weights=activity["n"], minlength=24)


def _shifted(name: str, column: str, rows: int, total: int, middle: int, when: str) -> Finding:
    shift = (middle - WINDOW // 2 + 12) % 24 - 12  # signed hours, against a trough around 03:00
    values = {"trough": f"{middle:02d}:00", "shift": f"{shift:+d}", "when": when or "–"}
    shown = tuple(when.split(", ")[:3]) if when else ()
    return Finding(name, column, "shifted_hours", "warning", rows, rows / total, shown, values)
