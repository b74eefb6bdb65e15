"""Tables as spreadsheet programs read them."""

from __future__ import annotations

import pandas as pd

from commlab.report.spreadsheet import joined, neutralised


def test_categories_and_repeated_columns_are_neutralised_too():
    frame = pd.DataFrame([["=1", "=2"]], columns=["a", "a"])
    assert neutralised(frame).iloc[0].tolist() == ["'=1", "'=2"]
    frame = pd.DataFrame({"a": pd.Categorical(["=1", "x"])})
    assert neutralised(frame)["a"].tolist() == ["'=1", "x"]


def test_lists_become_text_and_the_rest_stays():
    frame = pd.DataFrame({"tags": [("茶", "新客"), []], "n": [1, 2], "name": ["a", "b"]})
    shown = joined(frame)
    assert shown["tags"].tolist() == ["茶; 新客", ""]
    pd.testing.assert_frame_equal(shown[["n", "name"]], frame[["n", "name"]])
