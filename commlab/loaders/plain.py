"""Cells as nearly every export has them, converted a column at a time by Arrow.

A cell that is not of the plain form is left to the converters of `values`, which know all forms. So
nothing here decides what a cell means: on plain cells both give the same, and a test holds them
together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Nothing here is trimmed, made half-width or unwrapped: ASCII of ids, and Chinese characters.
_ID = r"^[0-9A-Za-z_.:@+\-\x{4E00}-\x{9FFF}]+$"
_QUOTED = r'^="([0-9A-Za-z_.:@+\-]+)"$'  # how spreadsheets are kept from eating digits
_SCIENTIFIC = r"^[0-9](\.[0-9]+)?[eE]\+"
_POINT_ZERO = r"\.0+$"
_SIGN = r"^[¥￥]"
_DIGITS = 13  # before the point: far below 2⁶³, whatever the unit


def ids(
    text: pd.Series, empty: frozenset[str], *, drop_point_zero: bool
) -> tuple[pd.Series, np.ndarray]:
    """Return ids, and where the cell was plain.

    Args:
        text: Text column.
        empty: Cells that mean nothing.
        drop_point_zero: Whether `.0` at the end is to be looked at.
    """
    cells = pc.replace_substring_regex(_arrow(text), _QUOTED, r"\1", max_replacements=1)
    odd = pc.or_(pc.match_substring_regex(cells, _SCIENTIFIC),
                 pc.is_in(cells, pa.array(sorted(empty), cells.type)))  # fmt: skip
    if drop_point_zero:
        odd = pc.or_(odd, pc.match_substring_regex(cells, _POINT_ZERO))
    plain = pc.and_not(pc.match_substring_regex(cells, _ID), odd)
    return pd.Series(cells, index=text.index, dtype="str", name=text.name), _mask(plain)


def scaled(text: pd.Series, places: int) -> tuple[pd.Series, np.ndarray]:
    """Return whole numbers of 10^-places, and where the cell was a plain number that is exact."""
    cells = pc.replace_substring_regex(_arrow(text), _SIGN, "", max_replacements=1)
    part = rf"(\.[0-9]{{1,{places}}})?" if places else ""
    plain = pc.match_substring_regex(cells, rf"^[0-9]{{1,{_DIGITS}}}{part}$")
    digits = pc.if_else(plain, cells, "0")
    number = digits.cast(pa.decimal128(_DIGITS + places, places))
    if places:
        one = pa.scalar(10**places, pa.decimal128(places + 1, 0))
        number = pc.multiply(number, one)
    whole = number.cast(pa.int64())
    found = pd.Series(whole, index=text.index, dtype="Int64", name=text.name)
    return found, _mask(plain)


def _arrow(text: pd.Series) -> pa.Array:
    array = pa.array(text, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _mask(plain: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(plain, False), bool)
