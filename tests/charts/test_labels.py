"""Wrapping and placing of labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from commlab.charts import fonts, labels
from commlab.errors import RunError


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("样本机渠道的成员，第二个月流失过半（41%–47%）。", 60),
        ("Sample-machine members: half gone by month 2", 80),
        ("averyveryverylongwordwithoutanyspace and more", 70),
        ("混排 mixed text 中英文 with 12.5k 和44%", 75),
    ],
)
def test_wrapped_lines_fit_and_nothing_is_lost(text, points):
    rows = labels.wrap(text, points, 10).split("\n")
    assert all(labels.width(row, 10) <= points for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")


def test_chinese_punctuation_does_not_begin_or_end_a_line():
    text = "渠道（样本机），成员；流失、过半。" * 6
    for points in range(40, 120, 7):
        for row in labels.wrap(text, points, 10).split("\n"):
            assert row[0] not in "，。；、）"
            assert row[-1] != "（"


def test_a_number_keeps_its_measure_word():
    for points in range(40, 90):
        assert "3\n项" not in labels.wrap("另有一些内容在这里3项见文件", points, 10)


def test_balanced_lines_keep_their_number():
    text = "外推平均偏差1.1个百分点，优于基线的9.1个百分点"
    wide, even = labels.wrap(text, 230, 13), labels.balance(text, 230, 13)
    assert even.count("\n") == wide.count("\n") == 1
    lengths = [labels.width(row, 13) for row in even.split("\n")]
    assert min(lengths) > 0.6 * max(lengths)


positions = st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=8)


@given(positions, st.floats(min_value=0.1, max_value=12))
def test_spread_labels_do_not_overlap_and_keep_their_order(wanted, size):
    placed = labels.spread(wanted, size, low=0, high=100)
    order = np.argsort(wanted, kind="stable")
    gaps = np.diff(placed[order])
    assert (gaps >= size - 1e-9).all()
    if len(wanted) * size <= 100:
        assert placed.min() >= size / 2 - 1e-9
        assert placed.max() <= 100 - size / 2 + 1e-9


def test_spread_moves_nothing_that_has_room():
    assert labels.spread([10.0, 30.0, 90.0], 5).tolist() == [10.0, 30.0, 90.0]


def test_spread_is_the_least_squares_solution():
    rng = np.random.default_rng(0)
    wanted = np.sort(rng.uniform(0, 10, 5))
    placed = labels.spread(wanted, 2.0)
    best = ((placed - wanted) ** 2).sum()
    for _ in range(2000):  # no feasible neighbour is nearer
        moved = placed + rng.normal(0, 0.05, 5)
        if (np.diff(moved) >= 2.0).all():
            assert ((moved - wanted) ** 2).sum() >= best - 1e-9


def test_widths_are_those_of_the_font():
    assert labels.width("留存率", 10) == pytest.approx(30, abs=0.01)
    assert labels.width("iii", 10) < labels.width("mmm", 10)


def test_drawable_keeps_what_the_fonts_have():
    assert fonts.drawable("社群 retention ≥ 5 → ￥") == "社群 retention ≥ 5 → ￥"
    assert fonts.drawable("a\U0001f468\u200d\U0001f469b\ufe0f") == "a□□b"


def test_no_chinese_font_says_how_to_mend_it(monkeypatch):
    fonts.families.cache_clear()
    monkeypatch.setattr(fonts, "_packaged", lambda: None)
    monkeypatch.setattr(fonts, "_installed", lambda: None)
    with pytest.raises(RunError, match="pip install pylopdf-fonts-zh-cn"):
        fonts.families()
    fonts.families.cache_clear()


def test_an_installed_font_serves_when_the_package_is_absent(monkeypatch):
    fonts.families.cache_clear()
    monkeypatch.setattr(fonts, "PACKAGE", "no_such_font_package")
    monkeypatch.setattr(fonts, "INSTALLED", ("Nothing", "DejaVu Serif"))
    assert fonts.families() == ("DejaVu Serif", "DejaVu Sans")
    fonts.families.cache_clear()
