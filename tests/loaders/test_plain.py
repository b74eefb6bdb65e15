"""The quick converters of plain cells give what the thorough ones give."""

import pandas as pd
import pytest
from hypothesis import example, given, settings, strategies as st

from commlab.loaders import plain, values

ODD = (
    "￥1,234.50", "¥5", "--", "NULL", "", " 7", "1.23E+18", '="0012"', '="--"', "'138", "17850.0",
    "买家1", "１２", "\u00a05", "-3", "(2)", "1.2万", '="1"5', "无", "nan", "1E+2", "-", "．５",
    "a\nb", "\ufeffx", "00.10",
)  # fmt: skip
NUMBERS = st.from_regex(r"\A[0-9]{0,16}(\.[0-9]{0,4})?\Z")
CELLS = st.lists(
    st.one_of(NUMBERS, st.sampled_from(ODD), st.text(max_size=6)), min_size=1, max_size=12
)


def thorough(monkeypatch, convert, *arguments, **options):
    """What the converter gives where no cell is taken for plain."""
    with monkeypatch.context() as patch:
        for name in ("ids", "scaled"):
            quick = getattr(plain, name)

            def none(*a, quick=quick, **k):
                cells, known = quick(*a, **k)
                return cells, known & False

            patch.setattr(plain, name, none)
        return convert(*arguments, **options)


@pytest.mark.parametrize(("convert", "options"), [
    (values.to_id, {}), (values.to_id, {"drop_point_zero": True}),
    (values.to_money, {}), (values.to_money, {"unit": "fen"}),
    (values.to_thousandths, {}), (values.to_int, {}),
])  # fmt: skip
@settings(max_examples=60, deadline=None)
@given(cells=CELLS)
@example(cells=["9999999999999.99", "12345678901234567.1", "0.005"])
def test_both_ways_agree(convert, options, cells):
    text = pd.Series(cells, dtype="str", index=range(3, 3 + len(cells)), name="x")
    with pytest.MonkeyPatch.context() as patch:
        slow = thorough(patch, convert, text, **options)
    quick = convert(text, **options)
    pd.testing.assert_series_equal(quick.cells, slow.cells)
    pd.testing.assert_series_equal(quick.bad, slow.bad, check_names=False)
    for name in {*quick.flags, *slow.flags}:
        nowhere = pd.Series(False, index=text.index)
        pd.testing.assert_series_equal(
            quick.flags.get(name, nowhere), slow.flags.get(name, nowhere), check_names=False
        )
