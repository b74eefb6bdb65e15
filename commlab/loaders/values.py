"""Text cells to ids, money, numbers, truth values and lists, a column at a time.

Every converter takes a text column and returns `Parsed`: the values, which cells held something
that is not of the type (`bad`), and which were taken with a doubt worth counting (`flags`).
Work is done on distinct cells, so a long column with few values costs little.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from commlab import guards
from commlab.loaders import plain

# Cells that mean "nothing". Words such as null are left alone in ids and texts: somebody's
# nickname may be just that.
EMPTY_TEXT = frozenset({"", "--", "\\N", "NULL"})
EMPTY_VALUE = EMPTY_TEXT | {
    "-", "---", "—", "——", "－", "null", "Null", "None", "none", "nan", "NaN", "NAN", "NaT",
    "N/A", "n/a", "#N/A", "无", "空",
}  # fmt: skip

ROUNDED = "rounded to 2 decimals"
SCIENTIFIC = "id in scientific notation: its last digits are lost in the source"

# Full-width forms U+FF01 to U+FF5E are ASCII 0x21 to 0x7E moved; plus the ideographic signs.
_NARROW: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NARROW |= {0x3000: " ", 0x3002: ".", 0x2212: "-", 0xA0: " ", 0xFFE5: "¥", 0x2010: "-"}

_CURRENCY = re.compile(r"^([+-]?)\s*(?:CNY|RMB|GBP|USD|EUR|HKD|[¥$€£])\s*|\s*(?:CNY|RMB|元|圆)$")
_NUMBER = re.compile(
    r"^(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<part>\d*))?(?P<power>[万亿])?$"
)
_PLAIN_NUMBER = re.compile(r"^[¥￥]?([0-9]+)(?:\.([0-9]+))?$")
_SCIENTIFIC_NUMBER = re.compile(r"^[+-]?\d+(\.\d*)?[eE][+-]?\d{1,2}$")
_SCIENTIFIC_ID = re.compile(r"^\d(\.\d+)?[eE]\+\d+$")
_QUOTED_ID = re.compile(r'^="(.*)"$|^=(\d+)$')
_PLAIN_ID = re.compile(r"^[0-9A-Za-z_.:@+-]+$")
_POINT_ZERO = re.compile(r"^(\d+)\.0+$")
_POWERS = {"": 0, None: 0, "万": 4, "亿": 8}
_MOST_DIGITS = 16  # DECIMAL(18,2) holds 16 before the point

_TRUE = frozenset({"true", "t", "yes", "y", "1", "是", "对", "√", "真"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "否", "不是", "×", "假"})


Converter = Callable[[list[str]], tuple[Any, list[bool], dict[str, list[bool]]]]


@dataclasses.dataclass(frozen=True)
class Parsed:
    """A converted column.

    Attributes:
        cells: The values, null where the cell is empty or bad.
        bad: True where the cell held something that is not of the type.
        flags: Doubt → True where a cell was taken in spite of it.
    """

    cells: pd.Series
    bad: pd.Series
    flags: dict[str, pd.Series] = dataclasses.field(default_factory=dict)


def narrow(text: str) -> str:
    """Return text with full-width digits, letters and punctuation made half-width.

    Example:
        >>> narrow("￥１，２３４．５０")
        '¥1,234.50'
    """
    return text.translate(_NARROW).strip()


def on_distinct(text: pd.Series, convert: Converter) -> Parsed:
    """Convert the distinct cells of a column and spread the result over its rows."""
    codes, distinct = pd.factorize(text)
    values, bad, flags = convert([str(cell) for cell in distinct])
    spread = pd.Series(values, name=text.name).take(codes).set_axis(text.index)
    return Parsed(
        spread,
        pd.Series(np.asarray(bad, bool)[codes], index=text.index),
        {
            name: pd.Series(np.asarray(mask, bool)[codes], index=text.index)
            for name, mask in flags.items()
            if any(mask)
        },
    )


def _with_rest(text: pd.Series, cells: pd.Series, known: np.ndarray, convert: Converter) -> Parsed:
    """Convert the cells that are not known yet, and put them among the others."""
    nowhere = pd.Series(False, index=text.index)
    if known.all():
        return Parsed(cells, nowhere)
    rest = on_distinct(text[~known], convert)
    cells = cells.copy()
    cells[~known] = rest.cells
    flags = {}
    for name, mask in {"": rest.bad, **rest.flags}.items():
        flags[name] = nowhere.copy()
        flags[name][~known] = mask
    return Parsed(cells, flags.pop(""), flags)


def to_text(text: pd.Series) -> Parsed:
    """Return text as it stands; empty cells are null."""
    values = text.where(~text.str.strip().isin(EMPTY_TEXT))
    return Parsed(values, pd.Series(False, index=text.index))


def to_id(text: pd.Series, *, drop_point_zero: bool = False) -> Parsed:
    """Return ids as text, never as numbers.

    `="123"` and a leading `'` (the two ways to keep Excel from eating digits) are taken off,
    full-width ids made half-width. Ids in scientific notation are flagged: several people may
    stand behind one of them.

    Args:
        text: Text column.
        drop_point_zero: Whether `17850.0` is the id 17850 that passed through a float.

    Example:
        >>> to_id(pd.Series(['="0012"', "'13800000000", "1.23E+18"])).cells.tolist()
        ['0012', '13800000000', '1.23E+18']
    """

    def convert(cells: list[str]) -> tuple[Any, list[bool], dict[str, list[bool]]]:
        ids = [_one_id(cell, drop_point_zero) for cell in cells]
        lost = [bool(item and _SCIENTIFIC_ID.match(item)) for item in ids]
        return pd.array(ids, dtype="str"), [False] * len(ids), {SCIENTIFIC: lost}

    cells, known = plain.ids(text, EMPTY_TEXT, drop_point_zero=drop_point_zero)
    return _with_rest(text, cells, known, convert)


def _one_id(cell: str, drop_point_zero: bool) -> str | None:
    item = cell.strip().lstrip("\ufeff")
    quoted = _QUOTED_ID.match(item)
    if quoted:
        item = (quoted[1] if quoted[1] is not None else quoted[2]).strip()
    elif item.startswith("'"):
        item = item[1:].strip()
    if not item.isascii() and _PLAIN_ID.match(narrow(item)):
        item = narrow(item)
    if drop_point_zero and (zero := _POINT_ZERO.match(item)):
        item = zero[1]
    return None if item in EMPTY_TEXT else item


def to_money(text: pd.Series, *, unit: str = "yuan") -> Parsed:
    """Return money as whole minor units (fen, pence), exactly.

    Reads `￥1,234.50`, `1234.50元`, `(12.00)` for −12, `1.2万`. A comma is a thousands mark
    only where it stands like one: `12,5` is refused, not guessed.

    Args:
        text: Text column.
        unit: "yuan" for currency units, "fen" for minor units.

    Returns:
        Int64 minor units; more than two decimals are rounded half away from zero and flagged.

    Example:
        >>> to_money(pd.Series(["￥1,234.50", "12元", "--", "12,5"])).cells.tolist()
        [123450, 1200, <NA>, <NA>]
    """
    guards.one_of("unit", unit, ("yuan", "fen"))
    return _scaled(text, 2 if unit == "yuan" else 0)


def to_thousandths(text: pd.Series) -> Parsed:
    """Return unit prices as whole thousandths (Int64), exactly.

    Example:
        >>> to_thousandths(pd.Series(["2.55", "0.001"])).cells.tolist()
        [2550, 1]
    """
    return _scaled(text, 3)


def _scaled(text: pd.Series, places: int) -> Parsed:
    """Whole numbers of 10^-places; a doubt is flagged where digits had to be dropped."""

    def convert(cells: list[str]) -> tuple[Any, list[bool], dict[str, list[bool]]]:
        values: list[int | None] = []
        bad, rounded = [], []
        for cell in cells:
            found = _digits(cell)
            exact = found is not None
            value = None
            if found is not None:
                value, exact = _shift(*found, places)
            too_big = value is not None and len(str(abs(value))) > _MOST_DIGITS + 2
            values.append(None if too_big else value)
            bad.append(too_big or (found is None and cell.strip() not in EMPTY_VALUE))
            rounded.append(not exact and found is not None)
        return pd.array(values, dtype="Int64"), bad, {ROUNDED: rounded}

    return _with_rest(text, *plain.scaled(text, places), convert)


def _digits(cell: str) -> tuple[int, int] | None:
    """(all digits as a whole number, how many of them stand after the point), or None."""
    if simple := _PLAIN_NUMBER.match(cell):
        part = simple[2] or ""
        return int(simple[1] + part), len(part)
    item = narrow(cell).replace(" ", "")
    if item.startswith("(") and item.endswith(")"):
        item = "-" + item[1:-1]
    item = _CURRENCY.sub(r"\1", _CURRENCY.sub(r"\1", item))
    if _SCIENTIFIC_NUMBER.match(item):
        mantissa, _, exponent = item.lower().partition("e")
        whole, _, part = mantissa.partition(".")
        return int(whole + part), len(part) - int(exponent)
    match = _NUMBER.match(item)
    if not match or not (match["whole"] or match["part"]):
        return None
    part = match["part"] or ""
    digits = int((match["whole"].replace(",", "") or "0") + part)
    sign = -1 if match["sign"] == "-" else 1
    return sign * digits, len(part) - _POWERS[match["power"]]


def _shift(digits: int, after_point: int, places: int) -> tuple[int, bool]:
    power = places - after_point
    if power >= 0:
        return digits * 10**power, True
    divisor = 10**-power
    whole, rest = divmod(abs(digits), divisor)
    whole += 2 * rest >= divisor
    return (whole if digits >= 0 else -whole), rest == 0


def to_int(text: pd.Series) -> Parsed:
    """Return whole numbers (Int64); `12.0` and `1,200` are whole, `12.5` is bad.

    Example:
        >>> to_int(pd.Series(["１２", "1,200", "12.5"])).cells.tolist()
        [12, 1200, <NA>]
    """
    parsed = _scaled(text, 0)
    rounded = parsed.flags.get(ROUNDED, pd.Series(False, index=text.index))
    return Parsed(parsed.cells.mask(rounded), parsed.bad | rounded)


def to_float(text: pd.Series) -> Parsed:
    """Return numbers (float64); `12.5%` is 0.125.

    Example:
        >>> to_float(pd.Series(["1,234.5", "12.5%", "x"])).cells.tolist()
        [1234.5, 0.125, nan]
    """

    def convert(cells: list[str]) -> tuple[Any, list[bool], dict[str, list[bool]]]:
        values, bad = [], []
        for cell in cells:
            item = narrow(cell)
            percent = item.endswith("%")
            found = _digits(item[:-1] if percent else item)
            bad.append(found is None and cell.strip() not in EMPTY_VALUE)
            # From the decimal text, so that 0.1 is the float that 0.1 is.
            power = 0 if found is None else -found[1] - (2 if percent else 0)
            values.append(float("nan") if found is None else float(f"{found[0]}e{power}"))
        return np.array(values, dtype="float64"), bad, {}

    return on_distinct(text, convert)


def to_bool(text: pd.Series) -> Parsed:
    """Return truth values (boolean): true/false, yes/no, 1/0, 是/否.

    Example:
        >>> to_bool(pd.Series(["是", "FALSE", "", "maybe"])).cells.tolist()
        [True, False, <NA>, <NA>]
    """

    def convert(cells: list[str]) -> tuple[Any, list[bool], dict[str, list[bool]]]:
        words = [narrow(cell).lower() for cell in cells]
        values = [True if word in _TRUE else False if word in _FALSE else None for word in words]
        bad = [
            value is None and cell.strip() not in EMPTY_VALUE
            for value, cell in zip(values, cells, strict=True)
        ]
        return pd.array(values, dtype="boolean"), bad, {}

    return on_distinct(text, convert)


def to_list(text: pd.Series, *, separator: str = "") -> Parsed:
    """Return lists of text, split at semicolons (or `separator`), empty items dropped.

    Example:
        >>> to_list(pd.Series(["护肤；新客", ""])).cells.tolist()
        [['护肤', '新客'], None]
    """
    pattern = re.compile(re.escape(separator) if separator else "[;；]")
    values = []
    for cell in text:
        items = [item.strip() for item in pattern.split(cell) if item.strip()]
        values.append(None if cell.strip() in EMPTY_TEXT or not items else items)
    return Parsed(
        pd.Series(values, index=text.index, dtype=object, name=text.name),
        pd.Series(False, index=text.index),
    )
