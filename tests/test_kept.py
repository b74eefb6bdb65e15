"""Answers that are kept: asked once, never changed from outside, in bounded memory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commlab.kept import Answers


class Counter:
    """Asks and counts how often."""

    def __init__(self, rows: int = 1000) -> None:
        self.rows, self.asked = rows, 0

    def __call__(self) -> pd.DataFrame:
        self.asked += 1
        return pd.DataFrame({"x": np.arange(self.rows)})


def test_a_question_is_asked_once_and_its_answer_cannot_be_changed():
    answers, ask = Answers(), Counter()
    first = answers.get("q", ask)
    first.loc[0, "x"] = -1
    first["y"] = 1
    second = answers.get("q", ask)
    assert ask.asked == 1
    assert list(second.columns) == ["x"]
    assert second["x"].iloc[0] == 0


def test_what_was_not_asked_for_longest_is_forgotten_first():
    one = int(Counter()().memory_usage(deep=True).sum())
    answers = Answers(most=2 * one)
    asks = {name: Counter() for name in "abc"}
    for name in "abacab":
        answers.get(name, asks[name])
        assert answers.bytes <= 2 * one
    # b was forgotten when c came, and asked again in the end; a was always among the last two.
    assert {name: ask.asked for name, ask in asks.items()} == {"a": 1, "b": 2, "c": 1}


def test_an_answer_beyond_the_bound_is_not_kept_and_drives_out_nothing():
    answers, small, large = Answers(most=20_000), Counter(1000), Counter(10_000)
    answers.get("small", small)
    assert len(answers.get("large", large)) == len(answers.get("large", large)) == 10_000
    answers.get("small", small)
    assert (small.asked, large.asked) == (1, 2)
