"""What a condition left out: by value, whatever the order, and never what is no status."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from commlab.errors import LoadError
from commlab.loaders import files, leftout, load
from commlab.loaders.report import Account

MAP = """
[[orders]]
where = [{ column = "状态", in = ["成功"] }]
columns.order_id = "单号"
columns.paid_at = "时间"
columns.amount = "金额"
"""


def made(tmp_path, statuses, map_text=MAP):
    rows = [f"{n},2026-01-01 08:00,5,{status}" for n, status in enumerate(statuses)]
    (tmp_path / "a.csv").write_text("\n".join(["单号,时间,金额,状态", *rows, ""]), encoding="utf-8")
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    report = load(tmp_path / "a.csv", "files", tmp_path / "w", tmp_path / "map.toml")
    return {reason: (count.rows, count.lines)
            for reason, count in report.accounts[0].not_loaded.items()}  # fmt: skip


LEFT = "left out by the condition on '状态'"


def test_the_most_frequent_values_and_the_rest_as_one_line(tmp_path):
    statuses = ["成功"] * 4 + [f"状态{letter}" for n, letter in enumerate("甲乙丙丁戊己庚")
                               for _ in range(n + 1)] + ["", "--"]  # fmt: skip
    found = made(tmp_path, statuses)
    assert found == {
        f"{LEFT}: 状态庚": (7, [27, 28, 29]), f"{LEFT}: 状态己": (6, [21, 22, 23]),
        f"{LEFT}: 状态戊": (5, [16, 17, 18]), f"{LEFT}: 状态丁": (4, [12, 13, 14]),
        f"{LEFT}: 状态丙": (3, [9, 10, 11]), f"{LEFT}: {leftout.OTHERS}": (5, [6, 7, 8]),
    }  # fmt: skip


def test_empty_cells_have_a_word(tmp_path):
    assert made(tmp_path, ["成功", "成功", "", "--"]) == {f"{LEFT}: {leftout.EMPTY}": (2, [4, 5])}


@pytest.mark.parametrize(
    "values",
    [
        [f"顾客{n}" for n in range(200)],  # many different ones
        ["小明", "小红", "小刚"],  # few rows, each with its own
        ["13800000001"] * 9,  # a number
        ["a@example.com"] * 9,
        ["小**明"] * 9,
        ["一句话" * 10] * 9,
    ],
)
def test_what_is_no_status_is_never_named(tmp_path, values):
    found = made(tmp_path, ["成功", *values])
    assert found == {LEFT: (len(values), [3, 4, 5])}


def test_the_chunks_and_their_order_change_nothing(tmp_path, monkeypatch):
    statuses = ["成功", *(["关闭"] * 5 + ["退款"] * 3 + ["待付款"] * 9)]
    whole = made(tmp_path, statuses)
    monkeypatch.setattr(files.Source.chunks, "__defaults__", (2,))
    assert made(tmp_path, statuses) == whole


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([f"v{n}" for n in range(60)] + ["x"] * 60), max_size=150),
       st.integers(1, 40), st.randoms())  # fmt: skip
def test_any_cutting_gives_the_same_account(values, size, random):
    def account(cut):
        tally, told = leftout.ValueTally("c"), Account("a", "t")
        for part in cut:
            tally.see(part, pd.Series(False, index=part.index))
            tally.leave_out(part)
        tally.settle(told)
        return {reason: (count.rows, count.lines) for reason, count in told.not_loaded.items()}

    text = pd.Series(values, dtype="str")
    parts = [text.iloc[at : at + size] for at in range(0, len(text), size)]
    whole = account([text])
    random.shuffle(parts)
    assert account(parts) == whole
    assert sum(rows for rows, _ in whole.values()) == len(text)


def test_a_condition_that_no_row_meets_names_what_the_column_has(tmp_path):
    told = (
        r"none of its 5 rows meets the condition on '状态' of orders\. It holds 交易成功 \(3\), 关"
    )
    with pytest.raises(LoadError, match=told):
        made(tmp_path, ["交易成功"] * 3 + ["关闭"] * 2)
    with pytest.raises(LoadError, match=r"It holds more than 50 different values\."):
        made(tmp_path, [f"顾客{n}" for n in range(60)])
    with pytest.raises(LoadError, match=r"It holds 2 different values\."):
        made(tmp_path, ["小明", "小红"])
    # The error of other rows is still told where a row meets the condition.
    with pytest.raises(LoadError, match="amount: not an amount"):
        made(tmp_path, ["成功", "关闭"], MAP.replace('"金额"', '"状态"'))


def test_two_conditions_each_count_what_they_left_out_first(tmp_path):
    text = MAP.replace('in = ["成功"] }', 'in = ["成功", "关闭"] }, { column = "状态", '
                       'not_in = ["关闭"] }')  # fmt: skip
    found = made(tmp_path, np.repeat(["成功", "关闭", "退款"], 4), text)
    assert found == {f"{LEFT}: 退款": (4, [10, 11, 12]), f"{LEFT}: 关闭": (4, [6, 7, 8])}


def test_a_column_that_names_people_is_never_quoted(tmp_path):
    text = MAP.replace("columns.amount", 'columns.member_id = "状态"\ncolumns.amount')
    assert made(tmp_path, ["成功", *["小明"] * 9], text) == {LEFT: (9, [3, 4, 5])}
    with pytest.raises(LoadError, match=r"It holds 1 different values\."):
        made(tmp_path, ["小明"] * 9, text)
