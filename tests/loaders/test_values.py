from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from commlab.errors import ArgumentError
from commlab.loaders import values


def column(*cells):
    return pd.Series(list(cells), dtype="str")


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("￥1,234.50", 123450),
        ("¥ 12", 1200),
        ("1234.50元", 123450),
        ("１，２３４．５０", 123450),
        ("(12.00)", -1200),
        ("（12.00）", -1200),
        ("-￥5", -500),
        ("￥-5", -500),
        ("1.2万", 1_200_000),
        ("3亿", 30_000_000_000),
        ("+7.1", 710),
        ("1e3", 100_000),
        (".5", 50),
        ("0.1", 10),
        ("9999999999999999.99", 999_999_999_999_999_999),
        ("CNY 8.80", 880),
    ],
)
def test_money_reads_what_exports_write(cell, fen):
    parsed = values.to_money(column(cell))
    assert parsed.cells.tolist() == [fen]
    assert not parsed.bad.any()


@pytest.mark.parametrize("cell", ["12,5", "1.234,50", "abc", "1,23,4", ".", "12元5", "1" * 17])
def test_money_refuses_what_it_would_have_to_guess(cell):
    parsed = values.to_money(column(cell))
    assert parsed.cells.isna().all()
    assert parsed.bad.all()


@pytest.mark.parametrize("cell", ["", "--", "-", "—", " ", "NULL", "nan", "－－"])
def test_empty_words_are_null_and_not_bad(cell):
    for convert in (values.to_money, values.to_int, values.to_float, values.to_bool):
        if cell == "－－":
            continue
        parsed = convert(column(cell))
        assert parsed.cells.isna().all()
        assert not parsed.bad.any()


def test_fen_are_whole_and_half_cents_are_flagged():
    assert values.to_money(column("1250", "1,250"), unit="fen").cells.tolist() == [1250, 1250]
    parsed = values.to_money(column("12.345", "-0.005", "1.10"))
    assert parsed.cells.tolist() == [1235, -1, 110]
    assert parsed.flags[values.ROUNDED].tolist() == [True, True, False]
    with pytest.raises(ArgumentError, match="'jiao'"):
        values.to_money(column("1"), unit="jiao")


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=4))
def test_money_equals_decimal_arithmetic(amount):
    expected = int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    assert values.to_money(column(f"{amount:,.4f}")).cells.tolist() == [expected]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('="123456789012345678"', "123456789012345678"),
        ("=0012", "0012"),
        ("'13800000000", "13800000000"),
        ("007", "007"),
        ("１２３", "123"),
        (" a b ", "a b"),
        ("张三（团长）", "张三（团长）"),
        ("null", "null"),
        ("17850.0", "17850.0"),
        ("1E5", "1E5"),
    ],
)
def test_ids_stay_text(cell, expected):
    assert values.to_id(column(cell)).cells.tolist() == [expected]


def test_ids_lose_point_zero_only_when_told():
    parsed = values.to_id(column("17850.0", "17850.50", "v1.0"), drop_point_zero=True)
    assert parsed.cells.tolist() == ["17850", "17850.50", "v1.0"]


def test_ids_in_scientific_notation_are_flagged_and_kept():
    parsed = values.to_id(column("1.23E+18", "123", "12E4"))
    assert parsed.cells.tolist() == ["1.23E+18", "123", "12E4"]
    assert parsed.flags[values.SCIENTIFIC].tolist() == [True, False, False]


@given(st.lists(st.text(alphabet="0123456789abcXYZ_-", min_size=1, max_size=25), min_size=1))
def test_ids_round_trip(ids):
    cells = [item for item in ids if item not in values.EMPTY_TEXT]
    assert values.to_id(pd.Series(cells, dtype="str")).cells.tolist() == cells


def test_int_float_bool_list():
    assert values.to_int(column("12.0", "1,200", "１２")).cells.tolist() == [12, 1200, 12]
    assert values.to_int(column("12.5", "x")).bad.all()
    numbers = values.to_float(column("1,234.5", "12.5%", "0.1", "-1e-3", "８"))
    assert numbers.cells.tolist() == [1234.5, 0.125, 0.1, -0.001, 8.0]
    truth = values.to_bool(column("是", "否", "TRUE", "0", "maybe"))
    assert truth.cells[:4].tolist() == [True, False, True, False]
    assert truth.bad.tolist() == [False] * 4 + [True]
    lists = values.to_list(column("a;b；c", "", "x"))
    assert lists.cells.tolist() == [["a", "b", "c"], None, ["x"]]
    assert values.to_list(column("a、b;c"), separator="、").cells.tolist() == [["a", "b;c"]]


def test_inputs_are_not_changed_and_the_index_is_kept():
    cells = pd.Series(["1", "x"], index=[7, 9], dtype="str")
    before = cells.copy()
    for convert in (values.to_money, values.to_id, values.to_text, values.to_bool, values.to_list):
        parsed = convert(cells)
        assert parsed.cells.index.tolist() == [7, 9]
        assert parsed.bad.index.tolist() == [7, 9]
    pd.testing.assert_series_equal(cells, before)
