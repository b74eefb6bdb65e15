import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from commlab.loaders import times

BEIJING = "Asia/Shanghai"
EVENING = pd.Timestamp("2016-05-23 14:02", tz="UTC")  # 22:02 in Beijing


def read(*cells, zone=BEIJING, form=""):
    return times.to_time(pd.Series(list(cells), dtype="str"), zone=zone, form=form)


@pytest.mark.parametrize(
    "cell",
    [
        "2016/5/23 22:02",
        "2016-05-23 22:02:00",
        "2016.5.23 22:02",
        "2016-05-23T22:02:00",
        "2016年5月23日 22:02",
        "2016年5月23日22时02分",
        "2016年5月23日22时02分00秒",
        "2016年5月23日 下午10:02",
        "2016/5/23 10:02 PM",
        "２０１６－０５－２３ ２２：０２",
        "20160523220200",
        "42513.9180555556",
        "1464012120",
        "1464012120.0",
        "1464012120000",
        "1464012120000000",
        "2016-05-23T14:02:00Z",
        "2016-05-23 14:02:00.000000+00:00",
        "2016-05-23 22:02:00+0800",
        "2016-05-23 09:02:00-05",
    ],
)
def test_every_way_to_write_one_moment(cell):
    parsed = read(cell)
    assert parsed.cells.tolist() == [EVENING]
    assert not parsed.bad.any()


def test_days_fractions_and_the_far_future():
    assert read("2016年5月23日").cells[0] == pd.Timestamp("2016-05-22 16:00", tz="UTC")
    assert read("20160523").cells[0] == pd.Timestamp("2016-05-22 16:00", tz="UTC")
    exact = read("2016-05-23 22:02:00.123456").cells[0]
    assert exact == EVENING + pd.Timedelta(microseconds=123456)
    assert read("9999-12-31 00:00:00").cells[0].year == 9999


@pytest.mark.parametrize(
    "cell", ["2016-02-30", "2016-13-01", "23/5/2016", "2016-05-23 25:00", "yesterday", "12", "-5"]
)
def test_refuses_what_is_no_time(cell):
    parsed = read(cell)
    assert parsed.cells.isna().all()
    assert parsed.bad.all()


def test_empty_is_not_bad():
    parsed = read("", "--", "NULL")
    assert parsed.cells.isna().all()
    assert not parsed.bad.any()
    assert read().cells.dtype == "datetime64[us, UTC]"


def test_own_format():
    assert read("05/23/2016 22:02", form="%m/%d/%Y %H:%M").cells.tolist() == [EVENING]
    assert read("2016-05-23", form="%m/%d/%Y").bad.all()


def test_hours_that_the_clock_showed_twice_or_never():
    parsed = read("2011-10-30 01:30", "2011-03-27 01:30", "2011-07-01 12:00", zone="Europe/London")
    assert [str(item) for item in parsed.cells] == [
        "2011-10-30 00:30:00+00:00",
        "2011-03-27 01:00:00+00:00",
        "2011-07-01 11:00:00+00:00",
    ]
    assert parsed.flags[times.TWICE].tolist() == [True, False, False]
    assert parsed.flags[times.SKIPPED].tolist() == [False, True, False]
    assert not read("2016-05-23 22:02").flags


def test_dates():
    cells = pd.Series(["2016/5/23", "42513", "2016年5月23日 22:02", "x"], dtype="str")
    parsed = times.to_date(cells)
    assert parsed.cells[:3].dt.date.tolist() == [dt.date(2016, 5, 23)] * 3
    assert parsed.bad.tolist() == [False, False, False, True]


@given(
    st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2100, 1, 1)),
    st.sampled_from([BEIJING, "Europe/London", "America/New_York", "UTC"]),
)
def test_wall_clock_equals_zoneinfo(moment, zone):
    local = moment.replace(tzinfo=ZoneInfo(zone))
    parsed = read(moment.isoformat(sep=" "), zone=zone)
    if times.SKIPPED not in parsed.flags:
        assert parsed.cells[0] == pd.Timestamp(local).tz_convert("UTC")
