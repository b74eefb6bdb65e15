"""Figures as each language writes them: expected strings written by hand."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.text import fmt


def plain(text: str) -> str:
    return text.replace(fmt.NBSP, " ")


@pytest.mark.parametrize(
    ("x", "en", "zh"),
    [
        (0, "0", "0"),
        (-0.0, "0", "0"),
        (7, "7", "7"),
        (1054, "1,054", "1,054"),
        (9999, "9,999", "9,999"),
        (12345, "12.3k", "1.23万"),
        (10000, "10k", "1万"),
        (999_950, "1m", "100万"),
        (99_999_999, "100m", "1亿"),
        (1_234_567_890, "1.23bn", "12.3亿"),
        (-12345, "−12.3k", "−1.23万"),
        (0.5, "0.5", "0.5"),
        (3.14159, "3.14", "3.14"),
        (0.0123, "0.0123", "0.0123"),
        (float("nan"), "–", "–"),
        (None, "–", "–"),
    ],
)
def test_number(x, en, zh):
    assert fmt.number(x, "en") == en
    assert fmt.number(x, "zh") == zh


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0, "0%"),
        (0.44, "44%"),
        (0.0996, "10%"),
        (0.099, "9.9%"),
        (0.021, "2.1%"),
        (0.0045, "0.45%"),
        (0.9967, "99.7%"),
        (0.9996, "99.96%"),
        (0.995, "99.5%"),
        (0.99995, ">99.99%"),
        (0.000004, "<0.01%"),
        (1, "100%"),
        (1.304, "130%"),
        (-0.05, "−5.0%"),
    ],
)
def test_share(x, text):
    assert fmt.share(x, "zh") == text
    assert plain(fmt.share(x, "en")) == text.replace("%", " %")


@pytest.mark.parametrize(
    ("x", "currency", "en", "zh"),
    [
        (12345, "CNY", "¥12.3k", "￥1.23万"),
        (1234.4, "CNY", "¥1,234", "￥1,234"),
        (12.5, "GBP", "£12.50", "£12.50"),
        (12, "GBP", "£12", "£12"),
        (-80, "USD", "−$80", "−US$80"),
        (2.5e8, "CNY", "¥250m", "￥2.5亿"),
        (5, "SEK", "SEK 5", "SEK 5"),
    ],
)
def test_money(x, currency, en, zh):
    assert plain(fmt.money(x, "en", currency)) == en
    assert plain(fmt.money(x, "zh", currency)) == zh


def test_estimates():
    rate = Estimate(value=0.44, low=0.41, high=0.47, n=1054, unit="share")
    assert plain(fmt.estimate(rate, "en")) == "44 % (41–47 %)"
    assert fmt.estimate(rate, "zh") == "44%（41%–47%）"
    narrow = Estimate(value=0.4412, low=0.4391, high=0.4433, n=10**6, unit="share")
    assert plain(fmt.estimate(narrow, "en")) == "44.1 % (43.9–44.3 %)"
    gap = Estimate(value=-0.02, low=-0.05, high=0.01, unit="share")
    assert plain(fmt.interval(gap, "en")) == "−5 % to 1 %"
    assert fmt.interval(gap, "zh") == "−5%至1%"


def test_money_interval_has_its_sign_once_in_english():
    spend = Estimate(value=12345, low=11000, high=14000, unit="money")
    assert plain(fmt.estimate(spend, "en")) == "¥12.3k (¥11k–14k)"
    assert fmt.estimate(spend, "zh") == "￥1.23万（￥1.1万–￥1.4万）"


def test_counts_and_days_carry_their_unit():
    assert fmt.value(Estimate.count(1, unit="members"), "en") == "1 member"
    assert fmt.value(Estimate.count(12345, unit="members"), "zh") == "1.23万人"
    stay = Estimate(value=12.34, low=10.11, high=15.2, unit="days")
    assert plain(fmt.estimate(stay, "en")) == "12.3 days (10.1–15.2 days)"
    assert fmt.interval(stay, "zh") == "10.1–15.2天"


def test_no_figure_is_said_in_words():
    few = Estimate.too_few(12, unit="share", minimum=30)
    assert fmt.estimate(few, "en") == "too few to say"
    assert fmt.estimate(few, "zh") == "样本不足，不作判断"
    assert fmt.estimate(Estimate.refused("common.status.open", unit="share"), "zh") == "周期未结束"
    assert fmt.estimate(Estimate.refused("anything", unit="share"), "zh") == "现有数据无法判断"


def test_change_in_words():
    now = Estimate(value=0.461, low=0.43, high=0.49, unit="share")
    before = Estimate(value=0.44, low=0.41, high=0.47, unit="share")
    assert fmt.change(now, before, "en") == "up 2.1 points, could be chance"
    assert fmt.change(before, now, "zh") == "下降2.1个百分点，可能是偶然波动"
    sure = Estimate(value=0.3, low=0.28, high=0.32, unit="share")
    assert fmt.change(sure, before, "en") == "down 14 points"
    assert fmt.change(now, now, "en") == "unchanged"


def test_change_of_counts_is_relative_and_without_chance():
    now, before = (Estimate.count(n, unit="members") for n in (1120, 1000))
    assert plain(fmt.change(now, before, "en")) == "up 12 %"
    assert fmt.change(before, now, "zh") == "下降11%"
    assert fmt.could_be_chance(now, before) is None
    few = Estimate.too_few(3, unit="members", minimum=30)
    assert fmt.change(now, few, "en") == ""


def test_could_be_chance_is_the_two_sample_test():
    # standard errors .01 and .01: the limit of the difference is 1.959964 × √2 × .01 = .0277
    half = 1.959964 * 0.01

    def at(value):
        return Estimate(value=value, low=value - half, high=value + half, unit="share")

    assert fmt.could_be_chance(at(0.5276), at(0.5)) is True
    assert fmt.could_be_chance(at(0.5278), at(0.5)) is False


def test_dates_and_periods():
    day = dt.date(2026, 6, 29)
    assert fmt.date(day, "en") == "29 June 2026"
    assert fmt.date(day, "zh") == "2026年6月29日"
    assert fmt.period(day, "week", "en") == "week of 29 Jun 2026"
    assert fmt.period(day, "week", "zh") == "2026年6月29日当周"
    assert fmt.period(dt.date(2026, 4, 1), "quarter", "en") == "Q2 2026"
    assert fmt.period(dt.date(2026, 4, 1), "quarter", "zh") == "2026年第2季度"
    assert fmt.period(dt.date(2026, 4, 1), "month", "zh", short=True) == "2026-04"
    with pytest.raises(ArgumentError, match="unit == 'fortnight'"):
        fmt.period(day, "fortnight", "en")


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_number_never_lies_by_more_than_its_digits(x):
    text = fmt.number(x, "zh").replace("−", "-").replace(",", "")
    scale = {"万": 1e4, "亿": 1e8}.get(text[-1], 1.0)
    shown = float(text.rstrip("万亿")) * scale
    assert abs(shown - x) <= max(abs(x) * 0.00501, 5.1e-7)


@given(st.floats(min_value=0, max_value=1))
def test_share_is_whole_only_when_it_is(x):
    text = fmt.share(x, "zh")
    assert (text == "100%") == (x == 1)
    assert (text == "0%") == (x == 0)
