"""Every default and path, and the settings of a workspace (`commlab.toml`)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from commlab import guards
from commlab.errors import ArgumentError, WorkspaceError, nearest
from commlab.schedule import PointSchedule
from commlab.tables import FORMAT_VERSION

SETTINGS_FILE = "commlab.toml"
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"

LANGUAGES = ("en", "zh")
MIN_AT_RISK = 30  # below it a Wilson interval is wider than any decision
MIN_EVENTS = 5  # rule of thumb for the normal approximation of a rate
SMALL_CELL = 5  # cells of fewer people can point at a person
EARLIEST = dt.date(2010, 1, 1)  # WeChat is from 2011: earlier times are most likely wrong
MIN_REPEAT_BUYERS = 100  # CDNOW's log error of b, .29 at 946, is .9 there: b is open five-fold
DEATH_DAYS = 14  # a group without a member message for so long counts as dead


@dataclasses.dataclass(frozen=True)
class Festival:
    """One festival or sale, both days inclusive.

    Attributes:
        name: Name as the reports show it.
        starts_on: First day.
        ends_on: Last day.
    """

    name: str
    starts_on: dt.date
    ends_on: dt.date


# First day of the Chinese year; the sale calendar follows it (dates by the Hong Kong Observatory).
_LUNAR_NEW_YEAR = {
    2010: (2, 14), 2011: (2, 3), 2012: (1, 23), 2013: (2, 10), 2014: (1, 31), 2015: (2, 19),
    2016: (2, 8), 2017: (1, 28), 2018: (2, 16), 2019: (2, 5), 2020: (1, 25), 2021: (2, 12),
    2022: (2, 1), 2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6),
    2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
}  # fmt: skip


def china_calendar(first_year: int, last_year: int) -> tuple[Festival, ...]:
    """Return the festivals that move Chinese sales: Spring Festival, 618 and Double 11.

    Args:
        first_year: First year, inclusive.
        last_year: Last year, inclusive.

    Returns:
        Festivals by date. Spring Festival runs from two weeks before the new year (stocking
        up) to a week after; 618 from 1 to 18 June; Double 11 from 1 to 11 November.

    Example:
        >>> [festival.name for festival in china_calendar(2026, 2026)]
        ['spring_festival', '618', 'double_11']
    """
    festivals = []
    for year in range(first_year, last_year + 1):
        if year in _LUNAR_NEW_YEAR:
            day = dt.date(year, *_LUNAR_NEW_YEAR[year])
            before, after = day - dt.timedelta(days=14), day + dt.timedelta(days=7)
            festivals.append(Festival("spring_festival", before, after))
        festivals.append(Festival("618", dt.date(year, 6, 1), dt.date(year, 6, 18)))
        festivals.append(Festival("double_11", dt.date(year, 11, 1), dt.date(year, 11, 11)))
    return tuple(festivals)


@dataclasses.dataclass(frozen=True)
class Target:
    """A target stated before measuring.

    Attributes:
        key: Key of the estimate it is about, e.g. `retention.month1`.
        value: Value to reach, in the unit of the estimate.
        by: Date by which it is to be reached.
    """

    key: str
    value: float
    by: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of a workspace, from `commlab.toml`; every field has a default.

    Attributes:
        name: Name of the brand, as reports show it.
        format_version: Version of the workspace format.
        zone: IANA time zone in which days, weeks and months are drawn.
        currency: ISO 4217 code.
        week_start: First day of the week, "monday" or "sunday".
        as_of: Last day read unless told otherwise; None: the day before the last row.
        margin: Net margin as a share of net revenue where orders carry no cost; None: unknown.
        discount_rate: Yearly discount rate of future money.
        calendar: "china", "none", or the workspace's own list of festivals added to "china".
        festivals: Own festivals, beside the calendar.
        staff: Ids of accounts that are staff although the members table does not say so.
        targets: Targets stated before measuring.
        min_at_risk: People at risk below which a rate is "too few".
        small_cell: Cells of fewer people are suppressed in what may be forwarded.
        engine: "duckdb", "spark" or an Ibis address.
        memory_limit: Memory for the embedded engine, e.g. "4GB"; empty: the engine's own.
        threads: Threads of the embedded engine; 0: all.
        temp_directory: Where the embedded engine spills; empty: the system's temporary folder.
        point_value: Money per loyalty point; None: unknown.
        value_points: Points of member value for each thing that a member does.
        negative_words: Words of complaint, beside the kit's own list.
        negative_except: Words of that list that are none here, e.g. a product's name.
    """

    name: str = ""
    format_version: int = FORMAT_VERSION
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    week_start: str = "monday"
    as_of: dt.date | None = None
    margin: float | None = None
    discount_rate: float = 0.10
    calendar: str = "china"
    festivals: tuple[Festival, ...] = ()
    staff: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    min_at_risk: int = MIN_AT_RISK
    small_cell: int = SMALL_CELL
    engine: str = "duckdb"
    memory_limit: str = ""
    threads: int = 0
    temp_directory: str = ""
    point_value: float | None = None
    value_points: PointSchedule = dataclasses.field(default_factory=PointSchedule)
    negative_words: tuple[str, ...] = ()
    negative_except: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ArgumentError(
                f"zone == {self.zone!r}, must be an IANA time zone.", fix="E.g. Asia/Shanghai."
            ) from None
        guards.one_of("week_start", self.week_start, ("monday", "sunday"))
        guards.one_of("calendar", self.calendar, ("china", "none"))
        guards.in_range("discount_rate", self.discount_rate, low=0, high=10)
        if self.margin is not None:
            guards.in_range("margin", self.margin, low=-1, high=1)
        guards.whole("min_at_risk", self.min_at_risk, low=1)
        guards.whole("small_cell", self.small_cell, low=1)
        guards.whole("threads", self.threads)
        if self.format_version > FORMAT_VERSION:
            raise ArgumentError(
                f"format_version == {self.format_version}, must be <= {FORMAT_VERSION}.",
                fix="Update commlab: this workspace was written by a newer one.",
            )

    def festivals_between(self, first: dt.date, last: dt.date) -> tuple[Festival, ...]:
        """Return the festivals that touch the days from `first` to `last`, by date."""
        known = list(self.festivals)
        if self.calendar == "china":
            known += china_calendar(first.year - 1, last.year + 1)
        known = [item for item in known if item.starts_on <= last and item.ends_on >= first]
        return tuple(sorted(known, key=lambda item: (item.starts_on, item.name)))


def _festivals(rows: list[dict[str, Any]]) -> tuple[Festival, ...]:
    return tuple(
        Festival(
            str(row["name"]),
            guards.date("festivals.starts_on", row["starts_on"]) or dt.date.min,
            guards.date("festivals.ends_on", row.get("ends_on", row["starts_on"])) or dt.date.min,
        )
        for row in rows
    )


def _targets(rows: list[dict[str, Any]]) -> tuple[Target, ...]:
    return tuple(
        Target(str(row["key"]), float(row["value"]), guards.date("targets.by", row.get("by")))
        for row in rows
    )


def _schedule(row: dict[str, Any]) -> PointSchedule:
    known = {field.name for field in dataclasses.fields(PointSchedule)}
    for name in row:
        if name not in known:
            raise ArgumentError(f"unknown price value_points.{name}.", fix=nearest(name, known))
    return PointSchedule(**row)


def read_settings(folder: Path | str) -> Settings:
    """Return the settings of a workspace folder; defaults where there is no `commlab.toml`.

    Args:
        folder: The workspace folder.

    Raises:
        WorkspaceError: The file is not valid TOML, or names an unknown or impossible setting.

    Example:
        >>> read_settings("no_such_folder").zone
        'Asia/Shanghai'
    """
    path = Path(folder) / SETTINGS_FILE
    if not path.is_file():
        return Settings()
    where = path.name
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise WorkspaceError(f"is not valid TOML: {error}.", where=where) from None
    except UnicodeDecodeError as error:
        raise WorkspaceError(f"is not UTF-8: {error}.", where=where) from None
    known = {field.name for field in dataclasses.fields(Settings)}
    for name in raw:
        if name not in known:
            raise WorkspaceError(
                f"unknown setting {name!r}.", where=where, fix=nearest(name, known)
            )
    try:
        if "as_of" in raw:
            raw["as_of"] = guards.date("as_of", raw["as_of"])
        if "festivals" in raw:
            raw["festivals"] = _festivals(raw["festivals"])
        if "targets" in raw:
            raw["targets"] = _targets(raw["targets"])
        if "value_points" in raw:
            raw["value_points"] = _schedule(raw["value_points"])
        for name in ("staff", "negative_words", "negative_except"):
            if name in raw:
                raw[name] = tuple(str(item) for item in raw[name])
        return Settings(**raw)
    except KeyError as error:
        raise WorkspaceError(f"an entry lacks {error}.", where=where) from None
    except (TypeError, ValueError) as error:
        raise WorkspaceError(str(error), where=where) from None


def settings_to_toml(settings: Settings) -> str:
    """Return the text of a `commlab.toml` that holds what differs from the defaults.

    Example:
        >>> print(settings_to_toml(Settings(name="Demo", currency="GBP")))
        format_version = 1
        name = "Demo"
        currency = "GBP"
        <BLANKLINE>
    """
    import tomli_w

    usual = Settings()
    plain: dict[str, Any] = {"format_version": settings.format_version}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name in plain or value == getattr(usual, field.name):
            continue
        if field.name in ("festivals", "targets"):
            value = [
                {k: v for k, v in dataclasses.asdict(item).items() if v is not None}
                for item in value
            ]
        if field.name == "value_points":
            prices = dataclasses.asdict(usual.value_points)
            value = {k: v for k, v in dataclasses.asdict(value).items() if v != prices[k]}
        plain[field.name] = list(value) if isinstance(value, tuple) else value
    return tomli_w.dumps(plain)
