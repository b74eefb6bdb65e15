"""Cuts in time that let an engine skip: the same rows as by local time, and fewer of them read."""

from __future__ import annotations

import datetime as dt
import json
import zoneinfo
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commlab import cut
from commlab.config import Settings, settings_to_toml
from commlab.dataset import open_dataset
from commlab.engine import connect
from commlab.metrics import extent
from commlab.quality.tolerant import Tolerant

MICRO = dt.timedelta(microseconds=1)
# No summer time; two zones with it, one of each side of UTC; half hours; far from UTC.
ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati")
# The last days of summer and winter time at London and New York, and a day that is none of these.
DAYS = ("2025-10-26", "2025-11-02", "2026-03-08", "2026-03-29", "2026-06-30")


def instants(day: dt.date, zone: str) -> list[dt.datetime]:
    """Instants around both ends of a local day: of each, the last before and the first after."""
    found = []
    for date in (day, day + dt.timedelta(days=1)):
        midnight = dt.datetime.combine(date, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)
        near = [midnight + hours * dt.timedelta(hours=1) for hours in range(-26, 27)]
        found += [moment + shift for moment in near for shift in (-MICRO, MICRO * 0, MICRO)]
    return sorted(set(found))


def inside(moments, zone, first, last):
    """The same cut by the standard library, moment by moment."""
    local = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    return [
        str(place) for place, day in enumerate(local) if day <= last and (not first or day >= first)
    ]


def ids(table) -> list[str]:
    return sorted(table.execute()["member_id"], key=int)


def write(folder, moments, zone, kind, *, day):
    folder.mkdir(exist_ok=True)
    # The last row has no time at all.
    times = pa.array([*moments, None], pa.timestamp("us", "UTC")).cast(kind)
    who = [str(place) for place in range(len(times))]
    messages = {"message_id": who, "group_id": ["g"] * len(who), "member_id": who, "sent_at": times}
    pq.write_table(pa.table(messages), folder / "messages.parquet")
    (folder / "commlab.toml").write_text(settings_to_toml(Settings(zone=zone, as_of=day)))
    return folder


@pytest.mark.parametrize("zone", ZONES)
def test_rows_at_both_ends_of_a_day_are_those_of_local_time(tmp_path, engine, zone):
    kind = pa.timestamp("us", "UTC")
    moments = sorted({
        moment for day in DAYS for moment in instants(dt.date.fromisoformat(day), zone)
    })  # fmt: skip
    folder = write(tmp_path / "w", moments, zone, kind, day=dt.date(2026, 6, 30))
    opened = open_dataset(folder, engine=engine)
    for day in map(dt.date.fromisoformat, DAYS):
        ds = opened.at(day)
        want = inside(moments, zone, None, day)
        assert ids(ds.table("messages")) == want
        assert ids(ds.table("messages", since=day)) == inside(moments, zone, day, day)
        assert ids(Tolerant(ds).known("messages", "member_id")) == want
        assert 0 < len(want) < len(moments) or day == dt.date(2026, 6, 30)


# As databases and pandas write times: without a zone, in seconds, milliseconds, nanoseconds.
@pytest.mark.parametrize("kind", ["us", "s", "ms", "ns"])
@pytest.mark.parametrize("aware", [True, False])
def test_any_kind_of_timestamp_is_cut_alike(tmp_path, engine, kind, aware):
    # The engines keep microseconds: what is coarser is written coarser.
    step = {"s": "1s", "ms": "1ms"}.get(kind, "1us")
    day, zone = dt.date(2026, 3, 29), "Europe/London"
    moments = sorted({pd.Timestamp(moment).floor(step) for moment in instants(day, zone)})
    arrow = pa.timestamp(kind, "UTC" if aware else None)
    folder = write(tmp_path / "w", moments, zone, arrow, day=day)
    ds = open_dataset(folder, engine=engine)
    assert ids(ds.table("messages")) == inside(moments, zone, None, day)
    assert ids(ds.table("messages", since=day)) == inside(moments, zone, day, day)


def test_times_written_as_text_are_cut_by_local_time(tmp_path, engine):
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "messages.csv").write_text(
        "message_id,group_id,member_id,sent_at\n"
        "a,g,0,2026-03-29T22:59:59.999999Z\nb,g,1,2026-03-29T23:00:00Z\n"
        "c,g,2,2026-03-29T00:00:00Z\nd,g,3,2026-03-28T23:59:59Z\n"
    )
    (folder / "commlab.toml").write_text(settings_to_toml(Settings(zone="Europe/London")))
    ds = open_dataset(folder, as_of="2026-03-29", engine=engine)
    assert ids(ds.table("messages")) == ["0", "2", "3"]
    assert ids(ds.table("messages", since=dt.date(2026, 3, 29))) == ["0", "2"]


def scans(plan: list[dict]) -> list[str]:
    """What each scan of a file in a plan is told to leave out."""
    found = []
    for node in plan:
        if "READ_PARQUET" in str(node.get("extra_info", {}).get("Function", "")):
            found.append(str(node["extra_info"].get("Filters", "")))
        found += scans(node.get("children", []))
    return found


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London"])
def test_the_file_is_told_what_falls_away(tmp_path, zone):
    moments = [
        dt.datetime(2026, 1, day, hour, tzinfo=dt.UTC) for day in range(1, 31) for hour in (1, 23)
    ]
    day = dt.date(2026, 1, 28)
    ds = open_dataset(
        write(tmp_path / "w", moments, zone, pa.timestamp("us", "UTC"), day=day), engine="duckdb"
    )

    def told(table) -> str:
        query = f"EXPLAIN (FORMAT JSON) {ds.engine.con.compile(table.select('member_id'))}"
        (scan,) = scans(json.loads(ds.engine.con.raw_sql(query).fetchone()[1]))
        return scan

    # Summer time or not: at most a day more than asked for.
    end, start = ("2026-01-28 16", "2026-01-20 16") if zone == "Asia/Shanghai" else (
        "2026-01-30 00", "2026-01-20 00")  # fmt: skip
    assert f"sent_at<'{end}:00:00+00'" in told(ds.table("messages"))
    since = told(ds.table("messages", since=dt.date(2026, 1, 21)))
    assert f"sent_at>='{start}:00:00+00'" in since
    assert f"sent_at<'{end}:00:00+00'" in since


def test_zones_without_summer_time_need_no_second_look():
    engine = connect("duckdb", Settings())
    table = engine.con.create_table("x", {"at": pd.to_datetime(["2026-01-01"])})
    end = dt.datetime(2026, 7, 1)
    assert cut.between(engine, table["at"], "Asia/Shanghai", end=end).exact
    summer = cut.between(engine, table["at"], "Europe/London", end=end)
    assert summer.conditions
    assert not summer.exact
    borrowed = cut.between(
        type(engine)("duckdb", engine.con, borrowed=True), table["at"], "Asia/Shanghai", end=end
    )
    assert borrowed == cut.Cut()


def test_no_zone_was_ever_further_from_utc_than_the_margin():
    days = pd.date_range("1800-01-01", "2040-01-01", freq="YS").tz_localize("UTC")
    for zone in sorted(zoneinfo.available_timezones()):
        local = days.tz_convert(zone).tz_localize(None)
        shift = np.abs(local - days.tz_localize(None)).max()
        assert shift < dt.timedelta(days=1), zone


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London"])
@pytest.mark.parametrize("slips", [0, 1])
def test_freshness_reads_ends_and_still_sees_placeholders(tmp_path, engine, zone, slips):
    first = dt.datetime(2026, 1, 31, 23, 30, tzinfo=dt.UTC)
    moments = [first + dt.timedelta(hours=hour) for hour in range(24 * 50)]
    moments[:slips] = [dt.datetime(1970, 1, 1, 12, tzinfo=dt.UTC)] * slips
    folder = tmp_path / "w"
    day = dt.date(2026, 3, 2)
    write(folder, moments, zone, pa.timestamp("us", "UTC"), day=day)
    found = extent.freshness(open_dataset(folder, engine=engine)).iloc[0]
    local = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    assert found["first"].date() == min(local[slips:])
    assert found["last"].date() == day
    assert found["rows"] == len(moments) + 1
