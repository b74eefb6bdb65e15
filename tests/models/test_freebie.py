"""Freebie hunters: the score by hand, and what labels teach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, NotEnoughDataError


def rows(*made: tuple[int, int, int, int, bool]) -> pd.DataFrame:
    """Rows: takes, full_price, messages, steps_after, left."""
    frame = pd.DataFrame(made, columns=["takes", "full_price", "messages", "steps_after", "left"])
    frame["net"] = frame["full_price"] * 100.0
    frame["channel"] = "x"
    frame.insert(0, "member_id", [f"m{place}" for place in range(len(frame))])
    return frame


def test_the_score_is_what_it_says() -> None:
    frame = rows(
        (5, 0, 0, 0, True),  # all signs
        (5, 0, 0, 0, False),  # stays
        (3, 0, 0, 4, True),
        (2, 0, 0, 0, True),
        (1, 0, 0, 0, True),  # one free thing makes nobody a hunter
        (9, 5, 80, 60, False),  # takes everything, and pays and talks
    )
    got = cl.models.freebie_score(frame)
    assert got.tolist() == pytest.approx([15 / 16, 15 / 16 * 9 / 16, 3 / 4 * 9 / 16, 1 / 2, 0, 0])
    assert cl.models.freebie_hunters(frame, got).tolist() == [True, True, False, True, False, False]


def test_labels_teach_what_the_signs_do_not_know() -> None:
    """Here hunters write a lot: the signs miss them, labels do not."""
    rng = np.random.default_rng(0)
    hunter = np.arange(600) < 150
    frame = rows(*(
        (int(rng.poisson(5 if h else 1)), 0 if h else 1, 40 if h else 2, 3, False) for h in hunter
    ))  # fmt: skip
    labels = pd.Series(hunter, index=frame["member_id"]).sample(300, random_state=0)
    unknown = ~frame["member_id"].isin(labels.index).to_numpy()
    learnt = cl.models.freebie_score(frame, labels)
    assert learnt[unknown & hunter].min() > learnt[unknown & ~hunter].max()
    assert cl.models.freebie_score(frame)[hunter].max() < 0.5


def test_labels_that_cannot_teach_say_so() -> None:
    frame = rows(*((2, 0, 0, 0, True) for _ in range(50)))
    with pytest.raises(ArgumentError, match="none of the members"):
        cl.models.freebie_score(frame, pd.Series({"nobody": True}))
    with pytest.raises(NotEnoughDataError, match="3 labelled hunters and 47 others"):
        cl.models.freebie_score(
            frame, pd.Series([True] * 3 + [False] * 47, index=frame["member_id"])
        )
