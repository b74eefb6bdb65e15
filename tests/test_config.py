"""Settings of a workspace."""

from __future__ import annotations

import datetime as dt

import pytest

from commlab import errors
from commlab.config import Festival, Settings, Target, read_settings, settings_to_toml


def test_settings_survive_writing_and_reading(tmp_path):
    settings = Settings(
        name="花颜",
        zone="Europe/London",
        currency="GBP",
        week_start="sunday",
        as_of=dt.date(2026, 6, 30),
        margin=0.4,
        calendar="none",
        festivals=(Festival("brand_day", dt.date(2026, 3, 1), dt.date(2026, 3, 3)),),
        staff=("007",),
        targets=(Target("retention.month1", 0.5, dt.date(2026, 12, 31)), Target("x", 1.0)),
    )
    (tmp_path / "commlab.toml").write_text(settings_to_toml(settings), encoding="utf-8")
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("zone = 'Mars/Base'", "IANA time zone"),
        ("zoen = 'Asia/Shanghai'", "Did you mean 'zone'"),
        ("week_start = 'friday'", "week_start == 'friday'"),
        ("as_of = 'soon'", "which is no date"),
        ("margin = 40", "margin == 40, must be <= 1"),
        ("format_version = 99", "Update commlab"),
        ("name = ", "not valid TOML"),
        ("[[targets]]\nvalue = 1", "lacks 'key'"),
        ("min_at_risk = 0", "min_at_risk == 0"),
    ],
)
def test_wrong_settings_name_the_file_and_the_mend(tmp_path, text, match):
    (tmp_path / "commlab.toml").write_text(text, encoding="utf-8")
    with pytest.raises(errors.WorkspaceError, match=match) as caught:
        read_settings(tmp_path)
    assert str(caught.value).startswith("commlab.toml: ")


def test_calendar_of_china_and_own_festivals():
    own = Festival("brand_day", dt.date(2026, 6, 10), dt.date(2026, 6, 12))
    settings = Settings(festivals=(own,))
    found = settings.festivals_between(dt.date(2026, 6, 1), dt.date(2026, 11, 1))
    assert [item.name for item in found] == ["618", "brand_day", "double_11"]
    assert Settings(calendar="none").festivals_between(dt.date(2026, 1, 1), dt.date.max) == ()


@pytest.mark.parametrize(
    ("year", "new_year"),
    [(2019, (2, 5)), (2023, (1, 22)), (2024, (2, 10)), (2025, (1, 29)), (2026, (2, 17))],
)
def test_spring_festival_ends_a_week_after_the_lunar_new_year(year, new_year):
    found = Settings().festivals_between(dt.date(year, 1, 1), dt.date(year, 3, 31))
    assert found[0].name == "spring_festival"
    assert found[0].ends_on == dt.date(year, *new_year) + dt.timedelta(days=7)
